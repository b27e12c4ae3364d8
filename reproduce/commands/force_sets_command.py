"""``force-sets``: errors of a potential on the DFT sets of nine elements."""

from __future__ import annotations

import argparse
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.datasets import data_folder
from reproduce.reports.force_errors import report, write_labels


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="one that gives forces")
    parser.add_argument(
        "--labels", type=Path, help="JSON lines to which the training splits are written"
    )


def _run(options: argparse.Namespace) -> int:
    data = data_folder(options.data)
    if options.labels:
        print(f"{write_labels(options.labels, data)} crystals in {options.labels}")
    for line in report(PropertyPredictor(options.checkpoint, device=options.device), data):
        print(line)
    return 0


COMMAND = Command(
    "force-sets", "a potential and energies, forces and stresses of DFT", _add_arguments, _run
)
