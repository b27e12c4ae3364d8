"""What commands on structures share: reading them, and printing a line for each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.properties import Property
from ase_ecn.readers import read_structures


def read_valid(
    files: Iterable[str], elements: frozenset[int] | None
) -> tuple[list[tuple[str, Atoms]], dict[str, str]]:
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
        Labels and structures; reasons by label, or by file if it cannot be read at all.
    """
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


def print_skipped(skipped: Mapping[str, str]) -> int:
    """Print what was skipped and why; return the exit status."""
    for label, reason in skipped.items():
        print(f"skipped {label}: {reason}", file=sys.stderr)
    return 1 if skipped else 0
