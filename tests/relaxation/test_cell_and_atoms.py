from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import spglib
import torch
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms, FixBondLength, FixSymmetry
from ase.io import read
from ase.spacegroup import crystal as of_spacegroup
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn import ECNCalculator, LatticeRelaxer, relax
from ase_ecn.checkpoint import DEFAULT_POTENTIAL
from ase_ecn.errors import (
    CheckpointError,
    CrystalError,
    OptionError,
    PeriodicityError,
    UnsupportedElementError,
)
from ase_ecn.geometry.strain import log_strain
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.surface import EnergySurface
from ase_ecn.testing import random_equivalent


@pytest.fixture(scope="module")
def surface() -> EnergySurface:
    return EnergySurface(device="cpu")


def energy(atoms: Atoms) -> float:
    atoms = atoms.copy()
    atoms.set_constraint()
    atoms.calc = ECNCalculator(DEFAULT_POTENTIAL, device="cpu")
    return float(atoms.get_potential_energy())


def anatase() -> Atoms:
    atoms = of_spacegroup(
        ["Ti", "O"],
        [(0, 0, 0), (0, 0, 0.19)],  # z of oxygen is 0.208
        spacegroup=141,
        cellpar=[3.9, 3.9, 9.3, 90, 90, 90],
    )
    return Atoms(
        atoms.numbers, cell=atoms.cell, scaled_positions=atoms.get_scaled_positions(), pbc=True
    )


def rattled() -> Atoms:
    atoms = bulk("MgO", "rocksalt", a=4.35, cubic=True)
    atoms.rattle(0.12, seed=3)
    return atoms


def test_atoms_and_cell_come_to_rest_where_the_energy_is_lower() -> None:
    inputs = [anatase(), rattled(), bulk("Cu"), bulk("ZnO", "wurtzite", a=3.4, c=5.1)]
    before = [atoms.copy() for atoms in inputs]
    for start, atoms, result in zip(
        before, inputs, relax(inputs, method="all", device="cpu", fmax=0.02), strict=True
    ):
        assert atoms == start
        assert (result.converged, result.reason) == (True, "converged")
        assert result.force < 0.02
        assert result.energy_change <= 0
        assert energy(result.atoms) <= energy(start) + 1e-6
        result.atoms.calc = ECNCalculator(DEFAULT_POTENTIAL, device="cpu")
        assert np.abs(result.atoms.get_forces()).max() < 0.03
        virial = result.atoms.get_stress() * result.atoms.get_volume() / len(start)
        assert np.abs(virial).max() < 0.02


def test_an_internal_coordinate_is_found() -> None:
    (result,) = relax(anatase(), method="all", device="cpu", fmax=0.01)
    apart = result.atoms.get_all_distances(mic=True)
    near = np.sort(apart[result.atoms.numbers == 22][:, result.atoms.numbers == 8], axis=1)
    assert near[0, :2] == pytest.approx(1.95, abs=0.04)  # to the equatorial atoms
    assert near[0, 2:4] == pytest.approx(2.0, abs=0.04)  # to the apical ones


@pytest.mark.parametrize("make", [anatase, lambda: bulk("ZnO", "wurtzite", a=3.4, c=5.1)])
def test_the_space_group_is_kept(make: object) -> None:
    start = make()  # type: ignore[operator]
    (result,) = relax(start, method="all", device="cpu")
    assert np.abs(result.displacements).max() > 1e-3

    def group(atoms: Atoms) -> str:
        cell = (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers)
        return str(spglib.get_spacegroup(cell, symprec=1e-4))

    assert group(result.atoms) == group(start)


def test_descriptions_of_a_crystal_relax_alike() -> None:
    start = anatase()
    other = random_equivalent(start, np.random.default_rng(2)).atoms
    first, second = relax([start, other], method="all", device="cpu", dtype="float64", fmax=0.005)
    per_atom = [r.atoms.get_volume() / len(r.atoms) for r in (first, second)]
    assert per_atom[0] == pytest.approx(per_atom[1], rel=1e-3)
    assert energy(first.atoms) / len(start) == pytest.approx(
        energy(second.atoms) / len(other), abs=1e-4
    )


def test_a_supercell_stays_a_repetition() -> None:
    start = anatase()
    double = start * (1, 2, 1)
    first, second = relax([start, double], method="all", device="cpu", dtype="float64")
    np.testing.assert_allclose(
        second.atoms.cell[:] / [[1], [2], [1]], first.atoms.cell[:], atol=1e-5
    )
    np.testing.assert_allclose(
        second.displacements[: len(start)], second.displacements[len(start) :], atol=1e-12
    )


def test_many_crystals_as_one_by_one(network: StrainPredictor, surface: EnergySurface) -> None:
    inputs = [anatase(), rattled(), bulk("Si") * (1, 1, 2)]
    together = relax(inputs, method="all", device="cpu", batch_size=2)
    for atoms, result in zip(inputs, together, strict=True):
        alone = atoms.copy()
        relaxer = LatticeRelaxer(
            alone, checkpoint=network, method="all", potential=surface, logfile=None
        )
        assert relaxer.run()
        assert relaxer.reason == result.reason
        assert relaxer.converged()
        np.testing.assert_allclose(alone.cell[:], result.atoms.cell[:], atol=5e-3)
        np.testing.assert_allclose(alone.positions, result.atoms.positions, atol=5e-3)


def test_steps_are_limited_and_the_best_is_kept() -> None:
    start = rattled()
    (result,) = relax(start, method="all", device="cpu", steps=0)
    assert (result.steps, result.reason, result.converged) == (0, "steps", False)
    assert result.force > 0.05
    np.testing.assert_allclose(result.atoms.positions, start.positions, atol=1e-12)
    (result,) = relax(start, method="all", device="cpu", steps=4, fmax=1e-6)
    assert (result.steps, result.reason) == (4, "steps")
    assert energy(result.atoms) < energy(start)


def test_constraints_are_honoured_or_refused_in_words() -> None:
    fixed = rattled()
    fixed.set_constraint(FixAtoms([0, 3]))
    symmetric = anatase()
    symmetric.set_constraint(FixSymmetry(symmetric))
    odd = rattled()
    odd.set_constraint(FixBondLength(0, 1))
    results = relax(
        [fixed, symmetric, odd, rattled()], method="all", device="cpu", on_error="return"
    )
    assert isinstance(results[2], CrystalError)
    assert "structure 2" in str(results[2])
    assert "FixBondLength" in str(results[2])
    moved = results[0].atoms.get_scaled_positions() - fixed.get_scaled_positions()
    moved -= np.round(moved)
    assert np.abs(moved[[0, 3]]).max() < 1e-12
    assert np.abs(moved[[1, 2]]).max() > 1e-3
    assert results[0].converged
    assert results[1].converged
    assert results[3].converged
    structure = AseAtomsAdaptor.get_structure(rattled())
    structure.add_site_property("selective_dynamics", [[False] * 3] + [[True] * 3] * 7)
    (result,) = relax(structure, method="all", device="cpu")
    kept = result.atoms.cell.scaled_positions(result.atoms.positions)[0]
    assert kept == pytest.approx(structure.frac_coords[0], abs=1e-10)
    structure.add_site_property("selective_dynamics", [[False, True, True]] * 8)
    with pytest.raises(CrystalError, match="selective_dynamics"):
        relax(structure, method="all", device="cpu")


def test_masks_hold_for_the_whole_deformation() -> None:
    start = anatase()

    def strain(**options: object) -> np.ndarray:
        (result,) = relax(start, method="all", device="cpu", **options)  # type: ignore[arg-type]
        assert result.converged
        assert np.abs(result.displacements).max() > 1e-3
        return np.asarray(log_strain(result.deformation[None])[0])

    plane = strain(mask=[1, 1, 0, 0, 0, 1])
    assert np.abs(plane[2]).max() < 1e-10
    assert abs(plane[0, 0]) > 1e-3
    assert np.abs(strain(mask=[0] * 6)).max() < 1e-10
    shape = strain(hydrostatic=True)
    np.testing.assert_allclose(shape, shape[0, 0] * np.eye(3), atol=1e-10)
    assert abs(np.trace(strain(constant_volume=True))) < 1e-10


def test_pressure_shrinks_a_crystal() -> None:
    relaxed = relax(bulk("MgO", "rocksalt", a=4.3), method="all", device="cpu")[0].atoms
    pressure = 0.06  # eV/Å³, about 10 GPa
    (result,) = relax(relaxed, method="all", device="cpu", scalar_pressure=pressure, fmax=0.002)
    assert result.atoms.get_volume() < 0.97 * relaxed.get_volume()
    result.atoms.calc = ECNCalculator(DEFAULT_POTENTIAL, device="cpu")
    assert result.atoms.get_stress()[:3] == pytest.approx(-pressure, abs=1e-3)


def test_bad_input_spoils_no_other_crystal() -> None:
    close = bulk("MgO", "rocksalt", a=4.2)
    close.positions[1] = close.positions[0] + [0.63, 0, 0]  # as near as inputs may be
    inputs = [Atoms("H2"), bulk("Kr", "fcc", a=5.7), close, bulk("Cu"), bulk("Fm", "fcc", a=5.0)]
    results = relax(inputs, method="all", device="cpu", on_error="return")
    assert isinstance(results[0], PeriodicityError)
    assert isinstance(results[4], UnsupportedElementError)
    assert results[2].energy_change <= 0
    assert results[3].converged


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "both"}, OptionError, "'lattice' or 'all'"),
        ({"method": "all", "fmax": 0}, OptionError, "fmax"),
        ({"method": "all", "steps": -1}, OptionError, "steps"),
        ({"method": "all", "potential": "ecn-mp20"}, CheckpointError, "no forces"),
        ({"method": "all", "potential": "ecn-pes"}, UnsupportedElementError, "no data for"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        relax(bulk("MgO", "rocksalt", a=4.2), device="cpu", **options)  # type: ignore[call-overload]


def test_another_potential_can_be_followed() -> None:
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.05, seed=1)
    (result,) = relax(atoms, method="all", potential="ecn-pes", device="cpu")
    assert result.converged
    result.atoms.calc = ECNCalculator("ecn-pes", device="cpu")
    assert np.abs(result.atoms.get_forces()).max() < 0.06


def test_the_relaxer_logs_observes_and_restarts(
    network: StrainPredictor, surface: EnergySurface, tmp_path: Path
) -> None:
    def made(atoms: Atoms, **options: object) -> LatticeRelaxer:
        given = {"checkpoint": network, "method": "all", "potential": surface, **options}
        return LatticeRelaxer(atoms, **given)  # type: ignore[arg-type]

    log, seen = io.StringIO(), []
    atoms = rattled()
    relaxer = made(atoms, logfile=log, trajectory=tmp_path / "a.traj", restart=tmp_path / "r.json")
    relaxer.attach(lambda: seen.append(relaxer.nsteps))
    assert relaxer.run(steps=6, fmax=1e-6) is False
    assert relaxer.nsteps == 6
    assert seen[-1] == 6
    assert sorted(seen) == seen
    assert "Strain" in log.getvalue()
    assert "Energy" in log.getvalue()
    images = read(tmp_path / "a.traj", index=":")
    np.testing.assert_allclose(images[-1].positions, atoms.positions, atol=1e-12)
    again = rattled()
    resumed = made(again, logfile=None, restart=tmp_path / "r.json")
    assert resumed.nsteps == 6
    np.testing.assert_allclose(again.positions, atoms.positions, atol=1e-9)
    reached = energy(again)
    assert resumed.run()
    assert energy(again) <= reached


@pytest.mark.gpu
def test_a_gpu_relaxes_alike() -> None:
    assert torch.cuda.is_available()
    on_cpu, on_gpu = (relax(rattled(), method="all", device=d)[0] for d in ("cpu", "cuda"))
    np.testing.assert_allclose(on_cpu.atoms.positions, on_gpu.atoms.positions, atol=1e-2)
