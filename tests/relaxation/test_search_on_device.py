"""Cells and atoms that take all of their steps on a device; the processor stands in for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from relaxations import assert_same_ends, skewed

from ase_ecn import Relaxation, relax
from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.spheres import SphereBatch, sphere_batch, spheres_of_tensors
from ase_ecn.relaxation import surface as surfaces
from ase_ecn.relaxation.force_course import ForceCourse
from ase_ecn.relaxation.surface import EnergySurface


def shaken(prototypes: dict[str, Atoms]) -> list[Atoms]:
    found = []
    for k, atoms in enumerate(prototypes.values()):
        if 84 in atoms.numbers:  # polonium, which the networks have not learned
            continue
        if k % 3 == 0:
            atoms.rattle(0.08, seed=k)
        elif k % 3 == 1:
            atoms.set_cell(atoms.cell[:] * 1.04, scale_atoms=True)
        found.append(atoms)
    return found


def both_ways(
    crystals: Sequence[Atoms], monkeypatch: pytest.MonkeyPatch, **options: object
) -> tuple[list[Relaxation], list[Relaxation], list[int]]:
    """Step by step, all at once, and how many crystals were asked about step by step then."""
    options = {"method": "all", "device": "cpu", "dtype": "float64"} | options
    expected = relax(crystals, **options)  # type: ignore[arg-type]
    asked: list[int] = []
    answer = EnergySurface.answers

    def counted(self: EnergySurface, courses: Sequence[ForceCourse]) -> Sequence[object]:
        asked.append(len(courses))
        return answer(self, courses)

    monkeypatch.setattr(EnergySurface, "answers", counted)
    monkeypatch.setattr(EnergySurface, "searches_on_device", True)
    found = relax(crystals, **options)  # type: ignore[arg-type]
    return expected, found, asked


def assert_alike(found: Sequence[Relaxation], expected: Sequence[Relaxation]) -> None:
    assert_same_ends(found, expected, atol=1e-7)
    for one, other in zip(found, expected, strict=True):
        assert one.force == pytest.approx(other.force, abs=1e-7, nan_ok=True)
        assert one.energy_change == pytest.approx(other.energy_change, abs=1e-8, nan_ok=True)


@pytest.mark.parametrize(
    "options",
    [
        {"fmax": 0.02},
        {"steps": 3},
        {"scalar_pressure": 0.05, "batch_size": 4},
        {"mask": [1, 1, 0, 0, 0, 1], "reliable": True},
        {"hydrostatic": True, "checkpoint": "empnn-mp20-atoms", "positions": True},
    ],
    ids=str,
)
def test_all_at_once_is_step_by_step(
    options: dict[str, object], prototypes: dict[str, Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = bulk("MgO", "rocksalt", a=4.3, cubic=True)
    held.rattle(0.1, seed=2)
    held.set_constraint(FixAtoms([0, 1]))
    crystals = [*shaken(prototypes), held, skewed(), skewed() * (1, 2, 1)]
    expected, found, asked = both_ways(crystals, monkeypatch, **options)
    assert_alike(found, expected)
    assert bool(asked) == bool(options.get("reliable"))
    assert len({one.steps for one in expected}) > 1


def stretched() -> list[Atoms]:
    found = [bulk("MgO", "rocksalt", a=a, cubic=True) for a in (4.4, 4.6)]
    found[1].rattle(0.1, seed=5)
    return [*found, bulk("Si", a=5.5)]


def test_overlapping_atoms_have_infinite_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    # Bonds of MgO at rest, and some of the second crystal, are shorter than this.
    architecture = EnergySurface(device="cpu", dtype="float64").model.architecture
    monkeypatch.setitem(architecture.__dict__, "first_knot", 2.17)
    expected, found, asked = both_ways(stretched(), monkeypatch)
    assert_alike(found, expected)
    assert not asked
    assert [one.reason for one in found] == ["stalled", "strain out of range", "converged"]


def test_a_crystal_that_leaves_the_range_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("search_on_device", "force_course"):
        monkeypatch.setattr(f"ase_ecn.relaxation.{module}.MAX_TOTAL_STRAIN", 0.05)
    crystals = stretched()
    expected, found, _ = both_ways(crystals, monkeypatch)
    assert_alike(found, expected)
    assert found[1].reason == "strain out of range"
    assert np.isnan(found[1].force)
    np.testing.assert_allclose(found[1].atoms.cell[:], crystals[1].cell[:])
    assert found[2].converged


def test_batches_are_halved_when_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, sizes = surfaces.search_on_device, []

    def with_little_memory(beginnings: list, *others: object, **options: object) -> list:
        sizes.append(len(beginnings))
        if len(beginnings) > 1:
            raise torch.cuda.OutOfMemoryError("no memory")
        return whole(beginnings, *others, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("ase_ecn.relaxation.surface.search_on_device", with_little_memory)
    expected, found, asked = both_ways(stretched(), monkeypatch)
    assert_alike(found, expected)
    assert sizes == [2, 1, 1]
    assert not asked


def test_what_fits_no_matrix_is_left_to_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ase_ecn.relaxation.freedom._SMALL_BASIS", 100)
    expected, found, asked = both_ways(stretched(), monkeypatch)
    assert_alike(found, expected)
    assert set(asked) == {1}


def test_bonds_are_those_found_on_the_processor(prototypes: dict[str, Atoms]) -> None:
    crystals = [as_crystal(atoms) for atoms in [*prototypes.values(), skewed(), bulk("Si") * 4]]
    expected = sphere_batch(crystals, 5.0, dtype=torch.float64)
    found, apart = spheres_of_tensors(
        torch.as_tensor(np.stack([c.cell for c in crystals])),
        torch.as_tensor(np.concatenate([c.scaled_positions for c in crystals])) - 0.3,
        torch.as_tensor(np.concatenate([c.numbers for c in crystals])),
        torch.tensor([len(c) for c in crystals]),
        5.0,
    )
    assert apart.all()
    for name in ("numbers", "row", "atom_counts"):
        assert torch.equal(getattr(found, name), getattr(expected, name))
    torch.testing.assert_close(found.volumes, expected.volumes)
    for one, other in zip(_in_order(found), _in_order(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def _in_order(batch: SphereBatch) -> tuple[np.ndarray, np.ndarray]:
    """Far ends and vectors, atom after atom, sorted for each."""
    vector, neighbor = batch.vector.numpy(), batch.neighbor.numpy()
    order = np.lexsort((*np.round(vector, 6).T, neighbor, batch.atom_of_bond.numpy()))
    return neighbor[order], vector[order]


def test_crystals_with_bonds_that_are_too_short_have_none() -> None:
    cells = torch.eye(3, dtype=torch.float64).expand(2, 3, 3) * 4
    scaled = torch.zeros((4, 3), dtype=torch.float64)
    scaled[1] = 0.5  # the other two atoms are at the same place
    counts = torch.tensor([2, 2])
    found, apart = spheres_of_tensors(
        cells, scaled, torch.full((4,), 14), counts, 3.5, shortest=0.5
    )
    assert apart.tolist() == [True, False]
    assert found.row.tolist() == [0, 8, 16, 16, 16]
