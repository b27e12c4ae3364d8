"""Elastic tensors from stresses and forces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import DatasetError
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.tensor_rows import SHAPES
from reproduce.reports import strained_cells
from reproduce.reports.strained_cells import STRAIN, compared_tensors, elastic_tensor


def by_emt(crystals: Sequence[Crystal]) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    forces, stresses = [], []
    for crystal in crystals:
        atoms = crystal.to_atoms()
        atoms.calc = EMT()
        forces.append(atoms.get_forces())
        stresses.append(atoms.get_stress())
    return forces, np.array(stresses)


def at_rest(atoms: Atoms) -> Atoms:
    atoms = atoms.copy()
    atoms.calc = EMT()
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-4, steps=300)
    return atoms


def by_relaxing(atoms: Atoms) -> NDArray[np.float64]:
    """The same by what it means: strain the cell, let the ions relax, read the stress."""
    columns = []
    for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)):
        stresses = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[i, j] += sign * STRAIN / 2
            strain[j, i] += sign * STRAIN / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell[:] @ (np.eye(3) + strain), scale_atoms=True)
            strained.calc = EMT()
            BFGS(strained, logfile=None).run(fmax=1e-5, steps=300)
            stresses.append(strained.get_stress())
        columns.append((stresses[0] - stresses[1]) / (2 * STRAIN))
    made = np.array(columns).T / units.GPa
    return (made + made.T) / 2


def test_ions_follow_the_strain() -> None:
    alloy = bulk("Cu", "hcp", a=2.75, c=4.4)
    alloy.symbols[:] = ["Cu", "Au"]
    alloy = at_rest(alloy)
    found, expected = elastic_tensor(as_crystal(alloy), by_emt), by_relaxing(alloy)
    np.testing.assert_allclose(found, expected, atol=0.01 * np.abs(expected).max())

    def clamped(crystals: Sequence[Crystal]) -> tuple[list[NDArray[np.float64]], NDArray]:
        forces, stresses = by_emt(crystals)
        return [0 * one for one in forces], stresses

    # Ions that were held would make it stiffer by far more than the tolerance.
    held = elastic_tensor(as_crystal(alloy), clamped)
    assert np.abs(held - expected).max() > 0.05 * np.abs(expected).max()


def test_a_cube_has_three_numbers() -> None:
    found = elastic_tensor(as_crystal(at_rest(bulk("Cu", a=3.6))), by_emt)
    c11, c12, c44 = found[0, 0], found[0, 1], found[3, 3]
    expected = np.diag([c11 - c12] * 3 + [c44] * 3)
    expected[:3, :3] += c12
    np.testing.assert_allclose(found, expected, atol=0.5)
    assert c11 > c12 > c44 > 50


def toy_part(*crystals: Atoms) -> Dataset:
    count = len(crystals)
    labels = {name: np.full((count, *shape), np.nan) for name, shape in SHAPES.items()}
    for k in range(count):
        labels["elastic_tensor"][k] = np.diag([200.0, 200, 200, 60, 60, 60]) + 20 * k
    return Dataset("toy", [f"x{k}" for k in range(count)], [*map(as_crystal, crystals)], labels)


def test_a_line_for_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    radon = bulk("Rn", "fcc", a=6.0)
    large = bulk("Al", cubic=True).repeat(3)
    large.numbers[0] = 12
    crystals = (bulk("Al"), bulk("Cu"), radon, large, bulk("MgO", "rocksalt", a=4.25))
    monkeypatch.setattr(strained_cells, "tensor_part", lambda data, split: toy_part(*crystals))
    arguments = ("ecn-tensors", "ecn-tensors", Path(), "test")
    lines = list(compared_tensors(*arguments, device="cpu"))
    assert lines[0] == "3 crystals, 1 without a prediction"
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[3:]]
    assert [row[0] for row in rows] == ["heads", "strained cells", "mean of both"]
    for row in rows:
        assert float(row[1]) < 100
        assert row[5] == "0"
    lines = list(compared_tensors(*arguments, most=2, device="cpu"))
    assert lines[0] == "2 crystals, 0 without a prediction"
    with pytest.raises(DatasetError, match="none of 0 crystals"):
        list(compared_tensors(*arguments, atoms=0, device="cpu"))
