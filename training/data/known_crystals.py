"""The teacher's energies of crystals that exist, as they are: MP-20 and the further sets of DFT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import DatasetError
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import (
    Dataset,
    csv_rows,
    read_mp20,
    read_mp_extra,
    read_site_moments,
)

MOST_ATOMS = 20  # as in MP-20; larger ones cost much and say little more


@dataclass(frozen=True)
class KnownCrystal:
    """A crystal of DFT as :class:`ase_ecn.crystal.Crystal` has it, its id, and the energy.

    ``energy`` is the teacher's, in eV/atom.
    """

    name: str
    numbers: NDArray[np.int64]
    cell: NDArray[np.float64]
    scaled_positions: NDArray[np.float64]
    energy: float


def known_crystals(data: Path) -> Iterator[KnownCrystal]:
    """Crystals of ``data/teacher/known.csv.gz``.

    Raises
    ------
    DatasetError
        If a file is missing, or an energy belongs to a crystal of another size.
    """
    energies: dict[str, dict[str, tuple[int, float]]] = {}
    for row in csv_rows(data / "teacher" / "known.csv.gz"):
        found = (int(row["natoms"]), float(row["energy_eV_per_atom"]))
        energies.setdefault(row["set"], {})[row["id"]] = found
    for name, dataset in _datasets(data):
        yield from _labelled(dataset, energies.get(name, {}))


def _datasets(data: Path) -> Iterable[tuple[str, Dataset]]:
    yield "mp_20", cached_dataset("mp_20-train", lambda: read_mp20(data, "train"))
    yield "mp_extra", further_entries(data)
    yield "mp_site_magmoms", magnets(data)


def further_entries(data: Path) -> Dataset:
    """Entries of :func:`~ase_ecn.training.data.datasets.read_mp_extra` that are not too large."""
    return cached_dataset(f"mp_extra-{MOST_ATOMS}", lambda: read_mp_extra(data, MOST_ATOMS))


def magnets(data: Path) -> Dataset:
    """Crystals with site moments that are not too large."""
    key = f"mp_site_magmoms-{MOST_ATOMS}"
    return cached_dataset(key, lambda: read_site_moments(data, set(), MOST_ATOMS))


def _labelled(dataset: Dataset, energies: dict[str, tuple[int, float]]) -> Iterator[KnownCrystal]:
    for name, crystal in zip(dataset.ids, dataset.crystals, strict=True):
        if name not in energies:
            continue
        atoms, energy = energies[name]
        if atoms != len(crystal):
            raise DatasetError(f"{name} has {len(crystal)} atoms; its energy is of {atoms}")
        yield KnownCrystal(name, crystal.numbers, crystal.cell, crystal.scaled_positions, energy)
