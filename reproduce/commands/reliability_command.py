"""``reliability``: are errors within the stated intervals, and wrong energies flagged?"""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.training.data.datasets import data_folder
from reproduce.reports.coverage import (
    EXAMPLES_HEADER,
    HEADER,
    coverage,
    example_rows,
    states_uncertainty,
)
from reproduce.reports.unseen_crystals import unseen_crystals

_CRYSTALS = 1000


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="one that predicts formation energies")
    parser.add_argument(
        "--crystals",
        type=int,
        default=_CRYSTALS,
        metavar="N",
        help=f"of each set, at most (default: {_CRYSTALS})",
    )


def _run(options: argparse.Namespace) -> int:
    data = data_folder(options.data)
    if options.crystals < 1:
        raise OptionError(f"--crystals is {options.crystals}; it must be at least 1")
    predictor = PropertyPredictor(options.checkpoint, device=options.device)
    card = predictor.card
    if FORMATION_ENERGY not in predictor.properties:
        raise OptionError(f"{card.name} does not predict the formation energy")
    print(f"{card.name} {card.version}")
    if not states_uncertainty(predictor):
        print(f"{card.name} states no uncertainty of the formation energy: no interval is tested")
    print(f"\n{HEADER}", flush=True)
    for part in unseen_crystals(data, card.elements, options.crystals):
        if len(part.crystals):
            print(coverage(predictor, part).row(), flush=True)
    print(f"\n{EXAMPLES_HEADER}", flush=True)
    for row in example_rows(predictor, StrainPredictor(device=options.device)):
        print(row, flush=True)
    return 0


COMMAND = Command(
    "reliability",
    "are errors within the stated intervals, and wrong energies flagged?",
    _add_arguments,
    _run,
)
