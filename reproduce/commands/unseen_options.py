"""What commands share that look at crystals that no network was fitted to."""

from __future__ import annotations

import argparse

from ase_ecn.errors import OptionError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY

_CRYSTALS = 1000


def add_unseen_options(parser: argparse.ArgumentParser, more: str = "") -> None:
    """The checkpoint, and the number of crystals; ``more`` is said of it."""
    parser.add_argument("checkpoint", help="one that predicts formation energies")
    parser.add_argument(
        "--crystals",
        type=int,
        default=_CRYSTALS,
        metavar="N",
        help=f"of each set, at most (default: {_CRYSTALS}){more}",
    )


def chosen_predictor(options: argparse.Namespace) -> PropertyPredictor:
    """The network that was named.

    Raises
    ------
    OptionError
        If it has no formation energies, or no crystals are wanted.
    """
    if options.crystals < 1:
        raise OptionError(f"--crystals is {options.crystals}; it must be at least 1")
    predictor = PropertyPredictor(options.checkpoint, device=options.device)
    if FORMATION_ENERGY not in predictor.properties:
        raise OptionError(f"{predictor.card.name} does not predict the formation energy")
    return predictor
