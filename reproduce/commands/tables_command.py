"""``tables``: tables 1 to 3 of the EMPNN paper, and ours."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.execution import resolve_device
from ase_ecn.training.data.datasets import data_folder
from reproduce.empnn_tables.experiments import (
    Budget,
    format_tables,
    run_experiment,
    table_experiments,
)
from reproduce.empnn_tables.paper import DATASETS

_TABLES = (1, 2, 3)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--table", type=int, nargs="+", choices=_TABLES, default=list(_TABLES), dest="tables"
    )
    add_experiment_arguments(parser)


def add_experiment_arguments(parser: argparse.ArgumentParser) -> None:
    """Which experiments to run, and how long to fit; for all tables or for one."""
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=list(DATASETS))
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="only these rows")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/tables"),
        help="results that are there are not redone",
    )
    for name, value in asdict(Budget()).items():
        option = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            parser.add_argument(option, action="store_true")
        else:
            kind = float if isinstance(value, float) else int
            parser.add_argument(option, type=kind, default=value)


def run_experiments(options: argparse.Namespace) -> int:
    """Run what is missing in the folder of results, and print the tables."""
    budget = Budget(**{name: getattr(options, name) for name in asdict(Budget())})
    experiments = table_experiments(options.tables, options.datasets)
    if options.rows:
        known = {experiment.row for experiment in experiments}
        unknown = sorted(set(options.rows) - known)
        if unknown:
            raise OptionError(
                f"unknown rows {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        experiments = [experiment for experiment in experiments if experiment.row in options.rows]
    data, device = data_folder(options.data), str(resolve_device(options.device))
    results = [(e, run_experiment(e, budget, data, options.out, device)) for e in experiments]
    print(format_tables(results))
    return 0


COMMAND = Command(
    "tables", "tables 1 to 3 of the EMPNN paper, and ours", _add_arguments, run_experiments
)
