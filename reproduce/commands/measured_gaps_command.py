"""``measured-gaps``: the calculated gaps that networks learn, beside measured ones."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command, no_arguments
from ase_ecn.training.data.datasets import data_folder
from reproduce.reports.measured_gaps import HEADER, compared_gaps


def _run(options: argparse.Namespace) -> int:
    found = compared_gaps(data_folder(options.data))
    print(HEADER)
    for compared in found:
        print("\n".join(compared.rows()))
    for compared in found:
        slope, offset, error = compared.hse_from_pbe()
        print(
            f"{compared.name}: HSE06 = {slope:.2f} PBE + {offset:.2f} eV, mean error {error:.2f} eV"
        )
    return 0


COMMAND = Command("measured-gaps", "calculated gaps beside measured ones", no_arguments, _run)
