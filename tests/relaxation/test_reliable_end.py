from __future__ import annotations

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.spacegroup import crystal as of_spacegroup

from ase_ecn import relax
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.strain import log_strain
from ase_ecn.relaxation.force_course import ForceCourse, Pull
from ase_ecn.relaxation.reliable_end import CELL_ERROR, EMPNN_SHARE, PLACE_ERROR, reliable_moves
from ase_ecn.relaxation.stopping import CONVERGED, OUT_OF_MEMORY
from ase_ecn.relaxation.surface import EnergySurface

NO_STRAIN = np.zeros((3, 3))


def rutile(a: float = 4.65, c: float = 2.97, x: float = 0.305) -> Atoms:
    """TiO2 as DFT has it."""
    atoms = of_spacegroup(
        ["Ti", "O"], [(0, 0, 0), (x, x, 0)], spacegroup=136, cellpar=[a, a, c, 90, 90, 90]
    )
    return Atoms(
        atoms.numbers, cell=atoms.cell, scaled_positions=atoms.get_scaled_positions(), pbc=True
    )


def test_moves_within_the_error_count_in_part_and_others_nearly_whole() -> None:
    direction = np.full((2, 3), np.sqrt(1 / 3))
    strain = np.diag([1.0, 0, 0])
    moved, strained = reliable_moves(PLACE_ERROR * direction, CELL_ERROR * strain, NO_STRAIN)
    np.testing.assert_allclose(moved, PLACE_ERROR / 2 * direction)
    np.testing.assert_allclose(strained, CELL_ERROR / 2 * strain)
    moved, strained = reliable_moves(direction, 0.2 * strain, NO_STRAIN)
    np.testing.assert_allclose(moved, direction, atol=1e-3)
    np.testing.assert_allclose(strained, 0.2 * strain, atol=2e-3)
    moved, strained = reliable_moves(0 * direction, NO_STRAIN, NO_STRAIN)
    assert not moved.any()
    assert not strained.any()


def test_the_cell_follows_the_network_by_a_share() -> None:
    asked = np.diag([0.2, -0.1, 0.0])
    _, strained = reliable_moves(np.zeros((2, 3)), np.diag([0.4, 0, 0]), asked)
    np.testing.assert_allclose(strained, np.diag([0.4, 0, 0]) + EMPNN_SHARE * asked, atol=2e-3)


def test_a_relaxed_crystal_moves_less_and_another_as_far() -> None:
    relaxed, far = rutile(), rutile(a=4.9, c=3.1, x=0.29)
    inputs = [relaxed, far]
    there, near = (
        relax(inputs, method="all", device="cpu", reliable=r, dtype="float64")
        for r in (False, True)
    )

    def strain(deformation: np.ndarray) -> float:
        return float(np.linalg.norm(log_strain(deformation[None])[0]))

    assert strain(near[0].deformation) < strain(there[0].deformation)
    moved = [np.abs(np.asarray(ends[0].displacements)).max() for ends in (near, there)]
    assert moved[0] < moved[1]
    np.testing.assert_allclose(near[1].atoms.cell[:], there[1].atoms.cell[:], rtol=0.02)
    surface = EnergySurface(device="cpu", dtype="float64")
    for start, low, end in zip(inputs, there, near, strict=True):
        assert end.reason == low.reason == CONVERGED
        # Of what is handed back, not of the minimum.
        (pull,) = surface.pulls([as_crystal(end.atoms)])
        (before,) = surface.pulls([as_crystal(start)])
        assert pull.energy <= before.energy
        assert end.energy_change >= low.energy_change
        assert end.force >= np.linalg.norm(pull.forces, axis=1).max() - 1e-6
        cell = (end.atoms.cell[:], end.atoms.get_scaled_positions(), end.atoms.numbers)
        assert spglib.get_spacegroup(cell, symprec=1e-4) == "P4_2/mnm (136)"


def test_a_batch_is_as_one_by_one_and_what_is_held_stays() -> None:
    fixed = bulk("MgO", "rocksalt", a=4.35, cubic=True)
    fixed.rattle(0.1, seed=3)
    fixed.set_constraint(FixAtoms([0, 3]))
    inputs = [rutile(), fixed, bulk("Cu", a=3.7)]
    options = {"method": "all", "device": "cpu", "reliable": True, "dtype": "float64"}
    together = relax(inputs, batch_size=2, **options)  # type: ignore[call-overload]
    for atoms, result in zip(inputs, together, strict=True):
        (alone,) = relax(atoms, **options)  # type: ignore[call-overload]
        np.testing.assert_allclose(alone.atoms.cell[:], result.atoms.cell[:], atol=1e-6)
        np.testing.assert_allclose(alone.atoms.positions, result.atoms.positions, atol=1e-6)
    moved = together[1].atoms.get_scaled_positions() - fixed.get_scaled_positions()
    moved -= np.round(moved)
    assert np.abs(moved[[0, 3]]).max() < 1e-12
    assert np.abs(moved[[1, 2]]).max() > 1e-3
    (plane,) = relax(rutile(a=4.8), mask=[1, 1, 0, 0, 0, 1], **options)  # type: ignore[call-overload]
    assert np.abs(log_strain(plane.deformation[None])[0, 2]).max() < 1e-10
    assert plane.atoms.cell.lengths()[0] < 4.75


def test_no_crystal_ends_above_its_start_or_without_an_answer() -> None:
    crystal = as_crystal(bulk("Cu", a=3.7))

    def pull(energy: float, pressure: float) -> Pull:
        return Pull(energy, np.zeros((1, 3)), pressure * np.array([1.0, 1, 1, 0, 0, 0]))

    course = ForceCourse(crystal, steps=1)
    for answer in (pull(0.0, 0.1), pull(-1.0, 0.1)):
        course.take(answer)
    assert course.reason == "steps"
    deformation = course.deformation
    assert np.linalg.det(deformation) < 1
    course.end_reliably(np.full((3, 3), np.nan))
    assert course.reason == "steps"
    course.end_reliably(NO_STRAIN)
    assert course.reason is None
    course.take(pull(0.1, 0.0))  # above the start
    assert (course.reason, course.energy_change) == ("steps", -1.0)
    np.testing.assert_array_equal(course.deformation, deformation)
    course.end_reliably(NO_STRAIN)
    course.take(pull(-0.9, 0.0))
    assert course.energy_change == pytest.approx(-0.9)
    assert course.force == 0
    assert np.linalg.det(deformation) < np.linalg.det(course.deformation) < 1
    course.give_up(OUT_OF_MEMORY)
    course.end_reliably(NO_STRAIN)
    assert course.reason == OUT_OF_MEMORY


@pytest.mark.parametrize("options", [{}, {"method": "all", "scalar_pressure": 0.1}])
def test_it_is_refused_where_it_has_no_meaning(options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="reliable"):
        relax(bulk("Cu"), device="cpu", reliable=True, **options)  # type: ignore[call-overload]
