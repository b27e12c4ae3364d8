"""``soak``: many predictions and relaxations in one process."""

from __future__ import annotations

import argparse
import csv
from dataclasses import astuple, fields
from pathlib import Path

from ase_ecn.commands.command_line import Command
from reproduce.reports.soak import ALLOWED_GROWTH, PREDICTIONS, RELAXATIONS, Sample, growth, soak


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--predictions", type=int, default=PREDICTIONS)
    parser.add_argument("--relaxations", type=int, default=RELAXATIONS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="CSV file for the memory over time")


def _run(options: argparse.Namespace) -> int:
    """The exit status is 1 if the memory grew."""
    samples = soak(options.predictions, options.relaxations, options.seed)
    last = samples[-1]
    found = growth(samples)
    print(
        f"{last.predictions} predictions and {last.relaxations} relaxations in "
        f"{last.seconds:.0f} s: {last.resident:.0f} MiB at the end, {found:+.1f} MiB from the "
        f"second fifth to the last (allowed {ALLOWED_GROWTH:g})"
    )
    if options.out:
        with options.out.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f.name for f in fields(Sample)])
            writer.writerows(astuple(sample) for sample in samples)
    return int(found > ALLOWED_GROWTH)


COMMAND = Command("soak", "many predictions and relaxations in one process", _add_arguments, _run)
