"""``ase-ecn export``: the crystals of a screen as inputs of VASP."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.commands.structures import print_skipped
from ase_ecn.errors import OptionError
from ase_ecn.moments import ALTERNATIONS, MagneticOrder
from ase_ecn.vasp_inputs import export_screen


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("screened", metavar="OUT", help="output of a screen")
    add("--vasp", metavar="DIR", required=True, help="folder for a folder of each crystal")
    add("--by", help="the best by this property come first; --by=-NAME for the largest")
    add("--limit", type=int, metavar="N", help="so many crystals (default: all)")
    add(
        "--signs",
        action="append",
        default=[],
        metavar="SITES=SIGNS",
        help="signs of moments: Fe=+- for atoms in turn, Fe1=+ Fe2=- for symmetry-equivalent ones; "
        "may be repeated (default: + for all)",
    )
    add(
        "--alternate",
        choices=tuple(ALTERNATIONS),
        default="none",
        help="moments alternate from cell to cell along the third lattice vector (A), the first "
        "two (C) or all (G)",
    )


def _run(options: argparse.Namespace) -> int:
    if options.limit is not None and options.limit < 1:
        raise OptionError(f"--limit must be at least 1, got {options.limit}")
    signs = _signs(options.signs)
    chosen = bool(signs) or options.alternate != "none"
    order = MagneticOrder(signs, options.alternate) if chosen else None
    done = export_screen(
        options.screened, options.vasp, by=options.by, limit=options.limit, order=order
    )
    print(f"wrote inputs of {len(done.written)} crystals to {options.vasp}")
    return print_skipped(done.skipped)


def _signs(texts: list[str]) -> dict[str, str]:
    """Signs by sublattice; the last word about one counts."""
    found = {}
    for text in texts:
        name, equals, signs = text.partition("=")
        if not equals:
            raise OptionError(f"--signs must be SITES=SIGNS, such as Fe=+-, got {text!r}")
        found[name] = signs
    return found


COMMAND = Command("export", "write inputs of VASP for a screen's crystals", _add_arguments, _run)
