"""The command line: ``ase-ecn predict | relax | screen | pattern | info | selftest``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ase import Atoms
from ase.db import connect
from ase.io import write

from ase_ecn.checkpoint import bundled_checkpoints, read_card
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.plotting import pattern_figure, pattern_text
from ase_ecn.prediction import UNITS, Prediction, PropertyPredictor
from ase_ecn.relaxation import MAX_STEPS, STRAIN_TOLERANCE, LatticeNetwork
from ase_ecn.screening import Source, read_structures, screen
from ase_ecn.selftest import TOLERANCE, selftest

_ARRAYS = ("site_moments", "forces", "stress")
_HEADINGS = {
    "formation_energy": ("E_f", "9.3f"),
    "band_gap": ("gap", "7.2f"),
    "metal_probability": ("P(metal)", "8.2f"),
    "magnetization": ("|M|", "8.2f"),
}


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
    add_network_options(command)
    command = add("screen", "relax and predict all structures of a folder or database")
    command.add_argument("source", metavar="FOLDER|DB")
    command.add_argument("-o", "--output", help="ase.db to write (default: NAME-screened.db)")
    add_network_options(command)
    command = add("pattern", "show the parameter-sharing pattern of a crystal's lattice")
    command.add_argument("file", metavar="FILE")
    command.add_argument("-o", "--output", help="draw it to this picture file (needs matplotlib)")
    command = add("info", "show the card of a checkpoint, or list the bundled ones")
    command.add_argument("checkpoint", nargs="?")
    command = add("selftest", "recompute the reference results stored in each card")
    command.add_argument("checkpoints", nargs="*", metavar="CHECKPOINT")
    return parser


def _predict(options: argparse.Namespace) -> int:
    predictor = PropertyPredictor(options.checkpoint, device=options.device)
    good, failures = _valid(options.files, predictor.card.elements)
    predictions = predictor.predict([as_crystal(atoms) for _, atoms in good])
    names = [n for n in predictor.properties if n in _HEADINGS]
    others = [n for n in predictor.properties if n not in (*_HEADINGS, *_ARRAYS)]
    rows = [
        [_formula(atoms), str(len(atoms)), *_cells(prediction, names + others), label]
        for (label, atoms), prediction in zip(good, predictions, strict=True)
    ]
    _print_table(["formula", "atoms", *map(_heading, names + others), "source"], rows)
    return _report(failures)


def _relax(options: argparse.Namespace) -> int:
    network = LatticeNetwork(options.checkpoint, device=options.device)
    good, failures = _valid(options.files, network.card.elements)
    outcomes = network.relax(
        [as_crystal(atoms) for _, atoms in good],
        strain_tol=options.strain_tol,
        steps=options.steps,
    )
    rows, images = [], []
    for (label, atoms), outcome in zip(good, outcomes, strict=True):
        relaxed = atoms.copy()
        relaxed.set_cell(atoms.cell[:] @ outcome.deformation, scale_atoms=True)
        images.append(relaxed)
        change = 100 * (relaxed.get_volume() / atoms.get_volume() - 1)
        lengths = " ".join(f"{x:.3f}" for x in relaxed.cell.lengths())
        outcome_cells = [str(outcome.steps), outcome.reason, label]
        rows.append([_formula(atoms), f"{change:+.1f}", lengths, *outcome_cells])
    _print_table(["formula", "ΔV/V %", "a b c / Å", "steps", "stopped", "source"], rows)
    if images:
        try:
            write(options.output, images)
        except Exception as error:  # ASE's many writers raise anything
            raise OptionError(f"cannot write {options.output}: {error}") from error
        print(f"wrote {options.output}")
    return _report(failures)


def _screen(options: argparse.Namespace) -> int:
    out = options.output or f"{Path(options.source).stem}-screened.db"
    report = screen(
        options.source,
        out,
        checkpoint=options.checkpoint,
        device=options.device,
        progress=sys.stderr.isatty(),
    )
    database = connect(out)
    rows = []
    for label, number in report.finished.items():
        row = database.get(id=number)
        values = row.key_value_pairs
        rows.append(
            [
                row.formula,
                str(row.natoms),
                *(
                    f"{values[n]:{_HEADINGS[n][1]}}".strip() if n in values else ""
                    for n in _HEADINGS
                ),
                f"{100 * row.volume_change:+.1f}",
                str(row.relaxation_steps),
                row.relaxation_reason,
                label,
            ]
        )
    headings = [_heading(n) for n in _HEADINGS]
    columns = ["formula", "atoms", *headings, "ΔV/V %", "steps", "stopped", "source"]
    _print_table(columns, rows)
    print(f"{len(rows)} crystals in {out}")
    return _report(report.failures)


def _pattern(options: argparse.Namespace) -> int:
    good, failures = _valid([options.file], None)
    for _, atoms in good:
        print(pattern_text(atoms))
        if options.output:
            try:
                pattern_figure(atoms).savefig(options.output)
            except (OSError, ValueError) as error:
                raise OptionError(f"cannot write {options.output}: {error}") from error
            print(f"wrote {options.output}")
    return _report(failures)


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
    failures: dict[str, str] = {}
    for file in files:
        try:
            entries = list(read_structures(file))
        except ASEECNError as error:
            entries = [Source(file, None, str(error))]
        for entry in entries:
            try:
                if entry.atoms is None:
                    raise ASEECNError(entry.error)
                as_crystal(entry.atoms, elements)
                good.append((entry.label, entry.atoms))
            except ASEECNError as error:
                failures[entry.label] = str(error)
    return good, failures


def _formula(atoms: Atoms) -> str:
    return str(atoms.get_chemical_formula("metal"))


def _heading(name: str) -> str:
    title = _HEADINGS[name][0] if name in _HEADINGS else name
    unit = UNITS.get(name, "1")
    return title if unit == "1" else f"{title} / {unit}"


def _cells(prediction: Prediction, names: Sequence[str]) -> list[str]:
    return [f"{prediction[n]:{_HEADINGS.get(n, ('', '9.4g'))[1]}}".strip() for n in names]


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[k]) for row in [columns, *rows]) for k in range(len(columns))]
    for row in [columns, *rows]:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _report(failures: dict[str, str]) -> int:
    for label, reason in failures.items():
        print(f"skipped {label}: {reason}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
