"""All neighbours within a cutoff: the C loop and its fallback against slow searches."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, surface
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn.errors import CrystalError
from ase_ecn.geometry import pairs
from ase_ecn.geometry.pairs import NeighborLists, neighbor_lists

CUTOFF = 5.0
ways = pytest.mark.parametrize("way", ["compiled", "arrays"])


@pytest.fixture
def search(way, monkeypatch):
    if way == "arrays":
        monkeypatch.setattr(pairs, "compiled", None)
    elif pairs.compiled is None:
        pytest.skip("no compiler made the C functions")
    return lists


def lists(*atoms: Atoms, cutoff: float = CUTOFF, threads: int = 1) -> NeighborLists:
    cells = np.array([a.cell.array for a in atoms])
    positions = np.concatenate([a.positions for a in atoms])
    counts = np.array([len(a) for a in atoms])
    return neighbor_lists(cells, positions, counts, cutoff, threads=threads)


def bonds(found: NeighborLists) -> list[tuple]:
    """Source, target, vector, sorted so that rounding does not matter."""
    source = np.repeat(np.arange(len(found.counts)), found.counts)
    vectors = map(tuple, (found.vector.round(6) + 0.0).tolist())
    return sorted(zip(source.tolist(), found.neighbor.tolist(), vectors))


def slow(atoms: Atoms, cutoff: float) -> list[tuple]:
    """Every pair and every image that the distances between lattice planes allow."""
    cell = atoms.cell.array
    inverse = np.linalg.inv(cell)
    reach = np.ceil(cutoff * np.linalg.norm(inverse, axis=0)).astype(int)
    images = np.array(list(itertools.product(*(range(-n, n + 1) for n in reach))))
    found = []
    for i, j in itertools.product(range(len(atoms)), repeat=2):
        step = (atoms.positions[j] - atoms.positions[i]) @ inverse
        vectors = (step - np.floor(step + 0.5) + images) @ cell
        length = np.linalg.norm(vectors, axis=1)
        near = vectors[(length < cutoff) & ((length > 1e-9) | (i != j))]
        found += [(i, j, tuple(v)) for v in (near.round(6) + 0.0).tolist()]
    return sorted(found)


def assert_same(found: list[tuple], expected: list[tuple]) -> None:
    assert [b[:2] for b in found] == [b[:2] for b in expected]
    if found:
        np.testing.assert_allclose(
            [b[2] for b in found], [b[2] for b in expected], atol=2e-6, rtol=0
        )


def scattered(seed: int, atoms: int, shape: np.ndarray) -> Atoms:
    rng = np.random.default_rng(seed)
    cell = rng.normal(size=(3, 3)) + 2 * np.eye(3)
    cell *= np.asarray(shape)[:, None] / np.linalg.norm(cell, axis=1)[:, None]
    return Atoms([1] * atoms, rng.uniform(-30, 30, size=(atoms, 3)), cell=cell, pbc=True)


@ways
def test_prototypes(search, prototypes):
    for atoms in prototypes.values():
        atoms.rattle(0.01, seed=1)
        assert_same(bonds(search(atoms)), slow(atoms, CUTOFF))


@given(
    seed=st.integers(0, 2**32 - 1),
    atoms=st.sampled_from([1, 2, 5, 34]),
    shape=st.tuples(*[st.sampled_from([2.5, 4.0, 9.0, 23.0])] * 3),
    cutoff=st.sampled_from([1.0, 3.3, 6.0]),
)
@settings(max_examples=30, deadline=None)
def test_any_cell(seed, atoms, shape, cutoff):
    crystal = scattered(seed, atoms, shape)
    if crystal.get_volume() > 4 * atoms:
        assert_same(bonds(lists(crystal, cutoff=cutoff)), slow(crystal, cutoff))


@ways
def test_pymatgen_finds_the_same(search):
    from pymatgen.optimization.neighbors import find_points_in_spheres

    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True) * (3, 3, 2)
    atoms.rattle(0.1, seed=0)
    atoms.set_cell(atoms.cell.array @ [[1, 0.1, 0], [0, 1, 0.2], [0, 0, 1]], scale_atoms=True)
    atoms.positions += [50.0, -20.0, 3.0]
    cell, positions = atoms.cell.array.copy(), atoms.positions
    i, j, image, distance = find_points_in_spheres(
        positions, positions, CUTOFF, np.ones(3, dtype=np.int64), cell, 1e-8
    )
    near = distance > 1e-8
    vectors = positions[j] - positions[i] + image @ cell
    rounded = map(tuple, (vectors[near].round(6) + 0.0).tolist())
    expected = sorted(zip(i[near].tolist(), j[near].tolist(), rounded))
    assert len(expected) > 5000
    assert_same(bonds(search(atoms)), expected)


@ways
def test_skewed_cells_have_the_same_neighbours(search):
    atoms = bulk("ZnS", "wurtzite", a=3.8, c=6.2) * (2, 2, 3)
    atoms.rattle(0.1, seed=0)
    skewed = atoms.copy()
    skewed.set_cell(np.array([[1, 0, 0], [17, 1, 0], [-9, 23, 1]]) @ atoms.cell.array)
    assert_same(bonds(search(skewed)), bonds(search(atoms)))
    left_handed = atoms.copy()
    left_handed.set_cell(atoms.cell.array[[1, 0, 2]])
    assert_same(bonds(search(left_handed)), bonds(search(atoms)))


@ways
@pytest.mark.parametrize("vacuum", [15.0, 200.0, 1e5])
def test_vacuum(search, vacuum):
    slab = surface(bulk("MgO", "rocksalt", a=4.21, cubic=True), (1, 0, 0), 2, vacuum=vacuum / 2)
    slab = slab * (2, 2, 1)
    slab.pbc = True
    assert len(slab) == 64
    slab.rattle(0.02, seed=0)
    thin = slab.copy()
    thin.set_cell([*slab.cell.lengths()[:2], 25.0])
    assert_same(bonds(search(slab)), bonds(search(thin)))
    molecule = Atoms("CO", [[0, 0, 0], [0, 0, 1.1]], cell=[vacuum] * 3, pbc=True)
    assert search(molecule).vector.tolist() == [[0, 0, 1.1], [0, 0, -1.1]]


@ways
def test_few_and_none(search):
    assert len(search(bulk("Cs", a=20.0)).neighbor) == 0
    copper = search(bulk("Cu", a=3.6), cutoff=2.6)
    assert copper.counts.tolist() == [12]
    assert (copper.neighbor == 0).all()
    together = search(bulk("Cs", a=20.0), bulk("Cu", a=3.6), bulk("Cs", a=20.0), cutoff=2.6)
    assert together.counts.tolist() == [0, 12, 0]
    assert (together.neighbor == 1).all()


@ways
def test_atoms_in_one_place_are_neighbours(search):
    atoms = Atoms("H2", [[0, 0, 0], [30, 0, 0]], cell=[10, 10, 10], pbc=True)
    found = search(atoms, cutoff=0.5)
    assert found.counts.tolist() == [1, 1]
    np.testing.assert_allclose(found.vector, 0, atol=1e-12)


def test_a_bond_and_its_reverse_are_opposite_to_the_last_bit():
    for atoms, shape in ((3, (4.0, 5.0, 6.0)), (200, (20.0, 30.0, 11.0))):
        found = lists(scattered(3, atoms, shape), cutoff=5.5)
        source = np.repeat(np.arange(atoms), found.counts)
        there = set(zip(source.tolist(), found.neighbor.tolist(), map(tuple, found.vector)))
        back = set(zip(found.neighbor.tolist(), source.tolist(), map(tuple, -found.vector)))
        assert there == back
        assert len(there) == len(source) > 0


def test_neighbours_are_in_order():
    found = lists(scattered(4, 300, (25.0, 25.0, 25.0)))
    source = np.repeat(np.arange(300), found.counts)
    assert (np.diff(found.neighbor)[np.diff(source) == 0] >= 0).all()


def test_a_batch_is_its_crystals_with_any_number_of_threads():
    crystals = [
        scattered(k, n, (7.0, 9.0, 8.0) if n < 50 else (30.0, 25.0, 28.0))
        for k, n in enumerate([1, 9, 700, 33, 2, 45, 8] * 3)
    ]
    alone = [lists(atoms) for atoms in crystals]
    first = np.cumsum([0, *(len(atoms) for atoms in crystals)])
    for threads in (1, 2, 5):
        together = lists(*crystals, threads=threads)
        np.testing.assert_array_equal(together.counts, np.concatenate([a.counts for a in alone]))
        neighbor = np.concatenate([a.neighbor + n for a, n in zip(alone, first)])
        np.testing.assert_array_equal(together.neighbor, neighbor)
        np.testing.assert_array_equal(together.vector, np.concatenate([a.vector for a in alone]))


def test_twenty_thousand_atoms():
    atoms = bulk("NaCl", "rocksalt", a=5.6, cubic=True) * (14, 14, 13)
    found = lists(atoms, cutoff=4.5)
    assert len(atoms) > 20_000
    assert (found.counts == 6 + 12).all()
    np.testing.assert_allclose(np.linalg.norm(found.vector, axis=1).min(), 2.8)


@ways
def test_cells_without_volume_are_refused(search):
    flat = Atoms("H", cell=[[1, 0, 0], [0, 1, 0], [1, 1, 0]], pbc=True)
    with pytest.raises(CrystalError):
        search(flat)


@pytest.mark.skipif(pairs.compiled is None, reason="no compiler made the C functions")
def test_what_the_loop_refuses():
    cells, one = np.eye(3)[None] * 4.0, np.array([1])
    for place, reason in ((np.nan, "not finite"), (1e12, "too far away")):
        with pytest.raises(CrystalError, match=reason):
            neighbor_lists(cells, np.array([[0, place, 0]]), one, CUTOFF)
    first = np.array([0, 1])
    for wrong in (
        (cells, np.zeros((2, 3)), first, CUTOFF),
        (cells, np.zeros((1, 3)), np.array([0, 2]), CUTOFF),
        (cells, np.zeros((1, 3)), first, -1.0),
        (cells[0, 0], np.zeros((1, 3)), first, CUTOFF),
    ):
        with pytest.raises(ValueError, match="do not fit"):
            pairs.compiled.neighbors(*wrong, False, False, 1)
