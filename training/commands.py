"""What all commands of ``python -m ase_ecn.training`` and ``python -m reproduce`` share."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

import torch

from ase_ecn.errors import ASEECNError


def add_common_options(command: argparse.ArgumentParser) -> None:
    """Options that every command has: ``--data``, ``--device`` and ``--threads``."""
    command.add_argument("--data", help="folder of data sets (default: $ASE_ECN_DATA)")
    command.add_argument("--device", help="default: CUDA if available, otherwise the CPU")
    command.add_argument("--threads", type=int, help="CPU threads (default: torch's)")


def run_command(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and call the ``run`` of the command; returns the exit status."""
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        return int(options.run(options))
    except ASEECNError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
