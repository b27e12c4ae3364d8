"""``ionic-steps``: what a relaxation here saves of one with a calculator, and of VASP's."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--calculator", help="ASE calculator for FIRE, by name or package.module:Class"
    )
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument(
        "--crystals", type=int, default=100, help="substituted prototypes (default: 100)"
    )


def _run(options: argparse.Namespace) -> int:
    # Its readers import h5py, which starts a process.
    from reproduce.reports.ionic_steps import run_ionic_steps

    return run_ionic_steps(options)


COMMAND = Command(
    "ionic-steps",
    "ionic steps that a relaxation here saves",
    _add_arguments,
    _run,
)
