"""What the baselines are fitted to: crystals, neighbours and labels, split by split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ase_ecn.training.data.cache import cached_dataset, mean_by_site
from ase_ecn.training.data.datasets import READERS, Dataset
from ase_ecn.training.data.ecn_data import site_moment_split
from reproduce.baselines.neighbor_graphs import NeighborGraphs, NeighborKind, cached_neighbors

Labels: TypeAlias = dict[str, NDArray[np.float64]]

TARGETS = {
    "mp_20": ("formation_energy", "band_gap", "metal", "magnetization"),
    "perov_5": ("heat_all",),
    "fermi": ("fermi_level",),
    "site_moments": ("site_moments",),
}
"""Properties by data set. The last two are those on which ``ecn-mp20`` was trained in addition to
MP-20, in the same splits."""
SITE_TARGETS = frozenset({"site_moments"})
"""Properties of atoms; the others are properties of crystals."""


@dataclass(frozen=True)
class Part:
    """One split as a network sees it.

    Attributes
    ----------
    graphs
        Neighbours in the G primitive cells with N atoms in all.
    labels
        (G,) by property, or (N,) for properties of atoms.
    """

    graphs: NeighborGraphs
    labels: Labels

    def labels_of(self, indices: NDArray[np.int64]) -> Labels:
        """Labels of the crystals with the given indices, in that order."""
        atoms = self.graphs.atoms_of(indices)
        return {k: v[atoms if k in SITE_TARGETS else indices] for k, v in self.labels.items()}


class Splits:
    """Loads each split and kind of neighbours once, and only if a model needs it.

    Parameters
    ----------
    name
        One of :data:`TARGETS`.
    data
        The data folder.
    """

    def __init__(self, name: str, data: Path) -> None:
        self.name = name
        self.data = data
        self._datasets: dict[str, Dataset] = {}
        self._graphs: dict[tuple[str, NeighborKind], NeighborGraphs] = {}

    def dataset(self, split: str) -> Dataset:
        """Crystals and labels of a split."""
        if split not in self._datasets:
            self._datasets[split] = cached_dataset(
                f"{self.name}-{split}", lambda: read_split(self.name, self.data, split)
            )
        return self._datasets[split]

    def labels(self, split: str) -> Labels:
        """Labels of a split, as in :class:`Part`."""
        dataset = self.dataset(split)
        return {
            k: dataset.site_targets[k] if k in SITE_TARGETS else dataset.targets[k]
            for k in TARGETS[self.name]
        }

    def part(self, split: str, kind: NeighborKind) -> Part:
        """Neighbours of a kind and labels of a split."""
        if (split, kind) not in self._graphs:
            self._graphs[split, kind] = cached_neighbors(
                f"{self.name}-{split}", kind, lambda: self.dataset(split)
            )
        return Part(self._graphs[split, kind], self.labels(split))


def read_split(name: str, data: Path, split: str) -> Dataset:
    """Read one split of a data set among :data:`TARGETS`."""
    if name == "site_moments":
        return primitive_dataset(site_moment_split(data, "mp_20", split))
    return READERS[name](data, split)


def primitive_dataset(dataset: Dataset) -> Dataset:
    """Primitive cells of the crystals; atoms that repeat each other get the mean of their labels.

    So labels of atoms belong to the atoms that the networks see.
    """
    primitives = [crystal.primitive for crystal in dataset.crystals]
    sites = [primitive.site_of_atom for primitive in primitives]
    return replace(
        dataset,
        crystals=[primitive.crystal for primitive in primitives],
        site_targets={k: mean_by_site(v, sites) for k, v in dataset.site_targets.items()},
    )
