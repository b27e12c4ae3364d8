"""What commands on structures share: reading them, and printing a line for each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.properties import Property
from ase_ecn.readers import Source, read_structures, unreadable

UNUSUAL = "out of domain"
"""Head of the column that says which crystals are unlike those of the training data."""


def add_order_option(parser: argparse.ArgumentParser) -> None:
    """The option of commands that read disordered crystals: ``--order``."""
    parser.add_argument(
        "--order",
        type=int,
        metavar="N",
        help="replace disordered crystals by their likeliest ordered cells of at most N atoms",
    )


def sources_of(
    files: Iterable[str], passing_over: Collection[Path] = (), order: int | None = None
) -> list[Source]:
    """Structures of all files; a file that cannot be read at all is one that only says why.

    Parameters
    ----------
    files
        Everything that :func:`~ase_ecn.readers.read_structures` reads.
    passing_over
        Files that are not read where they are in a folder.
    order
        Of :func:`~ase_ecn.readers.read_structures`.

    Returns
    -------
    list of Source
        Labels that several files share begin with the path as it was given.
    """
    found: list[tuple[str, Source]] = []
    for file in files:
        try:
            read = read_structures(file, passing_over=passing_over, order=order)
            found += [(file, one) for one in read]
        except ASEECNError as error:
            found.append((file, unreadable(file, str(error))))
    files_of: dict[str, set[str]] = {}
    for file, one in found:
        files_of.setdefault(one.label, set()).add(file)
    return [
        replace(one, label=_with_path(file, one.label)) if len(files_of[one.label]) > 1 else one
        for file, one in found
    ]


def _with_path(file: str, label: str) -> str:
    path = Path(file)
    if path.is_dir():
        return (path / label).as_posix()
    return f"{file}{label.removeprefix(path.name)}" if label.startswith(path.name) else label


def read_valid(
    files: Iterable[str], elements: frozenset[int] | None
) -> tuple[list[tuple[str, Atoms]], list[tuple[str, str]]]:
    """Read all files; return the valid structures, and for each of the others what is wrong.

    Parameters
    ----------
    files
        Everything that :func:`~ase_ecn.readers.read_structures` reads.
    elements
        Atomic numbers that a structure may have; ``None`` for all.

    Returns
    -------
    good, skipped
        Labels and structures; labels, or files that cannot be read at all, and reasons.
    """
    good: list[tuple[str, Atoms]] = []
    skipped: list[tuple[str, str]] = []
    for entry in sources_of(files):
        try:
            atoms = entry.load()
            as_crystal(atoms, elements)
            good.append((entry.label, atoms))
        except ASEECNError as error:
            skipped.append((entry.label, str(error)))
    return good, skipped


def formula(atoms: Atoms) -> str:
    """Formula of the cell, metals first."""
    return str(atoms.get_chemical_formula("metal"))


def cells(values: Mapping[str, Any], known: Sequence[Property]) -> list[str]:
    """Values of properties as text; empty where there is none."""
    return [
        _cell(values[one.public_name], one) if one.public_name in values else "" for one in known
    ]


def _cell(value: Any, known: Property) -> str:
    stored = known.stored(value)
    return stored if isinstance(stored, str) else f"{stored:{known.style}}".strip()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns under their headings."""
    widths = [max(len(row[k]) for row in [columns, *rows]) for k in range(len(columns))]
    for row in [columns, *rows]:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def with_unusual(
    columns: Sequence[str], rows: Sequence[Sequence[str]], unusual: Sequence[bool]
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """A table with a column before its last that says which rows are unusual, if any is."""
    if not any(unusual):
        return columns, rows
    words = ["yes" if one else "" for one in unusual]
    flagged = [[*row[:-1], word, row[-1]] for row, word in zip(rows, words, strict=True)]
    return [*columns[:-1], UNUSUAL, columns[-1]], flagged


def print_unusual(found: Iterable[tuple[str, Iterable[str]]]) -> None:
    """Print to stderr in which ways crystals are unlike those of the training data."""
    for label, reasons in found:
        if text := "; ".join(reasons):
            print(f"{label} is {UNUSUAL}: {text}", file=sys.stderr)


def print_skipped(skipped: Sequence[tuple[str, str]]) -> int:
    """Print labels and reasons of what was skipped; return the exit status."""
    for label, reason in skipped:
        print(f"skipped {label}: {reason}", file=sys.stderr)
    return 1 if skipped else 0
