"""Crystals that a cleaning has to tell from others, and sets of them."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk, graphene, molecule
from ase.spacegroup import crystal as spacegroup_crystal

from ase_ecn.crystal import as_crystal
from ase_ecn.training.data.datasets import Dataset


def graphite() -> Atoms:
    sheet = graphene(a=2.46, vacuum=None)
    sheet.cell[2] = [0, 0, 6.71]
    sheet.pbc = True
    second = sheet.copy()
    second.positions += [0, 2.46 / np.sqrt(3), 6.71 / 2]
    return sheet + second


def molecular(name: str = "CH4") -> Atoms:
    atoms = molecule(name)
    atoms.set_cell([5.5] * 3)
    atoms.pbc = True
    return atoms


def chain() -> Atoms:
    tellurium = spacegroup_crystal(
        "Te", [(0.269, 0, 1 / 3)], spacegroup=152, cellpar=[4.51, 4.51, 5.96, 90, 90, 120]
    )
    assert len(tellurium) == 3
    return tellurium


def caged_xenon() -> Atoms:
    """A ReO3 framework with an atom in its cage that has no bond."""
    corners = [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5] * 3]
    return Atoms("ReO3Xe", scaled_positions=corners, cell=[3.75] * 3, pbc=True)


def large() -> Atoms:
    """64 atoms without a symmetry."""
    atoms = bulk("GaAs", "zincblende", a=5.65, cubic=True) * 2
    atoms.rattle(0.3, rng=np.random.default_rng(0))
    return atoms


def dataset(
    crystals: list[Atoms], energy: list[float] | None = None, **targets: list[float]
) -> Dataset:
    labels = {"formation_energy": energy or [0.0] * len(crystals)}
    labels |= {"metal": [0.0] * len(crystals), **targets}
    return Dataset(
        "toy",
        [f"id-{k}" for k in range(len(crystals))],
        [as_crystal(a) for a in crystals],
        {k: np.array(v, dtype=np.float64) for k, v in labels.items()},
    )
