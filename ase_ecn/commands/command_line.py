"""What a command is, and the command line made of a list of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ase_ecn.errors import ASEECNError


@dataclass(frozen=True)
class Command:
    """One command of a command line.

    Attributes
    ----------
    name
        Name on the command line.
    text
        What it does, in one line.
    add_arguments
        Adds the command's arguments to a parser.
    run
        Runs it with the parsed arguments; returns the exit status, 0 if all went well.
    """

    name: str
    text: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def no_arguments(_: argparse.ArgumentParser) -> None:
    """For commands that have no arguments of their own."""


def parser_of(
    prog: str,
    text: str,
    commands: Sequence[Command],
    add_common_arguments: Callable[[argparse.ArgumentParser], None] | None = None,
) -> argparse.ArgumentParser:
    """Make the parser of a command line; the options that it returns have the command's ``run``.

    Parameters
    ----------
    prog, text
        Name of the program, and what it is for.
    commands
        In the order in which ``--help`` lists them.
    add_common_arguments
        Adds the arguments that all commands share to the parser of each.
    """
    parser = argparse.ArgumentParser(prog=prog, description=text)
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in commands:
        part = parts.add_parser(command.name, help=command.text, description=command.text)
        command.add_arguments(part)
        if add_common_arguments is not None:
            add_common_arguments(part)
        part.set_defaults(run=command.run)
    return parser


def run(options: argparse.Namespace) -> int:
    """Run a parsed command; an error of this package is printed as one line, with status 1."""
    try:
        return int(options.run(options))
    except ASEECNError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def add_phase_options(parser: argparse.ArgumentParser) -> None:
    """Options of commands that give distances to the hull: ``--phases``, ``--own-phases-only``."""
    parser.add_argument(
        "--phases",
        metavar="FILE",
        help="own phases to compete with: crystals, or a CSV with a column formula, that have a "
        "formation_energy in eV/atom",
    )
    parser.add_argument(
        "--own-phases-only",
        action="store_true",
        help="with --phases: leave out the phases that come with the package",
    )


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Options of commands that load a network: ``--checkpoint`` and ``--device``."""
    parser.add_argument("--checkpoint", help="bundled name or .safetensors file")
    parser.add_argument("--device", help="default: CUDA if available, otherwise the CPU")
