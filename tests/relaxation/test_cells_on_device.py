"""Cells that take all of their steps on a device; here the processor stands in for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, molecule
from relaxations import assert_same_ends, skewed

from ase_ecn import Relaxation, relax
from ase_ecn.geometry.strain import exp_symmetric, log_strain
from ase_ecn.relaxation import cells_on_device
from ase_ecn.relaxation.course import CellCourse
from ase_ecn.relaxation.predictor import StrainPredictor


def strained(prototypes: dict[str, Atoms]) -> list[Atoms]:
    rng = np.random.default_rng(1)
    found = []
    for atoms in prototypes.values():
        if 84 in atoms.numbers:  # polonium, which the network has not learned
            continue
        strain = rng.normal(scale=0.03, size=(3, 3))
        atoms.set_cell(atoms.cell[:] @ exp_symmetric(strain + strain.T), scale_atoms=True)
        found.append(atoms)
    return found


def both_ways(
    crystals: Sequence[Atoms], monkeypatch: pytest.MonkeyPatch, **options: object
) -> tuple[list[Relaxation], list[Relaxation], list[int]]:
    """Step by step, all at once, and how many crystals were still asked about afterwards."""
    expected = relax(crystals, device="cpu", dtype="float64", **options)  # type: ignore[arg-type]
    asked: list[int] = []
    answer = StrainPredictor._answer_strains

    def counted(self: StrainPredictor, courses: Sequence[CellCourse]) -> Sequence[np.ndarray]:
        asked.append(len(courses))
        return answer(self, courses)

    monkeypatch.setattr(StrainPredictor, "_answer_strains", counted)
    monkeypatch.setattr(StrainPredictor, "relaxes_on_device", True)
    found = relax(crystals, device="cpu", dtype="float64", **options)  # type: ignore[arg-type]
    return expected, found, asked


def assert_alike(found: Sequence[Relaxation], expected: Sequence[Relaxation]) -> None:
    assert_same_ends(found, expected, atol=1e-8)
    for one, other in zip(found, expected, strict=True):
        assert one.strain == pytest.approx(other.strain, abs=1e-8, nan_ok=True)
        assert one.strain_spread == pytest.approx(other.strain_spread, abs=1e-8, nan_ok=True)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strain_tol": 1e-4, "steps": 6},
        {"steps": 0},
        {"mask": [1, 1, 0, 0, 0, 1], "strain_tol": 1e-3, "steps": 4},
        {"hydrostatic": True},
        {"constant_volume": True, "batch_size": 3},
    ],
    ids=str,
)
def test_all_at_once_is_step_by_step(
    options: dict[str, object], prototypes: dict[str, Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    crystals = [*strained(prototypes), skewed(), skewed() * (1, 2, 1)]
    expected, found, asked = both_ways(crystals, monkeypatch, **options)
    assert_alike(found, expected)
    assert not asked
    if not options:
        assert len({one.steps for one in expected}) > 1


def test_atoms_far_from_all_others_are_left_to_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lonely = molecule("H2O", cell=(14.0, 14.0, 14.0), pbc=True)
    expected, found, asked = both_ways([bulk("Cu"), lonely, skewed()], monkeypatch)
    assert_alike(found, expected)
    assert set(asked) == {1}


def test_a_cell_that_is_not_finite_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    run = StrainPredictor._run

    def spoiled(self: StrainPredictor, graphs: cells_on_device.LatticeBatch) -> torch.Tensor:
        cells = run(self, graphs).clone()
        crystal = torch.bincount(graphs.crystal_of_edge, graphs.numbers[graphs.source] == 29)
        cells[crystal > 0] = torch.nan
        return cells

    monkeypatch.setattr(StrainPredictor, "_run", spoiled)
    expected, found, _ = both_ways([bulk("Cu"), skewed()], monkeypatch)
    assert_alike(found, expected)
    assert found[0].reason == "strain out of range"
    assert found[1].converged


def test_batches_are_halved_when_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, sizes = cells_on_device.strains_until_stopped, []

    def with_little_memory(crystals: list, *others: object) -> list:
        sizes.append(len(crystals))
        if len(crystals) > 1:
            raise torch.cuda.OutOfMemoryError("no memory")
        return whole(crystals, *others)  # type: ignore[arg-type]

    monkeypatch.setattr("ase_ecn.relaxation.predictor.strains_until_stopped", with_little_memory)
    crystals = [bulk("Cu"), skewed(), bulk("Si")]
    expected, found, asked = both_ways(crystals, monkeypatch)
    assert_alike(found, expected)
    assert 1 in sizes
    assert not asked


def test_logarithms_of_deformations() -> None:
    deformations = np.eye(3) + np.random.default_rng(0).normal(scale=0.1, size=(5, 3, 3))
    found = cells_on_device.log_strains(torch.as_tensor(deformations)).numpy()
    np.testing.assert_allclose(found, log_strain(deformations), atol=1e-12)
    deformations[2, 0, 1] = np.inf
    lost = cells_on_device.log_strains(torch.as_tensor(deformations)).numpy()
    assert np.isnan(lost[2]).all()
    np.testing.assert_allclose(np.delete(lost, 2, 0), np.delete(found, 2, 0), atol=1e-12)
