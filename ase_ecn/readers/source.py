"""One structure of an input, not loaded yet: what all readers yield."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from ase_ecn.errors import CrystalError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

# What ASE's readers note about files; all else that a structure is given comes from its owner.
_OF_READERS = frozenset(["unit_cell", "spacegroup", "occupancy"])


@dataclass(frozen=True)
class Source:
    """One structure of an input.

    Attributes
    ----------
    label
        Unique within the input: file name, with ``#`` and a number if there are several.
    digest
        Hash of the content.
    load
        Returns the atoms, or raises a :class:`~ase_ecn.errors.CrystalError` that says why they
        cannot be read. It can be sent to another process.
    columns
        Further columns of the input.
    number
        Number of the row or frame in its file, counted from 1; in a database its id.
    labels
        All values that a fit may use as labels: columns, comments, values of atoms.
    results
        Results of a calculator, by ASE's names.
    problem
        Why the structure cannot be read, if that is already known.
    disordered
        Returns a pymatgen structure with partial occupancies, or ``None`` if all sites are full;
        may raise a :class:`~ase_ecn.errors.CrystalError`.
    """

    label: str
    digest: str
    load: Callable[[], Atoms]
    columns: dict[str, Any] = field(default_factory=dict)
    number: int = 1
    labels: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    disordered: Callable[[], Structure | None] | None = None


def of_atoms(label: str, atoms: Atoms, number: int = 1) -> Source:
    """Make the source of a structure in memory; ``info`` and ``arrays`` may contain labels.

    Numbers and texts of ``info`` are its columns.
    """
    results = dict(getattr(atoms.calc, "results", {}))
    plain = atoms.copy()
    values = {k: v for k, v in plain.arrays.items() if k not in ("numbers", "positions")}
    return Source(
        label,
        digest(plain.numbers, plain.cell[:], plain.positions, plain.pbc),
        partial(_given, plain),
        columns=_columns(plain.info),
        number=number,
        labels={**values, **plain.info},
        results=results,
    )


def _columns(info: Mapping[Any, Any]) -> dict[str, Any]:
    found = {
        str(name): value.item() if isinstance(value, np.generic) else value
        for name, value in info.items()
        if name not in _OF_READERS
    }
    return {k: v for k, v in found.items() if isinstance(v, str | int | float)}


def unreadable(label: str, reason: str, number: int = 1) -> Source:
    """Make a source without a structure, which only says why."""
    return Source(label, text_digest(reason), partial(_fail, reason), number=number, problem=reason)


def digest(numbers: Any, cell: Any, positions: Any, pbc: Any) -> str:
    """Hash of a structure, lengths rounded to 1e-10 Å."""
    parts = (
        np.asarray(numbers, dtype=np.int64),
        np.asarray(cell, dtype=np.float64).round(10),
        np.asarray(positions, dtype=np.float64).round(10),
        np.asarray(pbc, dtype=np.int64),
    )
    return sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:32]


def text_digest(text: str) -> str:
    """Hash of a structure given as text."""
    return sha256(text.encode()).hexdigest()[:32]


def _given(atoms: Atoms) -> Atoms:
    return atoms


def _fail(reason: str) -> Atoms:
    raise CrystalError(reason)
