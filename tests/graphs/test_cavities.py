"""Voronoi faces of surfaces, molecules and wires in any box."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule, surface
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs import cavities, voronoi
from ase_ecn.graphs.voronoi import Bonds, all_faces


def slab(vacuum: float, shape: tuple[int, int, int] = (1, 1, 1)) -> Atoms:
    atoms = surface(bulk("MgO", "rocksalt", a=4.21, cubic=True), (1, 0, 0), 2, vacuum=vacuum / 2)
    atoms.pbc = True
    atoms *= shape
    atoms.rattle(0.02, seed=0)
    return atoms


def assert_same(found: Bonds, expected: Bonds) -> None:
    # Rounding decides on faces without an area.
    found, expected = (f.select(f.face_share > 1e-9) for f in (found, expected))
    for name in ("source", "target", "image"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_allclose(found.distance, expected.distance, atol=1e-12)
    np.testing.assert_allclose(found.face_share, expected.face_share, atol=1e-9)


def everything_in_a_sphere(atoms: Atoms, monkeypatch: pytest.MonkeyPatch) -> Bonds:
    """What a sphere finds that is large enough, however large."""
    with monkeypatch.context() as patched:
        patched.setattr(voronoi, "_LARGEST_RADIUS", np.inf)
        return all_faces([as_crystal(atoms)])[0]


def cases() -> dict[str, Atoms]:
    adsorbed = slab(20) + Atoms("O", [[2, 2, 18.5]])
    wire = bulk("Cu", cubic=True)
    wire.set_cell(np.diag([3.61, 30, 25]))
    skewed = slab(25)
    skewed.set_cell(skewed.cell[:] + np.array([[0, 0, 0], [0, 0, 0], [1.3, 2.2, 0]]))
    water = molecule("H2O")
    water.set_cell([14, 15, 18])
    water.pbc = True
    return {
        "slab": slab(25),
        "adsorbed": adsorbed,
        "wire": wire,
        "skewed": skewed,
        "molecule": water,
        "atom": Atoms("He", cell=[20, 22, 25], pbc=True),
    }


@pytest.mark.parametrize("name", cases())
def test_the_faces_are_those_of_a_large_sphere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = cases()[name]
    calls = []
    at_cavities = cavities.faces_at_cavities
    monkeypatch.setattr(
        voronoi, "faces_at_cavities", lambda *args: calls.append(1) or at_cavities(*args)
    )
    found = all_faces([as_crystal(atoms)])[0]
    assert calls
    assert_same(found, everything_in_a_sphere(atoms, monkeypatch))
    monkeypatch.setattr(voronoi, "compiled", None)
    monkeypatch.setattr(cavities, "compiled", None)
    assert_same(all_faces([as_crystal(atoms)])[0], found)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    lengths=st.tuples(*[st.floats(3, 18)] * 3),
    tilts=st.tuples(*[st.floats(-0.5, 0.5)] * 3),
)
def test_the_faces_of_any_cell_can_be_found_at_its_corners(
    seed: int, lengths: tuple[float, float, float], tilts: tuple[float, float, float]
) -> None:
    """Where nearly all planes are sought at corners, they are those that a sphere holds."""
    rng = np.random.default_rng(seed)
    cell = np.diag(lengths)
    cell[1, 0], cell[2, 0], cell[2, 1] = np.multiply(tilts, lengths)
    points = [rng.random(3)]
    for point in rng.random((8, 3)):
        apart = point - np.array(points)
        apart -= np.rint(apart)
        if np.linalg.norm(apart @ cell, axis=1).min() > 1.0:
            points.append(point)
    atoms = Atoms(["Cu"] * len(points), scaled_positions=points, cell=cell, pbc=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(voronoi, "_LARGEST_RADIUS", 2.5)
        found = all_faces([as_crystal(atoms)])[0]
        assert_same(found, everything_in_a_sphere(atoms, patched))


@pytest.mark.parametrize("vacuum", [30, 300, 3000])
def test_vacuum_costs_nothing(vacuum: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs that are looked at, and rounds of planes, are no more in a thicker vacuum."""
    pairs, planes = [], []
    within, polyhedra = voronoi.pairs_within, cavities._polyhedra
    monkeypatch.setattr(
        voronoi, "pairs_within", lambda *args: pairs.append(within(*args)) or pairs[-1]
    )
    monkeypatch.setattr(
        cavities, "_polyhedra", lambda *args: planes.append(len(args[0])) or polyhedra(*args)
    )
    atoms = slab(vacuum, (2, 2, 1))
    faces = all_faces([as_crystal(atoms)])[0]
    assert len(faces) > 6 * len(atoms)
    assert sum(len(p.source) for p in pairs) < 1000 * len(atoms)
    assert len(planes) < 20
    assert max(planes) < 80 * len(atoms)
