"""``classes``: what classes of bonds buy, for tensors, energies and gaps."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.training.data.datasets import data_folder
from reproduce.class_tables.class_rows import Fits, append, finished, missing, rows_of, table
from reproduce.class_tables.targets import TARGETS

logger = logging.getLogger(__name__)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--targets", nargs="+", default=list(TARGETS), metavar="TARGET")
    parser.add_argument("--seeds", type=int, default=3, help="fits of each row (default: 3)")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument(
        "--out", type=Path, default=Path("runs/classes.jsonl"), help="JSON lines, a fit each"
    )


def _run(options: argparse.Namespace) -> int:
    """Fit what is not in the file yet, and print tables of what is."""
    rows = rows_of(options.targets, options.seeds, options.epochs)
    fits = Fits(data_folder(options.data))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for row in missing(rows, options.out):
        logger.info("%s, %s, seed %d", row.target, row.network, row.seed)
        append(options.out, fits(row))
    for target in options.targets:
        print(f"\n{target}\n")
        lines = [one for one in finished(options.out) if one["epochs"] == options.epochs]
        print("\n".join(table(lines, target)))
    return 0


COMMAND = Command("classes", "what classes of bonds buy", _add_arguments, _run)
