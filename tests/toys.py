"""A small data set with labels that a network can learn."""

from __future__ import annotations

import numpy as np
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.training.data.datasets import Dataset


def toy_dataset(size: int = 24) -> Dataset:
    """Rocksalt halides whose 'energy' is a function of the lattice constant."""
    rng = np.random.default_rng(0)
    pairs = [(a, b) for a in ("Li", "Na", "K", "Rb") for b in ("F", "Cl", "Br")]
    atoms = [bulk("".join(pairs[k % 12]), "rocksalt", a=rng.uniform(4.5, 7.0)) for k in range(size)]
    energy = np.array([a.get_volume() / 50 for a in atoms])
    return Dataset(
        "toy",
        [str(k) for k in range(size)],
        [as_crystal(a) for a in atoms],
        {
            "formation_energy": energy,
            "band_gap": np.where(np.arange(size) % 2, np.nan, 5.0 - energy),
            "metal": (np.arange(size) % 2).astype(float),
            "magnetization": np.zeros(size),
        },
    )
