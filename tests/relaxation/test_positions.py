"""Cells and atoms that follow an EMPNN that moves both."""

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

from ase_ecn import LatticeRelaxer, relax
from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CheckpointError, CrystalError, OptionError
from ase_ecn.geometry.strain import exp_symmetric, log_strain
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.relaxation.moves_course import BOND, Move, MovesCourse
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.stopping import DISPLACEMENT_ERROR
from ase_ecn.testing import random_equivalent


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights that strains cells and moves atoms by some hundredths."""
    torch.manual_seed(1)
    config = EMPNNConfig(features=16, plain_layers=1, deforming_layers=2, positions=True)
    model = EMPNN(config).double()
    for layer in model.deforming:
        torch.nn.init.normal_(layer.weight.weight, std=0.1)
        torch.nn.init.normal_(layer.pull.weight, std=0.6)
    path = tmp_path_factory.mktemp("moving") / "m.safetensors"
    save_checkpoint(path, model, {"name": "moving", "elements": list(range(1, 90))})
    return path


def plain(atoms: Atoms) -> Atoms:
    scaled = atoms.get_scaled_positions()
    return Atoms(atoms.numbers, cell=atoms.cell, scaled_positions=scaled, pbc=True)


def prototypes() -> dict[str, Atoms]:
    """With free coordinates of atoms, and without."""
    rutile = of_spacegroup(
        ["Ti", "O"],
        [(0, 0, 0), (0.3, 0.3, 0)],
        spacegroup=136,
        cellpar=[4.6, 4.6, 2.95, 90, 90, 90],
    )
    pyrite = of_spacegroup(
        ["Fe", "S"],
        [(0, 0, 0), (0.385, 0.385, 0.385)],
        spacegroup=205,
        cellpar=[5.4] * 3 + [90] * 3,
    )
    quartz = of_spacegroup(
        ["Si", "O"],
        [(0.47, 0, 1 / 3), (0.413, 0.267, 0.2137)],
        spacegroup=152,
        cellpar=[4.91, 4.91, 5.4, 90, 90, 120],
    )
    rattled = bulk("MgO", "rocksalt", a=4.3, cubic=True)
    rattled.rattle(0.1, seed=3)
    found = {"rutile": rutile, "pyrite": pyrite, "quartz": quartz, "rattled": rattled}
    found |= {
        "wurtzite": bulk("ZnO", "wurtzite", a=3.4, c=5.1),
        "rocksalt": bulk("NaCl", a=5.6, crystalstructure="rocksalt"),
    }
    return {name: plain(atoms) for name, atoms in found.items()}


FREE = ("rutile", "pyrite", "quartz", "rattled", "wurtzite")


def moved(path: Path, atoms: list[Atoms], **options: object) -> list[object]:
    given = {"checkpoint": path, "positions": True, "device": "cpu", "dtype": "float64"}
    return relax(atoms, **{**given, "strain_tol": 1e-9, "steps": 1, **options})  # type: ignore[call-overload]


@pytest.mark.parametrize("name", prototypes())
def test_moves_do_not_depend_on_the_description(moving: Path, name: str) -> None:
    """Primitive cell, supercell, basis, order, origin and orientation."""
    atoms = prototypes()[name]
    other = random_equivalent(atoms, np.random.default_rng(5), max_atoms=60)
    first, second = moved(moving, [atoms, other.atoms])
    assert first.steps == second.steps == 1
    assert np.abs(first.displacements).max() > 1e-3 or name == "rocksalt"
    turned = other.rotation.T @ first.deformation @ other.rotation
    np.testing.assert_allclose(second.deformation, turned, atol=1e-8)
    there = first.displacements[other.source] @ other.rotation
    np.testing.assert_allclose(second.displacements, there, atol=1e-8)


@pytest.mark.parametrize("name", prototypes())
def test_the_space_group_stays(moving: Path, name: str) -> None:
    atoms = prototypes()[name]
    (result,) = moved(moving, [atoms], dtype="float32", steps=6)

    def group(one: Atoms) -> str:
        cell = (one.cell[:], one.get_scaled_positions(), one.numbers)
        return str(spglib.get_spacegroup(cell, symprec=1e-5))

    assert group(result.atoms) == group(atoms)


def test_the_network_moves_as_the_result_says(moving: Path) -> None:
    """One step of a crystal without symmetry is what the network itself makes of it."""
    atoms = prototypes()["rattled"]
    (result,) = moved(moving, [atoms], steps=1)
    network = StrainPredictor(moving, device="cpu", dtype="float64")
    (move,) = network.moves([as_crystal(atoms)])
    cell = atoms.cell[:] @ exp_symmetric(move.strain)
    np.testing.assert_allclose(result.atoms.cell[:], cell, atol=1e-9)
    apart = (
        result.atoms.cell.scaled_positions(result.atoms.positions) - atoms.get_scaled_positions()
    )
    shift = move.shift - move.shift.mean(axis=0)
    np.testing.assert_allclose(apart, shift, atol=1e-9)
    assert np.abs(shift).max() > 1e-3


def test_fixed_atoms_stay_and_the_others_move_against_them(moving: Path) -> None:
    atoms = prototypes()["rattled"]
    free, held = atoms.copy(), atoms.copy()
    held.set_constraint(FixAtoms([2]))
    first, second = moved(moving, [free, held], steps=1)
    apart = [
        r.atoms.cell.scaled_positions(r.atoms.positions) - atoms.get_scaled_positions()
        for r in (first, second)
    ]
    assert np.abs(apart[1][2]).max() < 1e-12
    np.testing.assert_allclose(apart[1], apart[0] - apart[0][2], atol=1e-9)
    assert len(second.atoms.constraints) == 1


def test_constraints_are_honoured_or_refused_for_each_crystal(moving: Path) -> None:
    symmetric, odd = prototypes()["rutile"], prototypes()["rattled"]
    symmetric.set_constraint(FixSymmetry(symmetric))
    odd.set_constraint(FixBondLength(0, 1))
    results = moved(moving, [symmetric, odd, prototypes()["quartz"]], on_error="return")
    assert results[0].steps == results[2].steps == 1
    assert isinstance(results[1], CrystalError)
    assert "structure 1" in str(results[1])
    assert "FixBondLength" in str(results[1])
    with pytest.raises(CrystalError, match="FixBondLength"):
        LatticeRelaxer(odd, checkpoint=moving, positions=True, device="cpu")


def test_masks_hold_for_the_cell_and_leave_the_atoms(moving: Path) -> None:
    def strain(**options: object) -> np.ndarray:
        (result,) = moved(moving, [prototypes()["quartz"]], **options)
        assert np.abs(result.displacements).max() > 1e-3
        return np.asarray(log_strain(result.deformation[None])[0])

    assert np.abs(strain(mask=[0] * 6)).max() < 1e-12
    axis = strain(mask=[0, 0, 1, 0, 0, 0])
    assert abs(axis[2, 2]) > 1e-4
    assert np.abs(axis[:2]).max() < 1e-12
    shape = strain(hydrostatic=True)
    np.testing.assert_allclose(shape, shape[0, 0] * np.eye(3), atol=1e-12)


def test_what_cannot_be_is_refused(moving: Path, network: StrainPredictor) -> None:
    atoms = prototypes()["quartz"]
    with pytest.raises(CheckpointError, match="moves no atoms"):
        relax(atoms, checkpoint="empnn-mp20", positions=True, device="cpu")
    with pytest.raises(CheckpointError, match="moves no atoms"):
        LatticeRelaxer(atoms, checkpoint=network, positions=True)
    with pytest.raises(OptionError, match="scalar_pressure"):
        relax(atoms, checkpoint=moving, positions=True, scalar_pressure=0.1, device="cpu")
    with pytest.raises(OptionError, match="fmax"):
        LatticeRelaxer(atoms, checkpoint=moving, positions=True, device="cpu", logfile=None).run(
            fmax=0.05
        )


def test_the_relaxer_moves_as_relax_does_logs_and_restarts(moving: Path, tmp_path: Path) -> None:
    start = prototypes()["quartz"]
    network = StrainPredictor(moving, device="cpu", dtype="float64")

    def made(atoms: Atoms, **options: object) -> LatticeRelaxer:
        given = {"checkpoint": network, "positions": True, "logfile": None, **options}
        return LatticeRelaxer(atoms, **given)  # type: ignore[arg-type]

    (result,) = moved(moving, [start], steps=3)
    log, atoms = io.StringIO(), start.copy()
    relaxer = made(atoms, logfile=log, trajectory=tmp_path / "a.traj", restart=tmp_path / "r.json")
    assert relaxer.run(strain_tol=1e-9, steps=3) is False
    assert (relaxer.nsteps, relaxer.reason) == (3, result.reason)
    np.testing.assert_allclose(atoms.positions, result.atoms.positions, atol=1e-9)
    np.testing.assert_allclose(atoms.cell[:], result.atoms.cell[:], atol=1e-9)
    images = read(tmp_path / "a.traj", index=":")
    np.testing.assert_allclose(images[0].positions, start.positions, atol=1e-9)
    np.testing.assert_allclose(images[-1].positions, atoms.positions, atol=1e-9)
    assert log.getvalue().count("LatticeRelaxer:") >= 4
    again = start.copy()
    assert made(again, restart=tmp_path / "r.json").nsteps == 3
    np.testing.assert_allclose(again.positions, atoms.positions, atol=1e-9)
    one = start.copy()
    made(one).step()
    np.testing.assert_allclose(one.positions, images[1].positions, atol=1e-9)


def test_forces_go_on_from_the_moved_atoms(moving: Path) -> None:
    """They never end above the input, however bad the place that a network leads to."""
    start = prototypes()["wurtzite"]
    (result,) = relax(
        start, checkpoint=moving, positions=True, method="all", device="cpu", fmax=0.02
    )
    assert result.converged
    assert result.energy_change <= 0
    (alone,) = relax(start, method="all", device="cpu", fmax=0.02)
    assert result.atoms.get_volume() == pytest.approx(alone.atoms.get_volume(), rel=5e-3)


def test_a_course_ends_with_the_reliable_part_of_a_small_move() -> None:
    crystal = as_crystal(prototypes()["rattled"])
    course = MovesCourse(crystal, strain_tol=0.02)
    shift = np.zeros((len(crystal), 3))
    shift[0, 0], shift[1, 0] = 0.03 / crystal.cell[0, 0], -0.03 / crystal.cell[0, 0]
    course.take(Move(np.zeros((3, 3)), shift))
    assert (course.reason, course.steps) == ("converged", 1)
    assert course.sizes == [pytest.approx(0.03 / BOND)]
    square = 2 * 0.03**2 / len(crystal)
    part = 0.03 * square / (square + DISPLACEMENT_ERROR**2)
    assert course.displacements[0, 0] == pytest.approx(part)


def test_a_course_gives_up_what_is_not_a_number_and_goes_back_from_close_atoms() -> None:
    crystal = as_crystal(bulk("MgO", "rocksalt", a=4.2, cubic=True))
    still = np.zeros((len(crystal), 3))
    sites = np.zeros((len(crystal.primitive.crystal), 3))
    broken = MovesCourse(crystal)
    broken.take(Move(np.full((3, 3), np.nan), sites))
    assert broken.reason == "strain out of range"
    np.testing.assert_array_equal(broken.deformation, np.eye(3))
    np.testing.assert_array_equal(broken.displacements, still)
    squeezed = MovesCourse(as_crystal(prototypes()["rattled"]), steps=1)
    here = as_crystal(prototypes()["rattled"]).scaled_positions
    onto = still.copy()
    onto[0] = here[4] - here[0]
    for _ in range(2):
        squeezed.take(Move(np.zeros((3, 3)), onto))
    assert squeezed.reason == "atoms too close"
    np.testing.assert_allclose(squeezed.displacements, still, atol=1e-12)
