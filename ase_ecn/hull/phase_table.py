"""The phases that come with the package, as arrays: compositions, energies and ids."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAME = "materials_project"
"""Of the files in this folder: ``.npz`` with the phases, ``.json`` with where they are from."""
MICRO = 1e-6
"""eV; the unit of energies in the file."""


@dataclass(frozen=True)
class PhaseTable:
    """Phases, sorted so that those of one chemical system follow each other.

    Attributes
    ----------
    numbers
        (P, M) atomic numbers, ascending, zero where a phase has fewer than M elements.
    counts
        (P, M) atoms of each in the reduced formula.
    energies
        (P,) formation energies in eV/atom, in MP-20's convention.
    ids
        (P,) numbers of the Materials Project (7 for mp-7), zero where unknown.
    """

    numbers: NDArray[np.uint8]
    counts: NDArray[np.int64]
    energies: NDArray[np.float64]
    ids: NDArray[np.int64]

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """(P, M) share of the atoms that are of each element."""
        return np.asarray(self.counts / self.counts.sum(axis=1, keepdims=True))


@lru_cache(maxsize=1)
def bundled_table() -> PhaseTable:
    """The phases of the package."""
    with resources.files(__package__).joinpath(f"{NAME}.npz").open("rb") as file:
        arrays = np.load(file)  # plain arrays alone, by its default
        return PhaseTable(
            np.ascontiguousarray(arrays["numbers"]),
            arrays["counts"].astype(np.int64),
            arrays["microenergies"] * MICRO,
            arrays["ids"].astype(np.int64),
        )


def bundled_card() -> dict[str, Any]:
    """Where the phases of the package are from: source, date, licence, number of phases."""
    text = resources.files(__package__).joinpath(f"{NAME}.json").read_text(encoding="utf-8")
    card: dict[str, Any] = json.loads(text)
    return card


def write_table(table: PhaseTable, path: Path) -> None:
    """Write a table as :func:`bundled_table` reads it, energies rounded to 1e-6 eV/atom."""
    np.savez_compressed(
        path,
        numbers=table.numbers,
        counts=table.counts.astype(np.uint16),
        microenergies=np.rint(table.energies / MICRO).astype(np.int32),
        ids=table.ids.astype(np.int32),
    )
