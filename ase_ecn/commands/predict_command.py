"""``ase-ecn predict``: properties of the structures in files."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command, add_network_options, add_phase_options
from ase_ecn.commands.phases import phases_of, print_unavailable
from ase_ecn.commands.structures import cells, formula, print_skipped, print_table, read_valid
from ase_ecn.crystal import as_crystal
from ase_ecn.prediction import PropertyPredictor


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    add_phase_options(parser)
    add_network_options(parser)


def _run(options: argparse.Namespace) -> int:
    predictor = PropertyPredictor(
        options.checkpoint, device=options.device, phases=phases_of(options)
    )
    good, skipped = read_valid(options.files, predictor.card.elements)
    predictions = predictor.predict([as_crystal(atoms) for _, atoms in good])
    shown = [*predictor.scalars, *predictor.derived]
    known = [predictor.property_of(name) for name in dict.fromkeys(shown)]
    # Properties of the table come first; sorting keeps the order of the others.
    known.sort(key=lambda one: not one.heading)
    rows = [
        [formula(atoms), str(len(atoms)), *cells(prediction, known), label]
        for (label, atoms), prediction in zip(good, predictions, strict=True)
    ]
    titles = [one.titled() for one in known]
    print_table(["formula", "atoms", *titles, "source"], rows)
    labels = (label for label, _ in good)
    print_unavailable(zip(labels, (p.unavailable for p in predictions), strict=True))
    return print_skipped(skipped)


COMMAND = Command(
    "predict", "print the properties of the structures in files", _add_arguments, _run
)
