"""Small data sets with labels that a network can learn, and small fits to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.fits.noise import GaussianNoise

FIT = "fit: {epochs: 3, batch_size: 8, learning_rate: 0.01, ema_decay: 0.5}\n"
ECN_CONFIG = (
    "network: ecn\nname: toy\ndata: {name: perov_5}\n"
    "model: {crystal_targets: [formation_energy, band_gap, metal], width: 16, layers: 2}\n"
) + FIT
EMPNN_CONFIG = (
    "network: empnn\nname: toy\ndata: {name: perov_5}\n"
    "model: {features: 16, plain_layers: 1, deforming_layers: 2}\n"
) + FIT


def run_fit(folder: Path, network: str, config: str, out: str = "run") -> Path:
    """Run ``fit-NETWORK`` with a configuration called "toy"; returns the weights."""
    (folder / "c.yaml").write_text(config)
    arguments = ["--config", str(folder / "c.yaml"), "--data", str(folder / "data")]
    status = main([f"fit-{network}", *arguments, "--out", str(folder / out), "--device", "cpu"])
    assert status == 0
    return folder / out / "toy.safetensors"


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


def rocksalts(size: int = 24) -> Dataset:
    """Halides whose lattice constant is a sum of radii."""
    radii = {"Li": 0.9, "Na": 1.16, "K": 1.52, "F": 1.19, "Cl": 1.67, "Br": 1.82}
    pairs = [(a, b) for a in ("Li", "Na", "K") for b in ("F", "Cl", "Br")]
    crystals = []
    for k in range(size):
        a, b = pairs[k % len(pairs)]
        crystals.append(as_crystal(bulk(a + b, "rocksalt", a=2 * (radii[a] + radii[b]))))
    return Dataset("rocksalts", [str(k) for k in range(size)], crystals)


def random_cells(seed: int, size: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Deformed cells (B, 3, 3), and the cells that they were."""
    rng = np.random.default_rng(seed)
    true = 4 * np.eye(3) + rng.normal(size=(size, 3, 3))
    true[np.abs(np.linalg.det(true)) < 5] = 4 * np.eye(3)
    return GaussianNoise(0.2).apply(true, rng), true
