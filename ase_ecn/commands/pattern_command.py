"""``ase-ecn pattern``: the parameter-sharing pattern of a crystal's lattice."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.commands.plot_command import save_figure
from ase_ecn.commands.structures import print_skipped, read_valid
from ase_ecn.plotting import pattern_figure, pattern_text


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("-o", "--output", help="also draw it to this image file (needs matplotlib)")


def _run(options: argparse.Namespace) -> int:
    good, skipped = read_valid([options.file], None)
    for _, atoms in good:
        print(pattern_text(atoms))
        if options.output:
            save_figure(pattern_figure(atoms), options.output)
    return print_skipped(skipped)


COMMAND = Command(
    "pattern", "show the parameter-sharing pattern of a crystal's lattice", _add_arguments, _run
)
