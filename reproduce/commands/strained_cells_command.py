"""``strained-cells``: elastic tensors from a potential's stresses, beside those of tensor heads."""

from __future__ import annotations

import argparse

from ase_ecn.checkpoint import DEFAULT_POTENTIAL
from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.training.data.datasets import SPLITS, data_folder
from reproduce.reports.strained_cells import compared_tensors


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", default="ecn-tensors", help="one that gives the tensor")
    parser.add_argument("--potential", default=DEFAULT_POTENTIAL, help="one that gives forces")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--crystals", type=int, default=0, help="only so many, evenly chosen")
    parser.add_argument("--atoms", type=int, default=20, help="of a primitive cell, at most")


def _run(options: argparse.Namespace) -> int:
    if options.crystals < 0 or options.atoms < 1:
        raise OptionError("--crystals must not be negative, --atoms must be at least 1")
    for line in compared_tensors(
        options.checkpoint,
        options.potential,
        data_folder(options.data),
        options.split,
        most=options.crystals,
        atoms=options.atoms,
        device=options.device,
    ):
        print(line)
    return 0


COMMAND = Command(
    "strained-cells",
    "elastic tensors of a potential's stresses and of tensor heads",
    _add_arguments,
    _run,
)
