"""matcalc's calculations of properties take this calculator as any other."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn import ECNCalculator, relax
from ase_ecn.phonons import Phonons, phonons

pytestmark = pytest.mark.slow

NAME = "ecn-universal"
SALTS = {"NaCl": 5.9, "MgO": 4.1}
"""Rocksalts, with lattice constants that are off by about 4 %."""


@pytest.fixture(scope="module")
def matcalc() -> ModuleType:
    """Imported where it is used: it brings SymPy, and every run of the tests reads this file."""
    found: ModuleType = pytest.importorskip("matcalc", reason="pip install 'ase-ecn[matcalc]'")
    return found


@pytest.fixture
def calculator() -> ECNCalculator:
    return ECNCalculator(NAME, device="cpu", dtype="float64")


def salt(formula: str) -> Atoms:
    return bulk(formula, "rocksalt", a=SALTS[formula])


def as_atoms(structure: Any) -> Atoms:
    found = structure if isinstance(structure, Atoms) else AseAtomsAdaptor.get_atoms(structure)
    return Atoms(found.numbers, found.positions, cell=found.cell, pbc=True)


def relaxed(formula: str, matcalc: ModuleType, calculator: ECNCalculator) -> dict[str, Any]:
    found: dict[str, Any] = matcalc.RelaxCalc(calculator, fmax=0.005).calc(salt(formula))
    return found


@pytest.mark.parametrize("formula", SALTS)
def test_it_relaxes_to_the_cell_of_this_package(
    formula: str, matcalc: ModuleType, calculator: ECNCalculator
) -> None:
    found = relaxed(formula, matcalc, calculator)
    assert found["is_converged"]
    atoms = as_atoms(found["final_structure"])
    atoms.calc = calculator
    assert found["energy"] == pytest.approx(atoms.get_potential_energy(), abs=1e-6)
    np.testing.assert_allclose(found["forces"], atoms.get_forces(), atol=1e-6)
    (ours,) = relax([salt(formula)], method="all", potential=NAME, dtype="float64")
    assert found["volume"] == pytest.approx(ours.atoms.get_volume(), rel=0.005)


def test_bulk_moduli_of_energies_and_of_stresses_agree(
    matcalc: ModuleType, calculator: ECNCalculator
) -> None:
    start = relaxed("MgO", matcalc, calculator)["final_structure"]
    curve = matcalc.EOSCalc(calculator, max_abs_strain=0.03, n_points=9, fmax=0.005).calc(start)
    assert curve["r2_score_bm"] > 0.999
    tensor = matcalc.ElasticityCalc(
        calculator, shear_strains=(-0.01, -0.005, 0.005, 0.01), fmax=0.005, units_GPa=True
    ).calc(start)
    assert tensor["bulk_modulus_vrh"] == pytest.approx(curve["bulk_modulus_bm"], rel=0.1)
    stiffness = np.array(tensor["elastic_tensor"].voigt)
    np.testing.assert_allclose(stiffness, stiffness.T, atol=0.03 * stiffness.max())
    assert np.linalg.eigvalsh((stiffness + stiffness.T) / 2).min() > 0


def test_phonons_are_those_of_this_package(
    matcalc: ModuleType,
    calculator: ECNCalculator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    start = matcalc.RelaxCalc(calculator, fmax=1e-3).calc(bulk("Si"))["final_structure"]
    found = matcalc.PhononCalc(
        calculator,
        atom_disp=0.01,
        supercell_matrix=np.diag([2, 2, 2]),
        relax_structure=False,
        write_phonon=False,
    ).calc(start)
    # Of two atoms, at high temperature: 3 k for each, minus a quantum correction.
    heat = found["thermal_properties"]["heat_capacity"][-1]
    classical = 6 * units.kB / (units.kJ / 1000 / units.mol)
    assert 0.92 * classical < heat < 0.99 * classical
    ours = phonons(
        as_atoms(start), calculator=calculator, supercell=(2, 2, 2), displacement=0.01, relax=False
    )
    q = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.5], [0.1, 0.2, 0.3]]
    theirs = Phonons(found["phonon"]).frequencies(q)
    np.testing.assert_allclose(ours.frequencies(q), theirs, atol=0.05)
