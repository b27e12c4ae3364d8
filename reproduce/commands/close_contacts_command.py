"""``close-contacts``: does a potential repel atoms that are far too near?"""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.datasets import data_folder
from reproduce.reports.close_contacts import report


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="one with an SO(3)-equivariant network")
    parser.add_argument("--repulsion", type=float, help="also with repulsion that begins there")


def _run(options: argparse.Namespace) -> int:
    predictor = PropertyPredictor(options.checkpoint, device=options.device, dtype="float64")
    for line in report(predictor, data_folder(options.data), options.repulsion):
        print(line, flush=True)
    return 0


COMMAND = Command("close-contacts", "do atoms repel that are far too near?", _add_arguments, _run)
