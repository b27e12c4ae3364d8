"""Equations of state: the energy must be a smooth function of the volume."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.eos import EquationOfState

from ase_ecn import ECNCalculator, predict
from ase_ecn.training.data.datasets import parse_cif

LARGEST_JUMP = 0.5e-3  # eV/atom
VOLUMES = np.linspace(0.9, 1.1, 81)


def at_volumes(atoms: Atoms, volumes: np.ndarray) -> list[Atoms]:
    scaled = []
    for volume in volumes:
        scaled.append(atoms.copy())
        scaled[-1].set_cell(atoms.cell[:] * volume ** (1 / 3), scale_atoms=True)
    return scaled


def jumps(energies: np.ndarray) -> np.ndarray:
    """Distance of each energy from the cubic through its two neighbours on either side.

    A smooth curve has next to none, a step of height h about h / 2 next to it.
    """
    e = np.asarray(energies)
    return np.abs(e[..., 2:-2] - (4 * (e[..., 1:-3] + e[..., 3:-1]) - e[..., :-4] - e[..., 4:]) / 6)


def test_jumps_are_seen() -> None:
    smooth = 10 * (VOLUMES - 1) ** 2 + (VOLUMES - 1) ** 3
    assert jumps(smooth).max() < 1e-12
    step = smooth + 1e-3 * (VOLUMES > 1.03)
    assert jumps(step).max() == pytest.approx(0.5e-3, rel=1e-6)


def test_ase_fits_an_equation_of_state() -> None:
    calculator = ECNCalculator("ecn-pes")
    energies, volumes = [], []
    for atoms in at_volumes(bulk("Si", a=5.47), np.linspace(0.9, 1.1, 9)):
        atoms.calc = calculator
        volumes.append(atoms.get_volume())
        energies.append(atoms.get_potential_energy())
    volume, energy, modulus = EquationOfState(volumes, energies).fit()
    assert (4 * volume) ** (1 / 3) == pytest.approx(5.47, rel=0.01)  # PBE
    assert energy <= min(energies) + 1e-3
    assert modulus / units.GPa == pytest.approx(89, rel=0.25)  # PBE


@pytest.mark.data
def test_equations_of_state_do_not_jump(data: Path) -> None:
    with gzip.open(data / "mp_20" / "test.csv.gz", "rt", newline="") as file:
        texts = [row["cif"] for row in csv.DictReader(file)]
    chosen = [parse_cif(text).to_atoms() for text in texts[:: len(texts) // 30][:30]]
    images = [image for atoms in chosen for image in at_volumes(atoms, VOLUMES)]
    energies = np.array([p.formation_energy for p in predict(images, dtype="float64")])
    assert 2 * jumps(energies.reshape(30, -1)).max() <= LARGEST_JUMP
