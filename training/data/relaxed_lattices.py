"""Relaxed crystals whose lattices the lattice network learns, in the Niggli basis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import spglib
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import READERS


@dataclass(frozen=True)
class LatticeData:
    """Whose lattices are learned.

    Attributes
    ----------
    name
        Of the set.
    train_crystals
        Train on so many of them only.
    validation_crystals
        Validate on about so many.
    further_max_atoms
        Train on relaxed crystals of other sets too, up to so many atoms.
    crystals_per_epoch
        How many of all are shown in an epoch; all of them if nothing is said.
    substituted_share
        Share of each batch that starts from prototypes with other elements in them.
    substituted_pairs, substituted_seed
        Number of such pairs of start and end to draw from, and what fixes them.
    relaxations_share
        Share of each batch that starts from the prototypes of the teacher's relaxations.
    """

    name: str
    train_crystals: int | None = None
    validation_crystals: int = 2000
    further_max_atoms: int | None = None
    crystals_per_epoch: int | None = None
    substituted_share: float = 0.0
    substituted_pairs: int = 1000
    substituted_seed: int = 0
    relaxations_share: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in READERS:
            raise OptionError(f"unknown data set {self.name!r}; known are {', '.join(READERS)}")
        for name in ("train_crystals", "validation_crystals", "crystals_per_epoch"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise OptionError(f"{name} is {count}; it must be at least 1")
        for name in ("substituted_share", "relaxations_share"):
            if not 0 <= getattr(self, name) < 1:
                raise OptionError(
                    f"{name} is {getattr(self, name)}: it must be at least 0 and below 1"
                )
        if self.substituted_share + self.relaxations_share >= 1:
            raise OptionError("substituted_share and relaxations_share must be below 1 together")


def load_crystals(data: Path, name: str, split: str) -> list[Crystal]:
    """Crystals of one split in the Niggli basis, in which CDVAE and the paper use them."""
    dataset = cached_dataset(f"{name}-{split}", lambda: READERS[name](data, split))
    return [niggli_crystal(crystal) for crystal in dataset.crystals]


def niggli_crystal(crystal: Crystal) -> Crystal:
    """Return the same crystal with Niggli-reduced lattice vectors."""
    basis = niggli_basis(crystal.cell)
    return Crystal(
        crystal.numbers, basis @ crystal.cell, crystal.scaled_positions @ np.linalg.inv(basis)
    )


def spread(crystals: list[Crystal], count: int | None) -> list[Crystal]:
    """Return ``count`` crystals from all over the list, or all of it."""
    if count is None or count >= len(crystals):
        return crystals
    return [crystals[i] for i in np.linspace(0, len(crystals) - 1, int(count)).astype(int)]


def niggli_basis(cell: NDArray[np.float64]) -> NDArray[np.int64]:
    """Unimodular matrix that takes a (3, 3) cell of rows to its Niggli-reduced form."""
    reduced = spglib.niggli_reduce(cell)
    if reduced is None:
        return np.eye(3, dtype=np.int64)
    # spglib may turn the cell as a whole; the metric tensors tell the change of basis only up to
    # that, so solve for it with both cells brought into the same frame.
    ratio = np.asarray(reduced) @ np.linalg.inv(cell)
    basis: NDArray[np.int64] = np.round(ratio).astype(np.int64)
    if np.abs(ratio - basis).max() > 1e-3 or abs(round(np.linalg.det(basis))) != 1:
        return np.eye(3, dtype=np.int64)
    return basis
