"""``label``: energies, forces and stresses of crystals from any ASE calculator."""

from __future__ import annotations

import argparse
import logging
import sys
from itertools import islice

from ase_ecn.commands.command_line import Command
from ase_ecn.screening.named_calculators import parse_options
from ase_ecn.screening.store import failures
from ase_ecn.training.data.labelling import BATCH_SIZE, label, label_store

_SHOWN = 20


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="CANDIDATES", help="whatever ase-ecn screen reads, or JSON lines")
    add("-o", "--output", required=True, metavar="OUT", help=".jsonl.gz or .jsonl file")
    add(
        "--calculator",
        required=True,
        metavar="NAME",
        help="one of ASE's names, such as emt, or package.module:Class",
    )
    add(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="argument of the calculator; may be repeated",
    )
    add("--elastic", action="store_true", help="elastic tensors too, from strained cells")
    add("--batch-size", type=int, default=BATCH_SIZE, help="crystals that are written together")
    add("--workers", type=int, metavar="N", help="processes on this machine (needs Dask)")
    add("--cluster", metavar="ADDRESS", help="scheduler of a running Dask cluster")
    add("--retry-failed", action="store_true", help="try crystals again that failed before")


def _run(options: argparse.Namespace) -> int:
    # All commands log what they do; of Dask only what goes wrong is of interest.
    logging.getLogger("distributed").setLevel(logging.WARNING)
    report = label(
        options.source,
        options.output,
        options.calculator,
        parse_options(options.option),
        elastic=options.elastic,
        batch_size=options.batch_size,
        workers=options.workers,
        cluster=options.cluster,
        retry_failed=options.retry_failed,
        progress=sys.stderr.isatty(),
    )
    print(
        f"{report.labelled} crystals in {options.output}, {report.failed} failed "
        f"({report.computed} computed now)"
    )
    for failure in islice(failures(label_store(options.output)), _SHOWN):
        print(f"{failure.label}: {failure.reason}", file=sys.stderr)
    if report.failed > _SHOWN:
        store = label_store(options.output)
        print(f"all reasons are in the table screen_failures of {store}", file=sys.stderr)
    return 1 if report.failed else 0


COMMAND = Command(
    "label",
    "compute energies, forces and stresses to fit to, with an ASE calculator",
    _add_arguments,
    _run,
)
