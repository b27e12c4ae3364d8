"""Small fits for ``test_parallel.py``: python parallel_fits.py DEVICES FOLDER.

A script of its own, because each of the processes that Lightning starts runs it again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT

from ase_ecn.crystal import as_crystal
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.datasets import READERS, Dataset
from ase_ecn.training.data.force_sets import FORCE_READERS

# One step with all crystals shows the gradient; its clipping would hide a wrong factor.
ONE_STEP = "{epochs: 1, batch_size: 64, clip: 1.0e+9}"
TWO_EPOCHS = "{epochs: 2, batch_size: 8, learning_rate: 0.003, ema_decay: 0.5}"
ECN = "data: {name: perov_5, twin_atoms: 4, twin_weight: 2.0}\nmodel: {crystal_targets: "
ECN += "[formation_energy, band_gap, metal, magnetization], width: 8, layers: 2}\n"
EMPNN = "data: {name: perov_5}\nmodel: {features: 8, plain_layers: 1, deforming_layers: 2}\n"
PES = "data: {name: mlearn}\nmodel: {group: S_N, bonds: radial, cutoff: 3.2, layers: 1, width: 8, "
PES += "readout: contributions, angular_degree: 2, angular_channels: 2}\n"
FITS = {
    "ecn": ("ecn", ECN, ONE_STEP),
    "empnn": ("empnn", EMPNN + "unroll: 3\n", ONE_STEP),
    "pes": ("pes", PES, ONE_STEP),
    "curve": ("ecn", ECN, TWO_EPOCHS),
    "resumed": ("ecn", ECN, TWO_EPOCHS),
}


def halides(size: int = 15) -> Dataset:
    """Salts with few, unevenly spread labels, so that processes have different numbers of them."""
    rng = np.random.default_rng(0)
    pairs = [a + b for a in ("Li", "Na", "K") for b in ("F", "Cl", "Br")]
    atoms = [bulk(pairs[k % 9], "rocksalt", a=rng.uniform(4.5, 7.0)) for k in range(size)]
    atoms = [a if k % 3 else a * (1, 1, 2) for k, a in enumerate(atoms)]
    for k, a in enumerate(atoms):
        a.rattle(0.05, seed=k)  # so that the repeated ones stay larger
    energy = np.array([a.get_volume() / len(a) / 20 for a in atoms])
    few = np.arange(size) % 4 == 2
    return Dataset(
        "halides",
        [str(k) for k in range(size)],
        [as_crystal(a) for a in atoms],
        {
            "formation_energy": energy,
            "band_gap": np.where(few, 5.0 - energy, np.nan),
            "metal": (np.arange(size) % 2).astype(float),
            "magnetization": np.where(np.arange(size) % 5 == 0, np.nan, energy),
        },
    )


def copper(size: int = 5) -> Dataset:
    """Cells of one and of four atoms with EMT's energies, forces and stresses."""
    crystals, energies, forces, stresses = [], [], [], []
    for k in range(size):
        atoms = bulk("Cu", cubic=k % 2 == 0)
        atoms.rattle(0.1, seed=k)
        atoms.calc = EMT()
        crystals.append(as_crystal(atoms))
        energies.append(atoms.get_potential_energy() / len(atoms))
        forces.append(atoms.get_forces())
        stresses.append(atoms.get_stress())
    targets = {"potential_energy": np.array(energies), "stress": np.array(stresses)}
    names = [str(k) for k in range(size)]
    return Dataset("copper", names, crystals, targets, {"forces": np.concatenate(forces)})


def run(devices: int, folder: Path) -> None:
    """Run all fits; what is written is below ``folder``."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    readers = {"perov_5": lambda data, split: halides()}
    forces = {"mlearn": lambda data, split: copper()}
    with (
        patch.dict(READERS, readers),
        patch.dict(FORCE_READERS, forces),
    ):
        for name, (network, rest, schedule) in FITS.items():
            text = f"network: {network}\nname: {name}\n{rest}fit: {schedule}\n"
            config = folder / f"{name}.yaml"
            if not config.is_file():
                config.write_text(text)
            command = [f"fit-{network}", "--config", str(config), "--out", str(folder / name)]
            command += ["--data", str(folder / "data"), "--device", "cpu"]
            assert main([*command, "--devices", str(devices)]) == 0


if __name__ == "__main__":
    run(int(sys.argv[1]), Path(sys.argv[2]))
