"""What ASE's documents promise of any calculator, kept by the universal potential."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.fd import FiniteDifferenceCalculator
from ase.calculators.mixing import SumCalculator
from ase.db import connect
from ase.filters import FrechetCellFilter, StrainFilter, UnitCellFilter
from ase.io import Trajectory, read, write
from ase.mep import NEB
from ase.optimize import (
    BFGS,
    FIRE,
    LBFGS,
    BFGSLineSearch,
    GoodOldQuasiNewton,
    LBFGSLineSearch,
    MDMin,
)
from ase.optimize.fire2 import FIRE2
from ase.optimize.precon import Exp, PreconLBFGS
from ase.optimize.sciopt import SciPyFminCG

from ase_ecn import ECNCalculator

pytestmark = pytest.mark.slow
NAME = "ecn-universal"
OPTIMIZERS = [
    *(BFGS, BFGSLineSearch, FIRE, FIRE2, GoodOldQuasiNewton),
    *(LBFGS, LBFGSLineSearch, MDMin, SciPyFminCG),
]


@pytest.fixture
def calculator() -> ECNCalculator:
    return ECNCalculator(NAME, device="cpu", dtype="float64")


@pytest.fixture
def atoms(calculator: ECNCalculator) -> Atoms:
    """Eight atoms of NiAl, none of them at rest."""
    found = bulk("NiAl", "cesiumchloride", a=2.9) * (2, 2, 1)
    found.rattle(0.08, seed=3)
    found.calc = calculator
    return found


def largest_force(atoms: Atoms) -> float:
    return float(np.linalg.norm(atoms.get_forces(), axis=1).max())


def test_what_is_known_needs_no_calculation(atoms: Atoms) -> None:
    calculator, asked = atoms.calc, ["energy", "forces", "stress"]
    assert calculator.calculation_required(atoms, asked)
    atoms.get_potential_energy()
    assert calculator.calculation_required(atoms, ["forces"])  # left out until they are asked for
    atoms.get_stress()
    assert not calculator.calculation_required(atoms, asked)
    assert calculator.check_state(atoms) == []
    atoms.positions[0, 0] += 0.01
    assert calculator.check_state(atoms) == ["positions"]
    assert calculator.get_property("forces", atoms, allow_calculation=False) is None
    assert calculator.calculation_required(atoms, asked)


def test_forces_and_stress_are_those_of_finite_differences(atoms: Atoms) -> None:
    forces, stress, energy = atoms.get_forces(), atoms.get_stress(), atoms.get_potential_energy()
    atoms.calc = FiniteDifferenceCalculator(atoms.calc, eps_disp=1e-4, eps_strain=1e-4)
    assert atoms.get_potential_energy() == energy
    np.testing.assert_allclose(atoms.get_forces(), forces, atol=1e-5)
    np.testing.assert_allclose(atoms.get_stress(), stress, atol=1e-6)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_optimizer_comes_to_rest(optimizer: type, atoms: Atoms) -> None:
    before = atoms.get_potential_energy()
    with optimizer(atoms, logfile=None) as run:
        assert run.run(fmax=0.03, steps=500)
    assert largest_force(atoms) < 0.03
    assert atoms.get_potential_energy() < before


def test_a_preconditioner_is_taken(atoms: Atoms) -> None:
    with PreconLBFGS(atoms, precon=Exp(A=3), logfile=None, use_armijo=True) as run:
        assert run.run(fmax=0.03, steps=200)
    assert largest_force(atoms) < 0.03


@pytest.mark.parametrize("cell", [FrechetCellFilter, StrainFilter, UnitCellFilter])
def test_each_filter_lets_the_cell_go(cell: type, atoms: Atoms) -> None:
    atoms.set_cell(atoms.cell[:] @ np.diag([1.03, 0.98, 1.02]), scale_atoms=True)
    before = np.abs(atoms.get_stress()).max()
    with BFGS(cell(atoms), logfile=None) as run:
        assert run.run(fmax=0.02, steps=300)
    assert np.abs(atoms.get_stress()).max() < before / 10
    assert np.abs(atoms.get_stress() / units.GPa).max() < 0.5


@pytest.mark.parametrize("suffix", [".traj", ".extxyz", ".db"])
def test_files_bring_back_what_was_computed(suffix: str, atoms: Atoms, tmp_path: Path) -> None:
    energy, forces, stress = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
    write(tmp_path / f"a{suffix}", atoms)
    again = read(tmp_path / f"a{suffix}")
    assert again.get_potential_energy() == pytest.approx(energy, abs=1e-8)
    np.testing.assert_allclose(again.get_forces(), forces, atol=1e-7)
    np.testing.assert_allclose(again.get_stress(), stress, atol=1e-7)


def test_a_run_is_recorded_and_a_later_one_goes_on(atoms: Atoms, tmp_path: Path) -> None:
    path, restart = tmp_path / "run.traj", tmp_path / "state.json"
    with BFGS(atoms, trajectory=path, restart=restart, logfile=None) as run:
        assert not run.run(fmax=1e-3, steps=3)
    with Trajectory(path) as frames:
        energies = [frame.get_potential_energy() for frame in frames]
    assert len(energies) == 4
    assert energies[-1] == pytest.approx(atoms.get_potential_energy(), abs=1e-8)
    with BFGS(atoms, trajectory=path, restart=restart, logfile=None, append_trajectory=True) as run:
        assert run.run(fmax=1e-3, steps=200)
    with Trajectory(path) as frames:
        assert frames[-1].get_potential_energy() <= min(energies) + 1e-6


def test_a_database_is_searched_by_what_was_computed(atoms: Atoms, tmp_path: Path) -> None:
    energy, stress = atoms.get_potential_energy(), atoms.get_stress()
    forces = largest_force(atoms)  # which are written because they have been asked for
    with connect(tmp_path / "a.db") as database:
        database.write(atoms)
    (row,) = connect(tmp_path / "a.db").select(f"energy<{energy + 1e-3}")
    assert row.calculator == atoms.calc.name
    assert row.fmax == pytest.approx(forces, abs=1e-6)
    np.testing.assert_allclose(row.stress, stress, atol=1e-8)


def test_potentials_are_added(atoms: Atoms) -> None:
    ours, forces = atoms.get_potential_energy(), atoms.get_forces()
    theirs = atoms.copy()
    theirs.calc = EMT()
    atoms.calc = SumCalculator([atoms.calc, EMT()])
    assert atoms.get_potential_energy() == pytest.approx(ours + theirs.get_potential_energy())
    np.testing.assert_allclose(atoms.get_forces(), forces + theirs.get_forces(), atol=1e-8)


def test_images_of_a_band_share_a_calculator(calculator: ECNCalculator) -> None:
    """A nickel atom of a crystal with a hole moves into it."""
    start = bulk("Ni", cubic=True) * (2, 1, 1)
    end = start.copy()
    hole, moving = 0, int(np.argsort(start.get_distances(0, range(8), mic=True))[1])
    end.positions[moving] = start.positions[hole]
    for ends in (start, end):
        del ends[hole]
    images = [start, *(start.copy() for _ in range(3)), end]
    for image in images:
        image.calc = calculator
    band = NEB(images, allow_shared_calculator=True, method="improvedtangent")
    band.interpolate(mic=True)
    with BFGS(band, logfile=None) as run:
        run.run(fmax=0.2, steps=60)
    energies = [image.get_potential_energy() for image in images]
    assert energies[0] == pytest.approx(energies[-1], abs=1e-4)
    assert np.argmax(energies) == 2
