"""Pairs of crystals, before and after a relaxation: the same atoms in the same order."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import DatasetError
from ase_ecn.geometry.drift import without_drift
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.labels import HELD_OUT

VALIDATION = 3
"""Percent of the prototypes whose relaxations fits are compared on, beside those held out."""
_LARGEST_MOVE = 2.0  # Å; what goes further has found another structure
_LARGEST_STRETCH = 1.6


@dataclass(frozen=True)
class Pairs:
    """P crystals to start from, and where they should relax to.

    Attributes
    ----------
    crystals
        Where they start.
    ends
        Where they should end: the same atoms in the same order. Lattice vectors correspond one by
        one, and fractional coordinates belong to the images that are nearest.
    """

    crystals: list[Crystal]
    ends: list[Crystal]

    def __len__(self) -> int:
        return len(self.crystals)

    @property
    def true_cells(self) -> NDArray[np.float64]:
        """(P, 3, 3) cells at the ends, in Å."""
        return np.array([end.cell for end in self.ends]).reshape(-1, 3, 3)

    def spread(self, count: int) -> Pairs:
        """At most ``count`` of them, from all over."""
        chosen = np.linspace(0, len(self) - 1, min(count, len(self))).astype(int)
        return Pairs([self.crystals[i] for i in chosen], [self.ends[i] for i in chosen])

    def to_dataset(self, name: str, ids: list[str]) -> Dataset:
        """Starts and then ends, to be packed."""
        return Dataset(name, ids + ids, self.crystals + self.ends)

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> Pairs:
        """What :meth:`to_dataset` has made."""
        half = len(dataset) // 2
        return cls(dataset.crystals[:half], dataset.crystals[half:])


def relaxation_rows(data: Path) -> Iterator[dict[str, Any]]:
    """The teacher's relaxations of hypothetical crystals, as the file has them.

    Raises
    ------
    DatasetError
        If there is no such file.
    """
    path = data / "teacher" / "relaxations.jsonl.gz"
    if not path.is_file():
        raise DatasetError(f"{path} does not exist")
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield json.loads(line)


def percent_of(row: dict[str, Any]) -> int:
    """From 0 to 99, by the prototype: what is below ``HELD_OUT`` is seen in no fit."""
    return zlib.crc32(row["source"].encode()) % 100


def relaxation_pairs(data: Path, split: str) -> Pairs:
    """Prototypes with other elements, and what the teacher's relaxations make of them.

    Splits are by prototype. Relaxations that did not finish, or that went to another structure,
    are left out. Packed on first use.

    Parameters
    ----------
    data
        The data folder.
    split
        ``"train"`` or ``"val"``; the prototypes that are held out are in neither.
    """
    first = HELD_OUT if split == "val" else HELD_OUT + VALIDATION
    last = HELD_OUT + VALIDATION if split == "val" else 100

    def make() -> Dataset:
        starts, ends, ids = [], [], []
        for k, row in enumerate(relaxation_rows(data)):
            if not row["converged"] or not first <= percent_of(row) < last:
                continue
            start, end = _start_and_end(row)
            if not _went_elsewhere(start, end):
                starts.append(start)
                ends.append(end)
                ids.append(f"{row['source']} {k}")
        return Pairs(starts, ends).to_dataset("relaxations", ids)

    return Pairs.from_dataset(cached_dataset(f"relaxations-{split}", make))


def _start_and_end(row: dict[str, Any]) -> tuple[Crystal, Crystal]:
    numbers = np.array([atomic_numbers[symbol] for symbol in row["species"]], dtype=np.int64)
    last = row["frames"][-1]
    scaled = np.array(row["prototype_frac"], dtype=np.float64)
    there = scaled + without_drift(np.array(last["frac"], dtype=np.float64) - scaled)
    start = Crystal(numbers, np.array(row["prototype_cell"], dtype=np.float64), scaled)
    return start, Crystal(numbers, np.array(last["cell"], dtype=np.float64), there)


def _went_elsewhere(start: Crystal, end: Crystal) -> bool:
    moved = (end.scaled_positions - start.scaled_positions) @ end.cell
    stretches = np.linalg.svd(np.linalg.solve(start.cell, end.cell), compute_uv=False)
    far = np.linalg.norm(moved, axis=1).max() > _LARGEST_MOVE
    return bool(far or stretches.max() > _LARGEST_STRETCH or stretches.min() < 1 / _LARGEST_STRETCH)
