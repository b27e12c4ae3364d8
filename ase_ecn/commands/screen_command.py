"""``ase-ecn screen``: properties of all structures of an input, into a database."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ase_ecn.commands.command_line import Command, add_network_options, add_phase_options
from ase_ecn.commands.phases import phases_of, print_unavailable
from ase_ecn.commands.structures import (
    add_order_option,
    cells,
    print_skipped,
    print_table,
    print_unusual,
    with_unusual,
)
from ase_ecn.errors import OptionError
from ase_ecn.properties import in_short_tables
from ase_ecn.readers import is_query
from ase_ecn.readers.optimade_queries import Query
from ase_ecn.relaxation.cell_and_atoms import RELAXED
from ase_ecn.screening import failures, refined, screen
from ase_ecn.screening.named_calculators import parse_options
from ase_ecn.screening.refine import REFINE_TOP
from ase_ecn.screening.run import BATCH_SIZE
from ase_ecn.screening.store import Store, journal_path

_SOURCES = (
    "folder, ase.db, PostgreSQL URL, extxyz or any file that ASE reads, CSV/Parquet with a column "
    "cif or file, or optimade:PROVIDER?filter=…"
)
_SHOWN = 20


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="IN", nargs="?", help=_SOURCES)
    add("-o", "--output", help="ase.db, PostgreSQL URL or .parquet (default: NAME-screened.db)")
    add(
        "--relax",
        nargs="?",
        const="cell",
        default=False,
        metavar="cell|all",
        help="relax first: the cells (default), or atoms too, by forces",
    )
    add("--properties", metavar="NAME,…", help="properties to keep (default: all)")
    add("--where", metavar="CONDITION", help="such as 'band_gap>1 and energy_above_hull<0.05'")
    add(
        "--top",
        type=int,
        metavar="N",
        help="keep only the N crystals with the lowest value of --by",
    )
    add("--by", metavar="PROPERTY", help="property for --top")
    add("--largest", action="store_true", help="with --top: keep the highest values instead")
    add(
        "--refine",
        metavar="CALCULATOR",
        help="relax the best ones again with an ASE calculator, by name or package.module:Class",
    )
    add("--refine-top", type=int, default=REFINE_TOP, metavar="N", help="so many of them")
    add(
        "--refine-option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="argument of the calculator; may be repeated",
    )
    add("--batch-size", type=int, default=BATCH_SIZE)
    add("--workers", type=int, metavar="N", help="processes on this machine (needs Dask)")
    add("--cluster", metavar="ADDRESS", help="scheduler of a running Dask cluster")
    add("--retry-failed", action="store_true", help="repeat crystals that failed before")
    add("--relaxer-checkpoint", help="checkpoint for --relax: bundled name or .safetensors file")
    add("--potential", help="checkpoint for --relax all that gives forces")
    add_order_option(parser)
    add_phase_options(parser)
    add_network_options(parser)


def _run(options: argparse.Namespace) -> int:
    source, relax = _source(options)
    out = options.output or f"{_name(source)}-screened.db"
    report = screen(
        source,
        out,
        relax=relax,
        properties=options.properties.split(",") if options.properties else None,
        where=options.where,
        top=options.top,
        by=options.by,
        largest=options.largest,
        checkpoint=options.checkpoint,
        relaxer_checkpoint=options.relaxer_checkpoint,
        potential=options.potential,
        device=options.device,
        refine=options.refine,
        refine_options=parse_options(options.refine_option),
        refine_top=options.refine_top,
        batch_size=options.batch_size,
        workers=options.workers,
        cluster=options.cluster,
        retry_failed=options.retry_failed,
        progress=sys.stderr.isatty(),
        phases=phases_of(options),
        order=options.order,
    )
    order = None if options.by is None else ("-" if options.largest else "") + options.by
    store = Store(journal_path(out))
    rows = list(store.rows(_SHOWN, order))
    _print_rows(rows, store.units())
    print_unavailable(
        (str(row.key_value_pairs["source"]), row.data.get("unavailable", {})) for row in rows
    )
    print_unusual(
        (str(row.key_value_pairs["source"]), [row.key_value_pairs["out_of_domain_reasons"]])
        for row in rows
        if "out_of_domain_reasons" in row.key_value_pairs
    )
    counts = {
        "in": report.stored,
        "outranked": report.outranked,
        "rejected": report.rejected,
        "failed": report.failed,
    }
    text = ", ".join(f"{n} {what}" for what, n in counts.items() if n or what == "in")
    print(text.replace(" in", f" crystals in {out}", 1), f"({report.computed} computed now)")
    if options.refine:
        _print_refined(store, options.refine, report.refined)
    shown = islice(failures(out), _SHOWN)
    print_skipped([(failure.label, failure.reason) for failure in shown])
    if report.failed > _SHOWN:
        print(f"all failures are listed in the table screen_failures of {journal_path(out)}")
    return 1 if report.failed else 0


def _name(source: str) -> str:
    """Name of the input without its ending; ``.`` and ``..`` have that of the folder."""
    if is_query(source):
        return Query.of(source).name
    return Path(source).stem.strip(".") or Path(source).resolve().name


def _source(options: argparse.Namespace) -> tuple[str, str | bool]:
    """The input and what is relaxed: ``--relax IN`` says the input, not what is relaxed."""
    source, relax = options.source, options.relax
    if source is None and relax and relax not in RELAXED:
        source, relax = relax, "cell"
    if source is None:
        raise OptionError(f"IN is missing: {_SOURCES}")
    return source, relax


def _print_rows(found: Sequence[Any], units: Mapping[str, str]) -> None:
    rows = []
    known = in_short_tables({name for row in found for name in row.key_value_pairs}, units)
    for row in found:
        values = row.key_value_pairs
        course = ["", "", ""]
        if "relaxation_reason" in values:
            steps, reason = values["relaxation_steps"], values["relaxation_reason"]
            course = [f"{100 * values['volume_change']:+.1f}", f"{steps:.0f}", str(reason)]
        start = [row.formula, str(row.natoms), *cells(values, known)]
        rows.append([*start, *course, str(values["source"])])
    headings = [one.titled() for one in known]
    columns = ["formula", "atoms", *headings, "ΔV/V %", "steps", "stopped", "source"]
    # Columns that are empty in all rows are left out.
    filled = [k for k in range(len(columns)) if any(row[k] for row in rows)]
    left = [[row[k] for k in filled] for row in rows]
    unusual = [bool(row.key_value_pairs.get("out_of_domain")) for row in found]
    print_table(*with_unusual([columns[k] for k in filled], left, unusual))


def _print_refined(store: Store, calculator: str, count: int) -> None:
    """A line for each crystal that the calculator has relaxed, and the reasons of the others."""
    rows = []
    for row in store.rows():
        values = row.key_value_pairs
        if "refined_energy" in values:
            change = np.linalg.det(refined(row).cell[:]) / np.linalg.det(row.cell) - 1
            energy, seconds = f"{values['refined_energy']:.4f}", f"{values['refined_seconds']:.2f}"
            steps, reason = str(values["refined_steps"]), str(values["refined_reason"])
            cells_of_row = [energy, f"{100 * change:+.1f}", steps, seconds, reason]
            rows.append([row.formula, *cells_of_row, str(values["source"])])
        elif "refined_reason" in values:
            print(f"{values['source']}: {calculator}: {values['refined_reason']}", file=sys.stderr)
    print(f"by {calculator} ({count} refined now):")
    print_table(["formula", "E / eV/atom", "ΔV/V %", "steps", "s", "stopped", "source"], rows)


COMMAND = Command(
    "screen",
    "predict all structures of a database, table, file or folder",
    _add_arguments,
    _run,
)
