"""Splits that keep what is alike in one part: by group, and by composition and space group."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from ase import Atoms
from ase.formula import Formula
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import DatasetError
from ase_ecn.symmetry.primitive import symmetry_dataset
from ase_ecn.training.data.datasets import SPLITS, Dataset, reduced_formula

SYMPREC = 0.1
"""Tolerance in Å for space groups and primitive cells, the one of the Materials Project."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Material:
    """What tells one material from another.

    Attributes
    ----------
    formula
        Of the primitive cell, in a canonical order of elements.
    composition
        The formula in lowest terms.
    space_group
        Its international number, 1 to 230.
    sites
        Number of atoms in the primitive cell.
    """

    formula: str
    composition: str
    space_group: int
    sites: int

    @property
    def group(self) -> str:
        """Composition and space group: entries that agree in both are never split."""
        return f"{self.composition} {self.space_group}"


def material(crystal: Crystal) -> Material:
    """Primitive formula, composition and space group by spglib, to within :data:`SYMPREC`.

    A crystal in which spglib finds no symmetry at all is taken as it is, in P1.
    """
    found = symmetry_dataset(crystal, SYMPREC)
    numbers, space_group = crystal.numbers, 1
    if found is not None:
        _, first = np.unique(found.mapping_to_primitive, return_index=True)
        numbers, space_group = crystal.numbers[first], int(found.number)
    return Material(_formula(numbers), reduced_formula(numbers), space_group, len(numbers))


def _formula(numbers: NDArray[np.int64]) -> str:
    return str(Formula.from_list(list(Atoms(numbers).symbols)).format("metal"))


def materials(dataset: Dataset, processes: int | None = None) -> list[Material]:
    """Find the material of each crystal of a data set, in order.

    Parameters
    ----------
    dataset
        Any.
    processes
        Number of processes; ``None`` for all processors.
    """
    return in_parallel(material, dataset.crystals, processes)


def without_overlap(dataset: Dataset, others: Dataset, processes: int | None = None) -> Dataset:
    """Drop the entries that are too close to another set, such as a test set.

    Parameters
    ----------
    dataset
        To be reduced.
    others
        What it must not overlap with.
    processes
        Number of processes; ``None`` for all processors.

    Returns
    -------
    Dataset
        The entries whose composition in lowest terms and space group do not both coincide with
        those of an entry of ``others``.
    """
    mine = np.array([reduced_formula(c.numbers) for c in dataset.crystals], dtype=str)
    theirs = np.array([reduced_formula(c.numbers) for c in others.crystals], dtype=str)
    # Symmetry is slow to find, and only matters where the composition coincides.
    suspects = np.flatnonzero(np.isin(mine, theirs))
    near = np.flatnonzero(np.isin(theirs, mine))
    taken = {m.group for m in materials(others.subset(near), processes)}
    found = materials(dataset.subset(suspects), processes)
    dropped = [i for i, m in zip(suspects, found, strict=True) if m.group in taken]
    return dataset.subset(np.setdiff1d(np.arange(len(dataset)), dropped))


def grouped_split(groups: Sequence[str], seed: int = 0) -> dict[str, NDArray[np.int64]]:
    """Split 80/10/10 at random so that all entries of one group fall into the same part.

    Parameters
    ----------
    groups
        (G,) the group of each entry.
    seed
        Of the random order of the groups.

    Returns
    -------
    dict
        Ascending indices of the entries of ``"train"``, ``"val"`` and ``"test"``; none is empty.

    Raises
    ------
    DatasetError
        If there are fewer than three groups.
    """
    names, group_of_entry, sizes = np.unique(
        np.array(groups, dtype=str), return_inverse=True, return_counts=True
    )
    if len(names) < len(SPLITS):
        raise DatasetError(
            f"a split needs at least {len(SPLITS)} groups that can be kept apart; there are "
            f"{len(names)}: {', '.join(names)}"
        )
    free = {part: max(1, round(len(groups) / 10)) for part in ("val", "test")}
    part_of_group = np.full(len(names), "train", dtype=object)
    order = np.random.default_rng(seed).permutation(len(names))
    for group in order:
        emptier = max(free, key=lambda part: free[part])
        if sizes[group] <= free[emptier]:
            part_of_group[group] = emptier
            free[emptier] -= sizes[group]
    for part in free:
        if part not in part_of_group:  # all groups are too large
            rest = order[part_of_group[order] == "train"]
            part_of_group[rest[sizes[rest].argmin()]] = part
    part_of_entry = part_of_group[group_of_entry]
    return {part: np.flatnonzero(part_of_entry == part) for part in SPLITS}


def in_parallel(function: Callable[[T], R], items: Sequence[T], processes: int | None) -> list[R]:
    """Apply a function in ``processes`` processes (``None`` for all processors), in order."""
    count = processes or os.cpu_count() or 1
    if count == 1:
        return [function(item) for item in items]
    with ProcessPoolExecutor(count) as pool:
        return list(pool.map(function, items, chunksize=64))
