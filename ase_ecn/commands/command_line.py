"""What a command is, and the command line that a list of them makes."""

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
        By which it is called.
    text
        What it does, in a line.
    add_arguments
        Gives a parser the command's arguments.
    run
        Does it with the parsed arguments; returns the exit status, 0 if all went well.
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
    """Make the parser of a command line; ``run`` of what it parses is that of the command.

    Parameters
    ----------
    prog, text
        How the command line is called, and what it is for.
    commands
        In the order in which ``--help`` lists them.
    add_common_arguments
        Gives the parser of each command the arguments that all of them have.
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
    """Run the command that was parsed; an error of this package is a line and the status 1."""
    try:
        return int(options.run(options))
    except ASEECNError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Options of what loads a network: ``--checkpoint`` and ``--device``."""
    parser.add_argument("--checkpoint", help="bundled name or .safetensors file")
    parser.add_argument("--device", help="default: CUDA if available, otherwise the CPU")
