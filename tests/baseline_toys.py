"""Data sets for tests of the other models: labels of crystals and of atoms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.spacegroup import crystal

from ase_ecn.crystal import as_crystal
from ase_ecn.training.data.datasets import Dataset
from reproduce.__main__ import parser
from reproduce.baselines import parts
from reproduce.baselines.models import NETWORKS
from reproduce.baselines.neighbor_graphs import neighbor_graphs
from reproduce.baselines.parts import Part

TARGETS = ("formation_energy", "metal")


def halides(size: int = 48, seed: int = 0) -> Dataset:
    """Rocksalt halides whose labels are functions of composition and lattice constant."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in ("Li", "Na", "K", "Rb") for b in ("F", "Cl", "Br")]
    lattice = rng.uniform(4.5, 7.0, size)
    names = ["".join(pairs[k % 12]) for k in range(size)]
    atoms = [bulk(n, "rocksalt", a=a) for n, a in zip(names, lattice)]
    heavy = np.array([a.numbers.sum() / 40 for a in atoms])
    gap = np.maximum(5.0 - heavy * 3, 0)
    return Dataset(
        "toy",
        [str(k) for k in range(size)],
        [as_crystal(a) for a in atoms],
        {
            "formation_energy": lattice + heavy,
            "band_gap": np.where(np.arange(size) % 12 == 5, np.nan, gap),
            "metal": (heavy > 1).astype(float),
            "magnetization": np.zeros(size),
        },
    )


def rutiles(size: int = 24, seed: int = 0) -> Dataset:
    """Doubled rutiles; an atom's label tells its element, the other one, and the volume."""
    rng = np.random.default_rng(seed)
    crystals, labels = [], []
    for k in range(size):
        metal, other = ("Ti", "Sn", "Mn")[k % 3], ("O", "F")[k // 3 % 2]
        a = rng.uniform(4.2, 5.2)
        atoms = crystal(
            [metal, other],
            [(0, 0, 0), (0.3, 0.3, 0)],
            spacegroup=136,
            cellpar=[a, a, 3, 90, 90, 90],
        )
        moment = (2 if metal == "Mn" else 1) * (1.5 if other == "F" else 1) * a / 4.5
        atoms = atoms * (1, 1, 2)
        crystals.append(as_crystal(atoms))
        labels.append(np.where(atoms.numbers == atoms.numbers[0], moment, 0.0))
    return Dataset(
        "rutiles",
        [str(k) for k in range(size)],
        crystals,
        {},
        {"site_moments": np.concatenate(labels)},
    )


def site_part(name: str, dataset: Dataset) -> Part:
    graphs = neighbor_graphs(dataset.crystals, NETWORKS[name].kind)
    return Part(graphs, dict(dataset.site_targets))


def as_data_set(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A folder in which the halides stand in for MP-20."""
    monkeypatch.setenv("ASE_ECN_CACHE", str(folder / "cache"))
    splits = {"train": halides(), "val": halides(24, 1), "test": halides(24, 2)}
    monkeypatch.setattr(parts, "READERS", {"mp_20": lambda data, split: splits[split]})
    (folder / "data").mkdir()
    return folder


def run(folder: Path, *arguments: str) -> int:
    places = ["--data", str(folder / "data"), "--device", "cpu", "--out", str(folder / "out")]
    options = parser().parse_args(["baselines", *arguments, *places])
    return options.run(options)
