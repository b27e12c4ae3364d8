"""``candidates``: crystals to label, made of those of a data set."""

from __future__ import annotations

import argparse
from pathlib import Path

from ase_ecn.commands.command_line import Command
from ase_ecn.training.data.candidates import KINDS, MAX_ATOMS, write_candidates
from ase_ecn.training.data.datasets import READERS, data_folder


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "source",
        metavar="DATA",
        help=f"public data set ({', '.join(READERS)}), or whatever ase-ecn screen reads",
    )
    add("-o", "--output", required=True, metavar="OUT", help=".jsonl.gz or .jsonl file")
    add("--kind", required=True, choices=KINDS)
    add("--count", required=True, type=int, metavar="N", help="number of candidates")
    add("--seed", type=int, default=0, metavar="S", help="the same makes the same (default: 0)")
    add(
        "--exclude",
        action="append",
        default=[],
        metavar="FILE",
        help="formulas to leave out: .txt with one a line, or a data set; may be repeated",
    )
    add("--elements", metavar="EL,…", help="elements to use (default: those of DATA)")
    add("--max-atoms", type=int, default=MAX_ATOMS, help=f"of a prototype (default: {MAX_ATOMS})")


def _run(options: argparse.Namespace) -> int:
    named = [options.source, *options.exclude]
    # Only public data sets need the folder.
    needs_folder = any(name in READERS for name in named)
    count = write_candidates(
        options.source,
        Path(options.output),
        options.kind,
        options.count,
        options.seed,
        exclude=options.exclude,
        elements=options.elements.split(",") if options.elements else None,
        max_atoms=options.max_atoms,
        data=data_folder(options.data) if needs_folder else None,
    )
    print(f"{count} candidates in {options.output}")
    return 0 if count == options.count else 1


COMMAND = Command(
    "candidates",
    "make hypothetical, distorted or compressed crystals to label",
    _add_arguments,
    _run,
)
