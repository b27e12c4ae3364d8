from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn.geometry import reduction
from ase_ecn.geometry.reduction import minkowski_reduce

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
@settings(max_examples=50, deadline=None)
def test_reduced_basis_spans_the_lattice_and_is_the_shortest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.normal(size=(4, 3, 3)) * rng.uniform(1, 10, size=(4, 1, 1))
    shear = np.array([[1, 0, 0], [13, 1, 0], [-8, 21, 1]])
    found = [minkowski_reduce(shear @ cell) for cell in cells]
    reduced, transforms = (np.stack(part) for part in zip(*found))
    np.testing.assert_allclose(np.abs(np.linalg.det(transforms)), 1, atol=1e-9)
    np.testing.assert_allclose(reduced, transforms @ shear @ cells, atol=1e-9)
    grid = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), -1).reshape(-1, 3)
    grid = grid[(grid != 0).any(axis=1)]
    for cell in reduced:
        lengths = np.sort(np.linalg.norm(cell, axis=1))
        assert lengths[0] <= np.linalg.norm(grid @ cell, axis=1).min() + 1e-9
        # No vector that completes the first two to a basis is shorter than the third.
        others = grid[np.abs(grid[:, 2]) == 1]
        order = np.argsort(np.linalg.norm(cell, axis=1))
        assert lengths[2] <= np.linalg.norm(others @ cell[order], axis=1).min() + 1e-9


@pytest.mark.skipif(reduction.compiled is None, reason="no compiler made the C functions")
def test_c_takes_the_same_basis(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    centred = {
        "sc": np.eye(3), "fcc": np.ones((3, 3)) - np.eye(3), "bcc": np.ones((3, 3)) - 2 * np.eye(3),
        "hexagonal": np.array([[1, 0, 0], [-0.5, 0.75**0.5, 0], [0, 0, 1.6]]),
    }  # fmt: skip
    cells = [2.1 * cell for cell in centred.values()]
    cells += [rng.integers(-3, 4, size=(3, 3)) + 7.0 * np.eye(3) for _ in range(100)]
    cells += [rng.normal(size=(3, 3)) for _ in range(100)]
    in_c = [minkowski_reduce(cell) for cell in cells]
    monkeypatch.setattr(reduction, "compiled", None)
    for cell, (reduced, transform) in zip(cells, in_c):
        expected, integers = minkowski_reduce(cell)
        np.testing.assert_array_equal(transform, integers)
        np.testing.assert_array_equal(reduced, expected)
