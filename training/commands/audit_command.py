"""``audit``: labels of the public data sets that other sources contradict."""

from __future__ import annotations

import argparse
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.training.data.audit import audit, formation_energies, summary
from ase_ecn.training.data.audited_labels import AUDITED, write_audited
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.training.release.out_of_fold import out_of_fold, write_predictions


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    given = parser.add_mutually_exclusive_group()
    given.add_argument(
        "--predictions",
        type=Path,
        metavar="FILE.csv",
        help="of crystals that the network was not fitted to: id, property, prediction, std",
    )
    given.add_argument(
        "--out-of-fold",
        type=Path,
        metavar="FILE.csv",
        help="predict each label from those of other compositions, write the predictions there, "
        "and compare with them (takes minutes)",
    )
    parser.add_argument(
        "--out", type=Path, default=AUDITED, help="list to write (default: that of the package)"
    )


def _run(options: argparse.Namespace) -> int:
    data, predictions = data_folder(options.data), options.predictions
    if options.out_of_fold is not None:
        predictions = options.out_of_fold
        write_predictions(predictions, out_of_fold(data, formation_energies(data)))
    found = audit(data, predictions)
    write_audited(options.out, found)
    print("\n".join(summary(found)))
    print(f"wrote {options.out}: {len(found)} labels")
    return 0


COMMAND = Command("audit", "list the labels that other sources contradict", _add_arguments, _run)
