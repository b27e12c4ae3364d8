"""The command line, ``ase-ecn COMMAND``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import write

from ase_ecn.api import relax
from ase_ecn.checkpoint import DEFAULT_EMPNN, bundled_checkpoints, read_card
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.plotting import pattern_figure, pattern_text
from ase_ecn.plotting.sources import FIGURES, draw
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import PROPERTIES, Property
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE
from ase_ecn.report import write_report
from ase_ecn.screening import failures, read_structures, screen
from ase_ecn.screening.run import BATCH_SIZE
from ase_ecn.screening.store import Store, journal_path
from ase_ecn.selftest import TOLERANCE, selftest

_SOURCES = "folder, ase.db, PostgreSQL URL, extxyz, or CSV/Parquet with a column cif"
_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status, 1 if anything failed."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        return int(options.run(options))
    except ASEECNError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ase-ecn", description="Properties and relaxed cells.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=globals()[f"_{name}"])
        return command

    def add_network_options(command: argparse.ArgumentParser) -> None:
        command.add_argument("--checkpoint", help="bundled name or .safetensors file")
        command.add_argument("--device", help="default: CUDA where there is one, else the CPU")

    command = add("predict", "print the properties of the structures in files")
    command.add_argument("files", nargs="+", metavar="FILE")
    add_network_options(command)
    command = add("relax", "relax the cells of the structures in files")
    command.add_argument("files", nargs="+", metavar="FILE")
    command.add_argument("-o", "--output", required=True, help="file for all relaxed structures")
    command.add_argument("--strain-tol", type=float, default=STRAIN_TOLERANCE)
    command.add_argument("--steps", type=int, default=MAX_STEPS)
    command.add_argument(
        "--mask",
        metavar="XX,YY,ZZ,YZ,XZ,XY",
        help="strain components that may change: 1,1,0,0,0,1 for those in the plane",
    )
    command.add_argument("--hydrostatic", action="store_true", help="change the volume only")
    command.add_argument("--constant-volume", action="store_true", help="change the shape only")
    add_network_options(command)
    command = add("screen", "predict all structures of a database, table, file or folder")
    command.add_argument("source", metavar="IN", help=_SOURCES)
    _add_screen_options(command)
    add_network_options(command)
    command = add("report", "write a screen as one HTML page")
    command.add_argument("screened", metavar="OUT", help="output of a screen")
    command.add_argument("-o", "--output", required=True, help="HTML file")
    command.add_argument("--by", help="sort by this property; --by=-NAME for the largest first")
    command.add_argument("--limit", type=int, default=500, help="rows in the table")
    command = add("plot", "draw a figure of a screen, a fit, a checkpoint or a relaxation")
    command.add_argument("kind", choices=tuple(FIGURES), help="; ".join(FIGURES.values()))
    command.add_argument("source", metavar="IN")
    command.add_argument("-o", "--output", required=True, help="picture file")
    command.add_argument(
        "--property", default="band_gap", help="for parity: predicted, and given in the input"
    )
    command = add("pattern", "show the parameter-sharing pattern of a crystal's lattice")
    command.add_argument("file", metavar="FILE")
    command.add_argument("-o", "--output", help="draw it to this picture file (needs matplotlib)")
    command = add("info", "show the card of a checkpoint, or list the bundled ones")
    command.add_argument("checkpoint", nargs="?")
    command = add("selftest", "recompute the reference results stored in each card")
    command.add_argument("checkpoints", nargs="*", metavar="CHECKPOINT")
    return parser


def _add_screen_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("-o", "--output", help="ase.db, PostgreSQL URL or .parquet (default: NAME-screened.db)")
    add("--relax", action="store_true", help="relax the cells first")
    add("--properties", metavar="NAME,…", help="properties to keep (default: all)")
    add("--where", metavar="CONDITION", help="such as 'band_gap>1 and formation_energy<-0.5'")
    add("--top", type=int, metavar="N", help="keep the N crystals with the smallest value of")
    add("--by", metavar="PROPERTY", help="this property,")
    add("--largest", action="store_true", help="or with the largest")
    add("--batch-size", type=int, default=BATCH_SIZE)
    add("--workers", type=int, metavar="N", help="processes on this machine (needs Dask)")
    add("--cluster", metavar="ADDRESS", help="scheduler of a running Dask cluster")
    add("--retry-failed", action="store_true", help="try crystals again that failed before")
    add("--relaxer-checkpoint", help="of the EMPNN: bundled name or .safetensors file")


def _predict(options: argparse.Namespace) -> int:
    predictor = PropertyPredictor(options.checkpoint, device=options.device)
    good, skipped = _valid(options.files, predictor.card.elements)
    predictions = predictor.predict([as_crystal(atoms) for _, atoms in good])
    known = [predictor.property_of(name) for name in predictor.scalars]
    # Python's sort is stable: the others follow in their order.
    known.sort(key=lambda one: not one.heading)
    rows = [
        [_formula(atoms), str(len(atoms)), *_cells(prediction, known), label]
        for (label, atoms), prediction in zip(good, predictions, strict=True)
    ]
    titles = [one.titled() for one in known]
    _print_table(["formula", "atoms", *titles, "source"], rows)
    return _print_skipped(skipped)


def _relax(options: argparse.Namespace) -> int:
    good, skipped = _valid(options.files, read_card(options.checkpoint or DEFAULT_EMPNN).elements)
    found = relax(
        [atoms for _, atoms in good],
        checkpoint=options.checkpoint,
        device=options.device,
        strain_tol=options.strain_tol,
        steps=options.steps,
        mask=None if options.mask is None else _mask(options.mask),
        hydrostatic=options.hydrostatic,
        constant_volume=options.constant_volume,
    )
    rows, images = [], []
    for (label, atoms), relaxation in zip(good, found, strict=True):
        relaxed = relaxation.atoms
        images.append(relaxed)
        change = 100 * (relaxed.get_volume() / atoms.get_volume() - 1)
        lengths = " ".join(f"{x:.3f}" for x in relaxed.cell.lengths())
        outcome = [str(relaxation.steps), relaxation.reason, label]
        rows.append([_formula(atoms), f"{change:+.1f}", lengths, *outcome])
    _print_table(["formula", "ΔV/V %", "a b c / Å", "steps", "stopped", "source"], rows)
    if images:
        try:
            write(options.output, images)
        except Exception as error:  # ASE's many writers raise anything
            raise OptionError(f"cannot write {options.output}: {error}") from error
        print(f"wrote {options.output}")
    return _print_skipped(skipped)


def _mask(text: str) -> list[int]:
    """Six components of the strain from ``1,1,0,0,0,1``."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise OptionError(
            f"--mask must be six times 0 or 1, for xx,yy,zz,yz,xz,xy, got {text!r}"
        ) from error


def _screen(options: argparse.Namespace) -> int:
    out = options.output or f"{Path(options.source).stem}-screened.db"
    report = screen(
        options.source,
        out,
        relax=options.relax,
        properties=options.properties.split(",") if options.properties else None,
        where=options.where,
        top=options.top,
        by=options.by,
        largest=options.largest,
        checkpoint=options.checkpoint,
        relaxer_checkpoint=options.relaxer_checkpoint,
        device=options.device,
        batch_size=options.batch_size,
        workers=options.workers,
        cluster=options.cluster,
        retry_failed=options.retry_failed,
        progress=sys.stderr.isatty(),
    )
    order = None if options.by is None else ("-" if options.largest else "") + options.by
    _print_screened(Store(journal_path(out)).rows(_SHOWN, order))
    counts = {
        "in": report.stored,
        "outranked": report.outranked,
        "not as asked for": report.rejected,
        "failed": report.failed,
    }
    text = ", ".join(f"{n} {what}" for what, n in counts.items() if n or what == "in")
    print(text.replace(" in", f" crystals in {out}", 1), f"({report.computed} computed now)")
    shown = islice(failures(out), _SHOWN)
    _print_skipped({failure.label: failure.reason for failure in shown})
    if report.failed > _SHOWN:
        print(f"all reasons are in the table screen_failures of {journal_path(out)}")
    return 1 if report.failed else 0


def _print_screened(found: Iterable[Any]) -> None:
    rows = []
    known = [one for one in PROPERTIES.values() if one.heading]
    for row in found:
        values = row.key_value_pairs
        shown = _cells(values, known)
        course = ["", "", ""]
        if "relaxation_reason" in values:
            steps, reason = values["relaxation_steps"], values["relaxation_reason"]
            course = [f"{100 * values['volume_change']:+.1f}", f"{steps:.0f}", str(reason)]
        rows.append([row.formula, str(row.natoms), *shown, *course, str(values["source"])])
    headings = [one.titled() for one in known]
    columns = ["formula", "atoms", *headings, "ΔV/V %", "steps", "stopped", "source"]
    # Columns that no row has anything in say nothing.
    filled = [k for k in range(len(columns)) if any(row[k] for row in rows)]
    _print_table([columns[k] for k in filled], [[row[k] for k in filled] for row in rows])


def _report(options: argparse.Namespace) -> int:
    count = write_report(options.screened, options.output, by=options.by, limit=options.limit)
    print(f"wrote {options.output} with {count} crystals")
    return 0


def _plot(options: argparse.Namespace) -> int:
    figure = draw(options.kind, options.source, options.property)
    try:
        figure.savefig(options.output)
    except (OSError, ValueError) as error:
        raise OptionError(f"cannot write {options.output}: {error}") from error
    print(f"wrote {options.output}")
    return 0


def _pattern(options: argparse.Namespace) -> int:
    good, skipped = _valid([options.file], None)
    for _, atoms in good:
        print(pattern_text(atoms))
        if options.output:
            try:
                pattern_figure(atoms).savefig(options.output)
            except (OSError, ValueError) as error:
                raise OptionError(f"cannot write {options.output}: {error}") from error
            print(f"wrote {options.output}")
    return _print_skipped(skipped)


def _info(options: argparse.Namespace) -> int:
    if options.checkpoint is None:
        for name in bundled_checkpoints():
            card = read_card(name).content
            print(f"{name}  {card['network']}  {card['parameters']} parameters  {card['sha256']}")
        return 0
    content = dict(read_card(options.checkpoint).content)
    content.pop("references", None)
    print(json.dumps(content, indent=1))
    return 0


def _selftest(options: argparse.Namespace) -> int:
    status = 0
    for name in options.checkpoints or bundled_checkpoints():
        result = selftest(name)
        verdict = "ok" if result.passed else "FAILED"
        print(
            f"{name}: {verdict}, largest difference {result.largest_difference:.2g} "
            f"({result.where}; allowed {TOLERANCE:g})"
        )
        status |= not result.passed
    return status


def _valid(
    files: Iterable[str], elements: frozenset[int] | None
) -> tuple[list[tuple[str, Atoms]], dict[str, str]]:
    """Read all files; return the usable structures and the reason for each of the others."""
    good: list[tuple[str, Atoms]] = []
    skipped: dict[str, str] = {}
    for file in files:
        try:
            entries = list(read_structures(file))
        except ASEECNError as error:
            skipped[file] = str(error)
            continue
        for entry in entries:
            try:
                atoms = entry.load()
                as_crystal(atoms, elements)
                good.append((entry.label, atoms))
            except ASEECNError as error:
                skipped[entry.label] = str(error)
    return good, skipped


def _formula(atoms: Atoms) -> str:
    return str(atoms.get_chemical_formula("metal"))


def _cells(values: Mapping[str, Any], known: Sequence[Property]) -> list[str]:
    names = [(one.public_name, one.style) for one in known]
    return [f"{values[name]:{style}}".strip() if name in values else "" for name, style in names]


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[k]) for row in [columns, *rows]) for k in range(len(columns))]
    for row in [columns, *rows]:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _print_skipped(skipped: dict[str, str]) -> int:
    for label, reason in skipped.items():
        print(f"skipped {label}: {reason}", file=sys.stderr)
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
