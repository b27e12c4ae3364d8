"""``vasp-relaxations``: cells of empnn-mp20 and of VASP's relaxations."""

from __future__ import annotations

import argparse

from ase_ecn.commands.command_line import Command, no_arguments
from ase_ecn.training.data.datasets import data_folder


def _run(options: argparse.Namespace) -> int:
    # Late, because its readers import h5py, which starts a process.
    from reproduce.reports.vasp_relaxations import report_on_all

    for line in report_on_all(data_folder(options.data)):
        print(line)
    return 0


COMMAND = Command(
    "vasp-relaxations",
    "cells of empnn-mp20 and of VASP's relaxations",
    no_arguments,
    _run,
)
