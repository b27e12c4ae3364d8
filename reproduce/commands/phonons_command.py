"""``phonons``: frequencies of a potential energy surface and of VASP's forces."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.training.data.datasets import data_folder


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", default="ecn-pes", help="one that gives forces")
    parser.add_argument("--mesh", type=int, default=20, help="points along an axis (default: 20)")


def _run(options: argparse.Namespace) -> int:
    try:
        from reproduce.reports.phonon_errors import tables
    except ImportError as error:
        raise OptionError("phonons need phonopy: pip install ase-ecn[phonons]") from error
    for line in tables(options.checkpoint, data_folder(options.data), options.mesh, options.device):
        print(line)
    return 0


COMMAND = Command("phonons", "a potential energy surface and VASP's forces", _add_arguments, _run)
