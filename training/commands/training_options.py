"""What all commands of ``python -m ase_ecn.training`` and ``python -m reproduce`` share."""

from __future__ import annotations

import argparse
import logging

import torch

from ase_ecn.commands.command_line import run


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Options that every command has: ``--data``, ``--device`` and ``--threads``."""
    parser.add_argument("--data", help="folder of data sets (default: $ASE_ECN_DATA)")
    parser.add_argument("--device", help="default: CUDA if available, otherwise the CPU")
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's)")


def run_on_threads(options: argparse.Namespace) -> int:
    """Run the command that was parsed, on ``--threads``, and log what it does."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.threads:
        torch.set_num_threads(options.threads)
    return run(options)
