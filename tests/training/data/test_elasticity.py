"""Elastic tensors from stresses and forces, and as labels."""

from __future__ import annotations

import json
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
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.readers.json_lines import structure_fields, write_json_lines
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.elasticity import STRAIN, elastic_tensor
from ase_ecn.training.data.labelling import label
from ase_ecn.training.data.tensor_rows import SHAPES, read_elastic


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


def test_labels_with_elastic_tensors(tmp_path: Path) -> None:
    given = [at_rest(bulk("Cu", a=3.6)), at_rest(bulk("CuAu", "cesiumchloride", a=3.1))]
    for atoms in given:
        atoms.calc = None
    out = tmp_path / "out.jsonl.gz"
    assert label(given, out, "emt", elastic=True).labelled == 2
    read = read_elastic(out)
    for atoms, crystal, found in zip(given, read.crystals, read.targets["elastic_tensor"]):
        assert list(crystal.numbers) == list(atoms.numbers)
        expected = elastic_tensor(as_crystal(atoms), by_emt)
        np.testing.assert_allclose(found, expected, atol=0.01)
    assert set(read.targets) == set(SHAPES)
    assert np.isnan(read.targets["dielectric_tensor"]).all()
    with pytest.raises(OptionError, match="elastic"):
        label(given, out, "emt")  # these would have no elastic tensors


def test_the_command_takes_elastic(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "in.jsonl", [structure_fields(bulk("Ag"))])
    out = tmp_path / "out.jsonl"
    arguments = ["label", str(tmp_path / "in.jsonl"), "-o", str(out), "--calculator", "emt"]
    assert main([*arguments, "--elastic"]) == 0
    (line,) = out.read_text().splitlines()
    assert np.shape(json.loads(line)["elastic_GPa"]) == (6, 6)


def test_what_is_not_stable_or_no_elastic_tensor(tmp_path: Path) -> None:
    stiff = np.diag([100.0, 100, 100, 30, 30, 30])
    soft = np.diag([100.0, 100, 100, 30, 30, -1])
    fields = structure_fields(bulk("Cu"))
    path = tmp_path / "in.jsonl"
    write_json_lines(path, [{**fields, "elastic_GPa": c.tolist()} for c in (soft, stiff)])
    read = read_elastic(path)
    assert read.ids == ["in.jsonl/2"]
    np.testing.assert_array_equal(read.targets["elastic_tensor"], [stiff])
    write_json_lines(path, [fields])
    with pytest.raises(DatasetError, match=r"line 1 .* no crystal with elastic_GPa"):
        read_elastic(path)
    write_json_lines(path, [{**fields, "elastic_GPa": [[1.0, 2.0], [2.0, 1.0]]}])
    with pytest.raises(DatasetError, match="not 6 by 6"):
        read_elastic(path)
    with pytest.raises(DatasetError, match="does not exist"):
        read_elastic(tmp_path / "none.jsonl")
