"""``full-relaxations``: cell and atoms relaxed, against DFT's and a better potential's."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--crystals", type=int, default=150, help="of each kind (default: 150)")
    parser.add_argument(
        "--substituted", type=int, default=1000, help="substituted prototypes (default: 1000)"
    )
    parser.add_argument(
        "--minima", action="store_true", help="tell those that end in another minimum apart"
    )
    parser.add_argument("--moving", help="a checkpoint of an EMPNN that moves atoms")
    parser.add_argument("--potential", help="a checkpoint that gives forces")
    parser.add_argument(
        "--calculator", help="also relax with an ASE calculator, by name or package.module:Class"
    )
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE")


def _run(options: argparse.Namespace) -> int:
    # Its readers import h5py, which starts a process.
    from reproduce.reports.full_relaxations import run_full_relaxations

    return run_full_relaxations(options)


COMMAND = Command(
    "full-relaxations",
    "relaxations of cell and atoms compared with DFT's and the teacher's",
    _add_arguments,
    _run,
)
