"""Minkowski-reduced lattice bases, for whole batches of cells at once.

Every neighbour search in this package runs in a reduced basis, so that a cell may come in
however skewed and only few periodic images have to be looked at.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import CellError

# Relative size of a scalar product below which two superbase vectors count as obtuse.
_SELLING_TOLERANCE = 1e-12
_MAX_STEPS = 10_000
# The seven Voronoi-relevant classes as sums of the superbase vectors b0, b1, b2.
_SUMS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1], [1, 1, 0], [1, 0, 1], [0, 1, 1]])
_PAIRS = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def minkowski_reduce(
    cells: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the shortest basis of each lattice.

    Selling's algorithm makes the four vectors of a superbase pairwise obtuse; the shortest
    three of the seven Voronoi vectors that it yields and that span the lattice are the reduced
    basis.

    Parameters
    ----------
    cells
        (B, 3, 3) lattices in Å, lattice vectors as rows. Either handedness.

    Returns
    -------
    reduced
        (B, 3, 3) reduced lattices in Å, in the same Cartesian frame.
    transforms
        (B, 3, 3) unimodular integer matrices with ``reduced = transforms @ cells``.

    Raises
    ------
    CellError
        If the reduction does not end, which only numerically singular cells do.
    """
    cells = np.asarray(cells, dtype=np.float64)
    if len(cells) == 1:
        reduced, transform = _reduce_one(cells.tobytes())
        return reduced.copy(), transform.copy()
    return _reduce(cells)


@lru_cache(maxsize=256)
def _reduce_one(cell: bytes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The same for a single cell, which is asked for again at every stage of a prediction.

    Plain numbers are quicker than arrays of one.
    """
    vectors = np.frombuffer(cell).reshape(3, 3)
    superbase = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1]])
    for _ in range(_MAX_STEPS):
        cartesian = superbase @ vectors
        gram = (cartesian @ cartesian.T).tolist()
        scale = _SELLING_TOLERANCE * sum(gram[i][i] for i in range(4))
        i, j = max(_PAIRS, key=lambda pair: gram[pair[0]][pair[1]])
        if not gram[i][j] > scale:
            break
        k, m = (x for x in range(4) if x not in (i, j))
        superbase[[k, m]] += superbase[i]
        superbase[i] = -superbase[i]
    else:
        raise CellError("the lattice basis cannot be reduced: the cell is numerically singular")
    candidates = _SUMS @ superbase[:3]
    cartesian = candidates @ vectors
    order = np.argsort(np.sqrt((cartesian * cartesian).sum(axis=1)), kind="stable")
    first, second, *others = candidates[order].tolist()
    third = next((x for x in others if abs(_determinant(first, second, x)) == 1), others[0])
    transform = np.array([first, second, third])
    return (transform @ vectors)[None], transform[None]


def _determinant(a: list[int], b: list[int], c: list[int]) -> int:
    return (
        (a[1] * b[2] - a[2] * b[1]) * c[0]
        + (a[2] * b[0] - a[0] * b[2]) * c[1]
        + (a[0] * b[1] - a[1] * b[0]) * c[2]
    )


def _reduce(cells: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    batch = len(cells)
    superbase = np.empty((batch, 4, 3), dtype=np.int64)
    superbase[:, :3] = np.eye(3, dtype=np.int64)
    superbase[:, 3] = -1
    for _ in range(_MAX_STEPS):
        vectors = superbase @ cells
        gram = vectors @ vectors.transpose(0, 2, 1)
        dots = np.stack([gram[:, i, j] for i, j in _PAIRS], axis=1)
        scale = np.einsum("bii->b", gram)
        worst = dots.argmax(axis=1)
        acute = dots[np.arange(batch), worst] > _SELLING_TOLERANCE * scale
        if not acute.any():
            break
        for pair, (i, j) in enumerate(_PAIRS):
            rows = np.flatnonzero(acute & (worst == pair))
            if rows.size == 0:
                continue
            k, m = (x for x in range(4) if x not in (i, j))
            flipped = superbase[rows, i]
            superbase[rows, k] += flipped
            superbase[rows, m] += flipped
            superbase[rows, i] = -flipped
    else:
        raise CellError("the lattice basis cannot be reduced: the cell is numerically singular")
    transforms = _shortest_basis(superbase[:, :3], cells)
    return transforms @ cells, transforms


def _shortest_basis(superbase: NDArray[np.int64], cells: NDArray[np.float64]) -> NDArray[np.int64]:
    candidates = _SUMS @ superbase
    lengths = np.linalg.norm(candidates @ cells, axis=2)
    order = np.argsort(lengths, axis=1, kind="stable")
    candidates = np.take_along_axis(candidates, order[:, :, None], axis=1)
    first, second = candidates[:, :1], candidates[:, 1:2]
    normals = np.cross(first, second)
    determinants = np.abs(np.einsum("bij,bij->bi", normals, candidates[:, 2:]))
    third = 2 + np.argmax(determinants == 1, axis=1)
    rows = np.arange(len(cells))
    return np.stack([candidates[rows, 0], candidates[rows, 1], candidates[rows, third]], axis=1)
