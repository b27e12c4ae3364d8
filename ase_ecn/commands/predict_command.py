"""``ase-ecn predict``: properties of the structures in files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ase import Atoms

from ase_ecn.commands.command_line import Command, add_network_options, add_phase_options
from ase_ecn.commands.phases import phases_of, print_unavailable
from ase_ecn.commands.structures import (
    add_order_option,
    cells,
    formula,
    print_skipped,
    print_table,
    print_unusual,
    sources_of,
    with_unusual,
)
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.prediction import Prediction, PropertyPredictor


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    add_order_option(parser)
    add_phase_options(parser)
    add_network_options(parser)


def _run(options: argparse.Namespace) -> int:
    predictor = PropertyPredictor(
        options.checkpoint, device=options.device, phases=phases_of(options)
    )
    sources, skipped = [], []
    crystals: list[Crystal] = []
    for source in sources_of(options.files, order=options.order):
        try:
            atoms = source.load()
            crystals.append(as_crystal(atoms, predictor.card.elements))
            sources.append((source.label, atoms))
        except ASEECNError as error:
            skipped.append((source.label, str(error)))
    found: list[tuple[str, Atoms, Prediction]] = []
    for (label, atoms), outcome in zip(sources, predictor.predict_each(crystals), strict=True):
        if isinstance(outcome, ASEECNError):
            skipped.append((label, str(outcome)))
        else:
            found.append((label, atoms, outcome))
    _print_predictions(predictor, found)
    return print_skipped(skipped)


def _print_predictions(
    predictor: PropertyPredictor, found: Sequence[tuple[str, Atoms, Prediction]]
) -> None:
    shown = [*predictor.scalars, *predictor.derived]
    known = [predictor.property_of(name) for name in dict.fromkeys(shown)]
    # Properties of the table come first; sorting keeps the order of the others.
    known.sort(key=lambda one: not one.heading)
    rows = [
        [formula(atoms), str(len(atoms)), *cells(prediction, known), label]
        for label, atoms, prediction in found
    ]
    titles = ["formula", "atoms", *(one.titled() for one in known), "source"]
    unusual = [bool(prediction.out_of_domain) for _, _, prediction in found]
    print_table(*with_unusual(titles, rows, unusual))
    print_unavailable((label, prediction.unavailable) for label, _, prediction in found)
    print_unusual((label, prediction.out_of_domain) for label, _, prediction in found)


COMMAND = Command(
    "predict", "print the properties of the structures in files", _add_arguments, _run
)
