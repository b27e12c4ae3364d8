"""``reliability``: are errors within the stated intervals, and wrong energies flagged?"""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.training.data.datasets import data_folder
from reproduce.commands.unseen_options import add_unseen_options, chosen_predictor
from reproduce.reports.coverage import (
    EXAMPLES_HEADER,
    HEADER,
    coverage,
    example_rows,
    states_uncertainty,
)
from reproduce.reports.unseen_crystals import unseen_crystals


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_unseen_options(parser)


def _run(options: argparse.Namespace) -> int:
    data = data_folder(options.data)
    predictor = chosen_predictor(options)
    card = predictor.card
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
