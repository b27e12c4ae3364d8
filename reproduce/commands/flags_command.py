"""``flags``: are crystals flagged that are unlike all others, and might be called stable?"""

from __future__ import annotations

import argparse

from ase import Atoms

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.datasets import data_folder
from reproduce.reports.flags import HEADER, flags
from reproduce.reports.strange_crystals import strange_crystals
from reproduce.reports.unseen_crystals import unseen_crystals

_CRYSTALS = 1000
_STRANGE = 40


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="one that predicts formation energies")
    parser.add_argument(
        "--crystals",
        type=int,
        default=_CRYSTALS,
        metavar="N",
        help=f"of each set, at most (default: {_CRYSTALS}); of strange kinds {_STRANGE}",
    )


def _run(options: argparse.Namespace) -> int:
    data = data_folder(options.data)
    if options.crystals < 1:
        raise OptionError(f"--crystals is {options.crystals}; it must be at least 1")
    predictor = PropertyPredictor(options.checkpoint, device=options.device)
    card = predictor.card
    if FORMATION_ENERGY not in predictor.properties:
        raise OptionError(f"{card.name} does not predict the formation energy")
    print(f"{card.name} {card.version}\n\n{HEADER}", flush=True)
    known: list[Atoms] = []
    for part in unseen_crystals(data, card.elements, options.crystals):
        atoms = [crystal.to_atoms() for crystal in part.crystals]
        known = known or atoms  # the first are MP-20's
        print(flags(predictor, part.name, atoms).row(), flush=True)
    step = max(1, len(known) // _STRANGE)
    for name, strange in strange_crystals(known[::step][:_STRANGE]):
        print(flags(predictor, name, strange).row(), flush=True)
    return 0


COMMAND = Command(
    "flags",
    "are crystals flagged that are unlike all others, and might be called stable?",
    _add_arguments,
    _run,
)
