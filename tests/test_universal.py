"""What users do with a potential for any crystal: relax, curves, dynamics, phonons, elasticity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.eos import EquationOfState
from ase.filters import FrechetCellFilter
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS

from ase_ecn import ECNCalculator, predict
from ase_ecn.crystal import as_crystal
from ase_ecn.energy import predict_energy
from ase_ecn.errors import OverlappingAtomsError
from ase_ecn.phonons import phonons

NAME = "ecn-universal"


@pytest.fixture
def calculator() -> ECNCalculator:
    return ECNCalculator(NAME, device="cpu")


def test_energy_is_the_formation_energy_of_the_cell(calculator: ECNCalculator) -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.69)
    atoms.calc = calculator
    energy = atoms.get_potential_energy()
    assert energy / 2 == pytest.approx(calculator.get_formation_energy(atoms))
    assert energy / 2 == pytest.approx(-2.1, abs=0.15)  # Materials Project: -2.10
    assert predict(atoms, checkpoint=NAME)[0].forces.shape == (2, 3)


@pytest.mark.parametrize(
    ("atoms", "lattice"),
    [
        (bulk("NaCl", "rocksalt", a=5.3), 5.69),  # PBE
        (bulk("Cu", a=3.9), 3.63),
        (bulk("GaAs", "zincblende", a=5.5), 5.75),
    ],
    ids=["NaCl", "Cu", "GaAs"],
)
def test_cell_and_atoms_relax(atoms: Atoms, lattice: float, calculator: ECNCalculator) -> None:
    atoms = atoms.copy()
    atoms.rattle(0.05, seed=0)
    atoms.calc = calculator
    assert BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=0.02, steps=200)
    primitive = (4 * atoms.get_volume() / (len(atoms) if len(atoms) == 1 else 1)) ** (1 / 3)
    assert primitive == pytest.approx(lattice, rel=0.03)


def test_ase_fits_an_equation_of_state(calculator: ECNCalculator) -> None:
    energies, volumes = [], []
    for a in np.linspace(4.0, 4.45, 9):
        atoms = bulk("MgO", "rocksalt", a=a)
        atoms.calc = calculator
        volumes.append(atoms.get_volume())
        energies.append(atoms.get_potential_energy())
    volume, _, modulus = EquationOfState(volumes, energies, eos="birchmurnaghan").fit()
    assert (4 * volume) ** (1 / 3) == pytest.approx(4.24, rel=0.03)  # PBE
    assert modulus / units.GPa == pytest.approx(150, rel=0.35)  # PBE


def test_dynamics_conserves_energy(calculator: ECNCalculator) -> None:
    atoms = bulk("MgO", "rocksalt", a=4.25, cubic=True)
    atoms.calc = calculator
    thermal = 0.2 * np.sqrt(atoms.get_masses())[:, None]  # about 500 K
    atoms.set_momenta(thermal * np.random.default_rng(0).normal(size=(8, 3)))
    before = atoms.get_total_energy()
    kinetic = atoms.get_kinetic_energy()
    VelocityVerlet(atoms, timestep=0.5 * units.fs).run(100)
    assert abs(atoms.get_kinetic_energy() - kinetic) > 0.05  # it moved
    assert atoms.get_total_energy() == pytest.approx(before, abs=2e-3)


def test_silicon_vibrates_without_imaginary_modes() -> None:
    pytest.importorskip("phonopy")
    lowest, highest = phonons(
        bulk("Si"), calculator=ECNCalculator(NAME, dtype="float64")
    ).extremes()
    assert lowest > -0.3
    assert highest == pytest.approx(15.1, rel=0.25)  # THz, PBE


def test_forces_are_derivatives_in_float64() -> None:
    atoms = bulk("ZnO", "wurtzite", a=3.2, c=5.3)
    atoms.rattle(0.1, seed=3)
    atoms.calc = ECNCalculator(NAME, device="cpu", dtype="float64")
    forces, step, ends = atoms.get_forces(), 1e-4, []
    for shift in (step, -step):
        moved = atoms.copy()
        moved.positions[1, 2] += shift
        moved.calc = atoms.calc
        ends.append(moved.get_potential_energy())
    assert forces[1, 2] == pytest.approx(-(ends[0] - ends[1]) / (2 * step), abs=1e-5)


def test_atoms_too_close_are_an_error_in_words(calculator: ECNCalculator) -> None:
    close = Atoms("H2", [[0, 0, 0], [0.55, 0, 0]], cell=[6, 6, 6], pbc=True)
    with pytest.raises(OverlappingAtomsError, match=r"at least 0\.62 Å are needed"):
        close.calc = calculator


def test_compressed_crystals_are_flagged(calculator: ECNCalculator) -> None:
    crystals = [as_crystal(bulk("Cu", a=a)) for a in (2.2, 3.63)]
    squeezed, usual = calculator.predictor.predict(crystals)
    assert any("shortest_bond" in reason for reason in squeezed.out_of_domain)
    assert not usual.out_of_domain


def test_forces_are_computed_from_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take as long again as the energy; who asks for them once will ask again.

    Of the same atoms elsewhere, the energy and they are all that is computed.
    """
    calculator = ECNCalculator(NAME, device="cpu")
    asked = []
    predict_all = calculator.predictor.predict

    def counted(crystals: Any, *, forces: bool) -> Any:
        asked.append(forces)
        return predict_all(crystals, forces=forces)

    alone = []

    def counted_alone(predictor: Any, crystal: Any, *, forces: bool) -> Any:
        alone.append(forces)
        return predict_energy(predictor, crystal, forces=forces)

    monkeypatch.setattr(calculator.predictor, "predict", counted)
    monkeypatch.setattr("ase_ecn.energy.predict_energy", counted_alone)
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.calc = calculator
    energy = atoms.get_potential_energy()
    calculator.get_property("energy_above_hull", atoms)
    assert (asked, alone) == ([False], [])
    atoms.get_forces()
    atoms.get_stress()
    assert atoms.get_potential_energy() == pytest.approx(energy, abs=1e-6)
    calls = len(asked), len(alone)
    assert sum(calls) == 2
    assert (asked + alone)[-1] is True
    atoms.rattle(0.01)
    atoms.get_potential_energy()
    atoms.get_forces()
    assert (len(asked), len(alone)) == (calls[0], calls[1] + 1)
    assert alone[-1] is True
    other = ECNCalculator(NAME, device="cpu")
    other.calculate(atoms)
    assert {"energy", "forces", "stress"} <= other.results.keys()
