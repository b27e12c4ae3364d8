"""``clean``: tables of structures, cleaned and split."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.training.data.datasets import data_folder, join
from reproduce.cleaning.cleaning_report import (
    SETS,
    counts_table,
    target_statistics,
    targets_table,
    write_cleaned,
)
from reproduce.cleaning.materials_project import clean


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sets", default=",".join(SETS), help="comma-separated names (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for splits and statistics")
    parser.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    parser.add_argument("--processes", type=int, help="default: all processors")


def _run(options: argparse.Namespace) -> int:
    """Clean the chosen sets, print tables 4 and 5 next to the paper's, and write the results."""
    names = options.sets.split(",")
    unknown = [name for name in names if name not in SETS]
    if unknown:
        raise OptionError(f"unknown sets {', '.join(unknown)}; known are {', '.join(SETS)}")
    if options.processes is not None and options.processes < 1:
        raise OptionError(f"--processes is {options.processes}; it must be at least 1")
    data = data_folder(options.data)
    cleaned = clean(join([SETS[name](data) for name in names]), options.processes)
    write_cleaned(cleaned, options.seed, options.out)
    sys.stdout.write(
        f"{counts_table(cleaned.counts)}\n\n{targets_table(target_statistics(cleaned))}\n"
    )
    return 0


COMMAND = Command("clean", "clean and split tables of structures", _add_arguments, _run)
