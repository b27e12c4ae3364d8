"""Valid crystals are told from others in C as they are in Python."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ase_ecn import crystal as crystals
from ase_ecn.crystal import Crystal, as_crystal, is_acceptable
from ase_ecn.errors import CrystalError
from ase_ecn.geometry import inspection
from ase_ecn.geometry.inspection import Limits, inspect, widest_layer

pytestmark = pytest.mark.skipif(inspection.compiled is None, reason="no C functions were compiled")


def in_python(structure: object, monkeypatch: pytest.MonkeyPatch) -> Crystal:
    with monkeypatch.context() as patched:
        patched.setattr(inspection, "compiled", None)
        made = as_crystal(structure)  # type: ignore[arg-type]
        _ = made.reduced, made.volume, is_acceptable(made)
        return made


def odd_cells(rng: np.random.Generator) -> list[Atoms]:
    """Left-handed, far from reduced, with atoms far outside."""
    found = []
    for k in range(60):
        cell = 4 * np.eye(3) + rng.normal(size=(3, 3))
        cell = rng.integers(-2, 3, size=(3, 3)) @ cell if k % 2 else cell
        if abs(np.linalg.det(cell)) < 1:
            continue
        scaled = rng.uniform(-9, 9, size=(1 + k % 7, 3))
        found.append(
            Atoms(numbers=[11] * len(scaled), scaled_positions=scaled, cell=cell, pbc=True)
        )
    return found


def outcome(structure: object) -> Crystal | str:
    try:
        return as_crystal(structure)  # type: ignore[arg-type]
    except CrystalError as error:
        return f"{type(error).__name__}: {error}"


def test_the_same_crystals(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    valid = 0
    for atoms in [*odd_cells(rng), bulk("NaCl", "rocksalt", a=5.6) * (3, 1, 2)]:
        here = outcome(atoms)
        with monkeypatch.context() as patched:
            patched.setattr(inspection, "compiled", None)
            there = outcome(atoms)
            acceptable = isinstance(there, Crystal) and is_acceptable(there)
        if isinstance(here, str) or isinstance(there, str):
            assert here == there
            continue
        valid += 1
        assert is_acceptable(here) == acceptable
        assert here.__dict__["is_plain"]
        np.testing.assert_array_equal(here.numbers, there.numbers)
        np.testing.assert_allclose(here.scaled_positions, there.scaled_positions, atol=1e-12)
        np.testing.assert_allclose(here.volume, there.volume, rtol=1e-14)
        np.testing.assert_array_equal(here.reduced.transform, there.reduced.transform)
        np.testing.assert_allclose(here.reduced.cell, there.reduced.cell, atol=1e-12)
        place = here.reduced.scaled + here.reduced.offsets
        np.testing.assert_allclose(place, there.reduced.scaled + there.reduced.offsets, atol=1e-12)
        assert (here.reduced.scaled >= 0).all()
        assert (here.reduced.scaled <= 1).all()
    assert valid > 30


def test_fractional_coordinates(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = bulk("GaAs", "zincblende", a=5.65, cubic=True)
    atoms.rattle(0.1, rng=rng)
    given = as_crystal(atoms)
    fresh = Crystal(given.numbers, given.cell, given.scaled_positions)
    assert as_crystal(fresh) is fresh
    expected = in_python(Crystal(given.numbers, given.cell, given.scaled_positions), monkeypatch)
    np.testing.assert_allclose(fresh.reduced.scaled, expected.reduced.scaled, atol=1e-12)
    np.testing.assert_array_equal(fresh.scaled_positions, given.scaled_positions)


LIMITS = Limits(flatness=1e-6, largest=1e6, farthest=1e6, nearest=0.62)
CUBE = 3 * np.eye(3)


@pytest.mark.parametrize(
    ("cell", "coordinates"),
    [
        (CUBE, [[0, 0, 0], [0.1, 0, 0]]),
        (CUBE, [[0, 0, 0], [2.9, 0, 0]]),  # near an image
        (CUBE, [[0, 0, np.nan]]),
        (CUBE, [[0, 0, 1e8]]),
        (np.diag([3.0, 3.0, np.inf]), [[0, 0, 0]]),
        (CUBE * [1, 1, 0.2], [[0, 0, 0]]),  # near itself
        (CUBE * [1, 1, 1e-9], [[0, 0, 0]]),
        (np.ones((3, 3)), [[0, 0, 0]]),
        (CUBE * 1e3, [[0, 0, 0]]),
        (np.zeros((3, 3)), [[0, 0, 0]]),
        (CUBE, np.zeros((0, 3))),
    ],
)
def test_unusual_crystals_are_left_to_python(cell: np.ndarray, coordinates: list) -> None:
    array = np.array(coordinates, dtype=float)
    assert inspect(cell, array, cartesian=True, limits=LIMITS) is None
    assert inspect(CUBE, np.array([[0.0, 0, 0]]), cartesian=True, limits=LIMITS) is not None


def test_wrong_shapes() -> None:
    with pytest.raises(ValueError, match="nine numbers"):
        inspect(np.eye(2), np.zeros((1, 3)), cartesian=True, limits=LIMITS)
    with pytest.raises(ValueError, match="nine numbers"):
        widest_layer(np.eye(2), np.zeros((1, 3)))


def test_layers(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [
        (4 * np.eye(3) + rng.normal(size=(3, 3)), rng.normal(size=(1 + k, 3))) for k in range(40)
    ]
    here = [widest_layer(*one) for one in many]
    layers = widest_layer(np.diag([3.0, 4.0, 20.0]), np.array([[0, 0, 0.1], [0, 0, 0.2]]))
    assert layers == pytest.approx(18)
    monkeypatch.setattr(inspection, "compiled", None)
    np.testing.assert_allclose(here, [widest_layer(*one) for one in many], rtol=1e-12)


def test_errors_are_the_same_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    near = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.3]], cell=CUBE, pbc=True)
    here = outcome(near)
    monkeypatch.setattr(inspection, "compiled", None)
    assert here == outcome(near)
    assert "0.3 Å apart" in str(here)
    assert LIMITS.nearest == crystals.MIN_DISTANCE
