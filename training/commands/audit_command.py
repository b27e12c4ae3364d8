"""``audit``: labels of the public data sets that other sources contradict."""

from __future__ import annotations

import argparse
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.training.data.audit import audit, summary
from ase_ecn.training.data.audited_labels import AUDITED, write_audited
from ase_ecn.training.data.datasets import data_folder


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="FILE.csv",
        help="of crystals that the network was not fitted to: id, property, prediction, std",
    )
    parser.add_argument(
        "--out", type=Path, default=AUDITED, help="list to write (default: that of the package)"
    )


def _run(options: argparse.Namespace) -> int:
    found = audit(data_folder(options.data), options.predictions)
    write_audited(options.out, found)
    print("\n".join(summary(found)))
    print(f"wrote {options.out}: {len(found)} labels")
    return 0


COMMAND = Command("audit", "list the labels that other sources contradict", _add_arguments, _run)
