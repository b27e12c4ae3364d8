"""``reconstruct``: lattices from cubes of 1 Å, table 3 of the EMPNN paper."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from reproduce.commands.tables_command import add_experiment_arguments, run_experiments


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(tables=[3])
    add_experiment_arguments(parser)


COMMAND = Command(
    "reconstruct", "lattices from cubes of 1 Å (EMPNN, table 3)", _add_arguments, run_experiments
)
