"""``ase-ecn plot``: figures of screens, phase diagrams, fits, relaxations, response tensors."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ase_ecn.commands.command_line import Command, add_phase_options
from ase_ecn.commands.phases import phases_of
from ase_ecn.errors import OptionError
from ase_ecn.plotting.sources import FIGURES, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=tuple(FIGURES), help="; ".join(FIGURES.values()))
    parser.add_argument("source", metavar="IN")
    parser.add_argument("-o", "--output", required=True, help="image file")
    parser.add_argument(
        "--property",
        help="for parity: a property that is predicted and also given in the input (default: "
        "band_gap); for tensor: elastic_tensor (default), dielectric_tensor, ...",
    )
    parser.add_argument(
        "--checkpoint", default="ecn-tensors", help="for tensor: what predicts it (ecn-tensors)"
    )
    parser.add_argument(
        "--system",
        metavar="A-B-C",
        help="for phase-diagram: two to four elements (default: those of all crystals)",
    )
    add_phase_options(parser)


def _run(options: argparse.Namespace) -> int:
    figure = draw(
        options.kind,
        options.source,
        options.property,
        checkpoint=options.checkpoint,
        system=options.system,
        phases=phases_of(options),
    )
    save_figure(figure, options.output)
    return 0


def save_figure(figure: Figure, path: str) -> None:
    """Write a picture, in the format of its ending, and print its name."""
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise OptionError(f"cannot write {path}: {error}") from error
    print(f"wrote {path}")


COMMAND = Command(
    "plot",
    "draw a figure of a screen, a fit, a checkpoint, a relaxation or a tensor",
    _add_arguments,
    _run,
)
