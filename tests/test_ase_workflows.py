"""The universal potential in ASE's tools, on an oxide, a halide, an intermetallic and elements."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.eos import EquationOfState
from ase.filters import FrechetCellFilter
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS, FIRE
from ase.optimize.optimize import Optimizer
from ase.spacegroup import crystal

from ase_ecn import ECNCalculator
from ase_ecn.errors import UnsupportedElementError

NAME = "ecn-universal"


def oxide() -> Atoms:
    """Rutile, whose oxygen atoms are free along the diagonal."""
    places = [(0, 0, 0), (0.305, 0.305, 0)]
    return crystal(["Ti", "O"], places, spacegroup=136, cellpar=[4.65, 4.65, 2.97, 90, 90, 90])


CRYSTALS = {
    "oxide": oxide(),
    "halide": bulk("CsCl", "cesiumchloride", a=4.2),
    "intermetallic": bulk("NiAl", "cesiumchloride", a=2.9),
    "metal": bulk("Mg"),
}


@pytest.fixture
def calculator() -> ECNCalculator:
    return ECNCalculator(NAME, device="cpu", dtype="float64")


def moved(name: str, calculator: ECNCalculator) -> Atoms:
    atoms = CRYSTALS[name].copy()
    atoms.rattle(0.05, seed=1)
    atoms.calc = calculator
    return atoms


@pytest.mark.parametrize("name", CRYSTALS)
def test_forces_and_stress_are_derivatives(name: str, calculator: ECNCalculator) -> None:
    atoms, step = moved(name, calculator), 1e-4
    rng = np.random.default_rng(0)
    move, strain = rng.normal(size=(len(atoms), 3)), rng.normal(size=(3, 3))
    strain = strain + strain.T
    forces, stress = atoms.get_forces(), atoms.get_stress(voigt=False)
    energies = {}
    for sign in (1, -1):
        shifted, strained = moved(name, calculator), moved(name, calculator)
        shifted.positions += sign * step * move
        strained.set_cell(atoms.cell[:] @ (np.eye(3) + sign * step * strain), scale_atoms=True)
        energies[sign] = shifted.get_potential_energy(), strained.get_potential_energy()
    by_move, by_strain = (np.array(energies[1]) - energies[-1]) / (2 * step)
    assert (forces * move).sum() == pytest.approx(-by_move, abs=1e-5)
    assert (stress * strain).sum() * atoms.get_volume() == pytest.approx(by_strain, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "optimizer"), [*((name, BFGS) for name in CRYSTALS), ("halide", FIRE), ("metal", FIRE)]
)
def test_cell_and_atoms_come_to_rest(
    name: str, optimizer: type[Optimizer], calculator: ECNCalculator
) -> None:
    atoms = moved(name, calculator)
    before = atoms.get_potential_energy()
    assert optimizer(FrechetCellFilter(atoms), logfile=None).run(fmax=0.02, steps=300)
    assert atoms.get_potential_energy() < before
    assert np.linalg.norm(atoms.get_forces(), axis=1).max() < 0.02
    assert np.abs(atoms.get_stress() / units.GPa).max() < 0.3


def drifts(atoms: Atoms, timestep: float, duration: float) -> float:
    """Largest deviation of the total energy (eV) from its start."""
    mechanics, start = VelocityVerlet(atoms, timestep=timestep * units.fs), atoms.get_total_energy()
    deviations = []
    for _ in range(round(duration / timestep / 4)):
        mechanics.run(4)
        deviations.append(abs(atoms.get_total_energy() - start))
    return max(deviations)


@pytest.mark.parametrize("name", CRYSTALS)
def test_dynamics_conserves_energy_the_better_the_shorter_its_steps(
    name: str, calculator: ECNCalculator
) -> None:
    found = []
    for timestep in (2.0, 1.0):
        atoms = moved(name, calculator)
        kicks = np.random.default_rng(0).normal(size=(len(atoms), 3))
        atoms.set_velocities(kicks * np.sqrt(300 * units.kB / atoms.get_masses())[:, None])
        found.append(drifts(atoms, timestep, 32))
    assert found[1] < 1e-3 * len(atoms)
    assert found[1] < 0.4 * found[0]  # a quarter, for a method of second order


def test_float32_conserves_energy_too() -> None:
    atoms = moved("intermetallic", ECNCalculator(NAME, device="cpu"))
    kicks = np.random.default_rng(0).normal(size=(len(atoms), 3))
    atoms.set_velocities(kicks * np.sqrt(300 * units.kB / atoms.get_masses())[:, None])
    assert drifts(atoms, 1.0, 100) < 1e-3 * len(atoms)


@pytest.mark.parametrize(("name", "lattice"), [("halide", 4.2), ("intermetallic", 2.9)])
def test_elastic_constants_agree_with_the_equation_of_state(
    name: str, lattice: float, calculator: ECNCalculator
) -> None:
    """(C11 + 2 C12) / 3 from stresses is the bulk modulus from energies, and shear is resisted."""
    at_rest = CRYSTALS[name].copy()
    at_rest.calc = calculator
    cell = FrechetCellFilter(at_rest, hydrostatic_strain=True)
    assert BFGS(cell, logfile=None).run(fmax=1e-4, steps=100)
    assert at_rest.cell[0, 0] == pytest.approx(lattice, rel=0.05)

    def stress(strain: np.ndarray) -> np.ndarray:
        atoms = at_rest.copy()
        atoms.set_cell(at_rest.cell[:] @ (np.eye(3) + strain), scale_atoms=True)
        atoms.calc = calculator
        found: np.ndarray = atoms.get_stress() / units.GPa
        return found

    size, stretch, shear = 1e-3, np.zeros((3, 3)), np.zeros((3, 3))
    stretch[0, 0], shear[0, 1], shear[1, 0] = size, size / 2, size / 2
    c11, c12, c13 = ((stress(stretch) - stress(-stretch)) / (2 * size))[:3]
    c44 = ((stress(shear) - stress(-shear)) / (2 * size))[5]
    assert c12 == pytest.approx(c13, rel=1e-3)
    assert c11 > c12
    assert c44 > 0
    volumes, energies = [], []
    for strain in np.linspace(-0.01, 0.01, 9):
        atoms = at_rest.copy()
        atoms.set_cell(at_rest.cell[:] * (1 + strain), scale_atoms=True)
        atoms.calc = calculator
        volumes.append(atoms.get_volume())
        energies.append(atoms.get_potential_energy())
    _, _, modulus = EquationOfState(volumes, energies, eos="birchmurnaghan").fit()
    assert (c11 + 2 * c12) / 3 == pytest.approx(modulus / units.GPa, rel=0.02)


@pytest.mark.parametrize("symbol", ["Ar", "Po", "Am"])
def test_elements_without_labels_are_refused_by_name(
    symbol: str, calculator: ECNCalculator
) -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.symbols[0] = symbol
    with pytest.raises(UnsupportedElementError, match=symbol):
        atoms.calc = calculator
