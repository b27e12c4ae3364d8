from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from relaxations import pull, relaxer

from ase_ecn import relax
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.geometry.strain import allowed_strain
from ase_ecn.relaxation.course import CellCourse
from ase_ecn.relaxation.follow import follow
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.stopping import OUT_OF_MEMORY, reliable_part


def test_a_cell_that_runs_away_is_left_as_it_was(
    strained: Atoms, network: StrainPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = strained.cell[:].copy()
    monkeypatch.setattr(
        StrainPredictor, "log_strains", lambda self, crystals, graphs: np.tile(np.eye(3), (1, 1, 1))
    )
    result = relax(strained, device="cpu")[0]
    assert (result.converged, result.reason, result.steps) == (False, "strain out of range", 1)
    np.testing.assert_allclose(result.atoms.cell[:], before, atol=1e-12)
    optimizer = relaxer(strained, network)
    assert optimizer.run() is False
    assert optimizer.reason == "strain out of range"
    np.testing.assert_allclose(strained.cell[:], before, atol=1e-12)


@pytest.mark.parametrize(
    ("factor", "reason"), [(1.99, "oscillating"), (1.5, "converged"), (1.9, "steps")]
)
def test_only_a_relaxation_whose_strains_cease_to_shrink_is_oscillating(
    factor: float,
    reason: str,
    strained: Atoms,
    network: StrainPredictor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(StrainPredictor, "log_strains", pull(20.0, factor))
    before = strained.copy()
    result = relax(before, device="cpu")[0]
    optimizer = relaxer(strained, network)
    assert optimizer.run() is (reason == "converged")
    assert (result.reason, optimizer.reason) == (reason, reason)
    assert result.steps == optimizer.nsteps
    np.testing.assert_allclose(result.atoms.cell[:], strained.cell[:], atol=1e-12)
    if reason == "oscillating":
        assert result.steps == 2
        assert result.strain == pytest.approx(
            np.linalg.norm(optimizer.optimizable.get_strain()), rel=1e-9
        )
        assert result.strain_spread > result.strain


def test_the_best_cell_of_an_oscillation_is_taken(
    strained: Atoms, network: StrainPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Overshoots a little more each time, so that the first cell is the best.
    monkeypatch.setattr(StrainPredictor, "log_strains", pull(20.0, 2.01))
    before = strained.cell[:].copy()
    result = relax(strained, device="cpu")[0]
    relaxer(strained, network).run()
    assert (result.reason, result.converged) == ("oscillating", False)
    np.testing.assert_allclose(result.atoms.cell[:], before, atol=1e-12)
    np.testing.assert_allclose(strained.cell[:], before, atol=1e-12)


def test_a_course_needs_no_network() -> None:
    crystal = as_crystal(bulk("Cu"))
    course = CellCourse(crystal, strain_tol=0.02, steps=3)
    assert np.isnan(course.strain)
    for size in (0.1, 0.05, 0.001):
        assert course.reason is None
        np.testing.assert_allclose(course.crystal.cell, crystal.cell @ course.deformation)
        course.take(size * np.eye(3))
    assert (course.reason, course.converged, course.steps) == ("converged", True, 3)
    part = reliable_part(0.001 * np.eye(3))[0, 0]
    np.testing.assert_allclose(course.deformation, np.exp(0.15 + part) * np.eye(3), rtol=1e-12)
    np.testing.assert_allclose(course.crystal.cell, crystal.cell @ course.deformation)


def test_a_course_that_goes_on_limits_the_whole_deformation() -> None:
    crystal = as_crystal(bulk("Cu"))
    so_far = np.diag([1.1, 1.0, 1.0])
    allowed = allowed_strain([1, 0, 0, 0, 0, 0])
    start = crystal.with_cell(crystal.cell @ so_far)
    course = CellCourse(start, allowed=allowed, deformation=so_far, steps=1)
    course.take(0.1 * np.ones((3, 3)))
    expected = np.diag([1.1 * np.exp(0.1), 1.0, 1.0])
    np.testing.assert_allclose(course.deformation, expected, atol=1e-12)
    course.give_up(OUT_OF_MEMORY)
    np.testing.assert_array_equal(course.deformation, np.eye(3))


class Countdown:
    """Takes numbers, not strains, and stops after as many as its crystal has atoms."""

    def __init__(self, crystal: Crystal) -> None:
        self.crystal = crystal
        self.reason: str | None = None
        self.taken: list[float] = []

    def take(self, answer: float) -> None:
        self.taken.append(answer)
        if len(self.taken) == len(self.crystal):
            self.reason = "counted"

    def give_up(self, reason: str) -> None:
        self.reason = reason


def test_another_kind_of_course_is_followed_too() -> None:
    courses = [Countdown(as_crystal(a)) for a in (bulk("Si"), bulk("Cu"), bulk("Cu") * (3, 1, 1))]
    follow(courses, lambda batch: [10.0 * len(batch)] * len(batch), batch_size=8)
    assert [course.taken for course in courses] == [[30.0, 20.0], [30.0], [30.0, 20.0, 10.0]]
    assert {course.reason for course in courses} == {"counted"}


@pytest.mark.parametrize(("threads", "size"), [(1, 40), (2, 20), (4, 16)])
def test_threads_share_the_courses(threads: int, size: int) -> None:
    """Sixteen for each at least, and no more of them than for one thread."""
    courses = [Countdown(as_crystal(bulk("Cu"))) for _ in range(40)]
    asked: list[int] = []

    def ask(batch: Sequence[Countdown]) -> list[float]:
        asked.append(len(batch))
        return [float(len(batch))] * len(batch)

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        follow(courses, ask, batch_size=64, threaded=True)
    finally:
        torch.set_num_threads(before)
    assert max(asked) == size
    assert sum(asked) == len(courses)
    assert {course.reason for course in courses} == {"counted"}


def test_a_course_does_not_end_where_atoms_are_too_close() -> None:
    crystal = as_crystal(bulk("Cu", a=1.2))  # 0.85, then 0.69, 0.60, 0.53 Å
    course = CellCourse(crystal, strain_tol=0.02, steps=9)
    for size in (0.2, 0.15, 0.12, 0.01):
        course.take(-size * np.eye(3))
    assert (course.reason, course.converged, course.steps) == ("atoms too close", False, 1)
    np.testing.assert_allclose(course.deformation, np.exp(-0.2) * np.eye(3), rtol=1e-12)
    assert course.strain == pytest.approx(0.15 * np.sqrt(3))


@pytest.mark.filterwarnings("ignore::ase_ecn.errors.OutOfDomainWarning")
def test_what_was_relaxed_is_accepted_as_an_input(network: StrainPredictor) -> None:
    dense = Atoms(
        "H2",
        cell=[[0.6812, 0.0581, -0.3569], [-0.2031, 1.5214, -0.2944], [0.0813, -0.0684, 0.766]],
        positions=[[0.1319, 1.3397, 0.1372], [0.485, 0.6529, -0.3519]],
        pbc=True,
    )
    (result,) = relax(dense, device="cpu")
    assert result.reason == "atoms too close"
    assert not result.converged
    as_crystal(result.atoms)
    optimizer = relaxer(dense, network)
    assert optimizer.run() is False
    assert (optimizer.reason, optimizer.nsteps >= result.steps) == ("atoms too close", True)
    np.testing.assert_allclose(dense.cell[:], result.atoms.cell[:], atol=1e-5)
