"""``domain``: the domain of a checkpoint, measured on its training data."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.release.measure_domain import write_domain


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help=".safetensors file, whose card is changed")


def _run(options: argparse.Namespace) -> int:
    weights = Path(options.checkpoint)
    if not weights.is_file():
        raise OptionError(f"{options.checkpoint} is no file whose card could be changed")
    print(json.dumps(write_domain(weights, data_folder(options.data)), indent=1))
    return 0


COMMAND = Command("domain", "measure what a checkpoint was trained on", _add_arguments, _run)
