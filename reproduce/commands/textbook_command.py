"""``textbook``: errors of a checkpoint for two hundred compounds that textbooks name."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.datasets import data_folder
from reproduce.reports.textbook import PROPERTIES, textbook_errors


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="one that predicts formation energies or band gaps")


def _run(options: argparse.Namespace) -> int:
    predictor = PropertyPredictor(options.checkpoint, device=options.device)
    found = textbook_errors(predictor, data_folder(options.data))
    print(f"{predictor.card.name} {predictor.card.version}: mean absolute errors")
    print("\n".join(found.table()))
    for name, unit in PROPERTIES.items():
        print(f"\n{name}, {unit}: the most wrong")
        print("\n".join(found.worst(name)))
    return 0


COMMAND = Command("textbook", "compounds that textbooks name", _add_arguments, _run)
