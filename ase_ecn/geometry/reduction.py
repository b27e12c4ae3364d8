"""The shortest basis of a lattice, and a crystal's atoms in it.

Every neighbour search in this package runs in a reduced basis, so that a cell may come in
however skewed and only few periodic images have to be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import CellError

try:
    from ase_ecn.geometry import _compiled as compiled
except ImportError:
    compiled = None  # type: ignore[assignment]

_Number = TypeVar("_Number", int, float)
# Relative size of a scalar product below which two superbase vectors count as obtuse.
_SELLING_TOLERANCE = 1e-12
_MAX_STEPS = 10_000
_SINGULAR = "the lattice basis cannot be reduced: the cell is numerically singular"
# Two of the four vectors of a superbase, and the other two.
_PAIRS = (
    (0, 1, 2, 3),
    (0, 2, 1, 3),
    (0, 3, 1, 2),
    (1, 2, 0, 3),
    (1, 3, 0, 2),
    (2, 3, 0, 1),
)


def minkowski_reduce(
    cell: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the shortest basis of a lattice.

    Selling's algorithm makes the four vectors of a superbase pairwise obtuse; the shortest
    three of the seven Voronoi vectors that it yields and that span the lattice are the reduced
    basis.

    Parameters
    ----------
    cell
        (3, 3) lattice in Å, lattice vectors as rows. Either handedness.

    Returns
    -------
    reduced
        (3, 3) reduced lattice in Å, in the same Cartesian frame.
    transform
        (3, 3) unimodular integer matrix with ``reduced = transform @ cell``.

    Raises
    ------
    CellError
        If the reduction does not end, which only numerically singular cells do.
    """
    cell = np.ascontiguousarray(cell, dtype=np.float64)
    transform = _transform(cell) if compiled is None else _compiled_transform(cell)
    return transform @ cell, transform


def _compiled_transform(cell: NDArray[np.float64]) -> NDArray[np.int64]:
    try:
        return np.frombuffer(compiled.reduce(cell), dtype=np.int64).reshape(3, 3)
    except ValueError:
        raise CellError(_SINGULAR) from None


def _transform(cell: NDArray[np.float64]) -> NDArray[np.int64]:
    """What ``_reduction.c`` does, in Python."""
    # Plain numbers are several times quicker than arrays of three.
    vectors = cell.tolist()
    a, b, c, d = _obtuse_superbase(vectors)
    candidates = [a, b, c, d, _sum(a, b), _sum(a, c), _sum(b, c)]
    candidates.sort(key=lambda integers: _square(integers, vectors))
    first, second, *others = candidates
    third = next((x for x in others if abs(determinant([first, second, x])) == 1), others[0])
    return np.array([first, second, third])


def _obtuse_superbase(vectors: list[list[float]]) -> list[list[int]]:
    """Four integer vectors whose sum is zero, no two of them at an acute angle."""
    integers = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1]]
    points = [*vectors, [-sum(column) for column in zip(*vectors, strict=True)]]
    for _ in range(_MAX_STEPS):
        largest = _SELLING_TOLERANCE * sum(_dot(v, v) for v in points)
        acute = None
        for pair in _PAIRS:
            product = _dot(points[pair[0]], points[pair[1]])
            if product > largest:
                largest, acute = product, pair
        if acute is None:
            return integers
        i, _, k, m = acute
        _flip(integers, i, k, m)
        _flip(points, i, k, m)
    raise CellError(_SINGULAR)


def _flip(superbase: list[list[_Number]], i: int, k: int, m: int) -> None:
    """Turn one vector around and add it to two others, which leaves their sum as it is."""
    x, y, z = superbase[i]
    for n in (k, m):
        u, v, w = superbase[n]
        superbase[n] = [u + x, v + y, w + z]
    superbase[i] = [-x, -y, -z]


def _dot(a: list[float], b: list[float]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _sum(a: list[int], b: list[int]) -> list[int]:
    return [a[0] + b[0], a[1] + b[1], a[2] + b[2]]


def _square(n: list[int], vectors: list[list[float]]) -> float:
    """Squared length of an integer combination of lattice vectors."""
    a, b, c = vectors
    x = n[0] * a[0] + n[1] * b[0] + n[2] * c[0]
    y = n[0] * a[1] + n[1] * b[1] + n[2] * c[1]
    z = n[0] * a[2] + n[1] * b[2] + n[2] * c[2]
    return x * x + y * y + z * z


def determinant(rows: list[list[_Number]]) -> _Number:
    """Determinant of three rows of plain numbers; infinite where it is too large for them."""
    a, b, c = rows
    return (
        (a[1] * b[2] - a[2] * b[1]) * c[0]
        + (a[2] * b[0] - a[0] * b[2]) * c[1]
        + (a[0] * b[1] - a[1] * b[0]) * c[2]
    )


def _inverse(transform: NDArray[np.int64]) -> NDArray[np.int64]:
    """Inverse of a unimodular matrix, which consists of integers: its adjugate."""
    rows = transform.tolist()
    sign: int = determinant(rows)
    (a, b, c), (d, e, f), (g, h, i) = rows
    adjugate = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return np.array([[sign * x for x in row] for row in adjugate], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class ReducedCell:
    """Atoms wrapped into the shortest basis of their lattice, with the way back.

    Attributes
    ----------
    cell
        (3, 3) reduced lattice vectors in Å, as rows, in the frame of the original ones.
    transform
        (3, 3) unimodular integers: ``cell = transform @ original cell``.
    scaled
        (N, 3) fractional coordinates in ``cell``, from 0 to 1.
    offsets
        (N, 3) integers that wrapping took away: ``scaled + offsets`` is where the atoms were.
    """

    cell: NDArray[np.float64]
    transform: NDArray[np.int64]
    scaled: NDArray[np.float64]
    offsets: NDArray[np.int64]

    def original_images(
        self, source: NDArray[np.int64], target: NDArray[np.int64], image: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Translations between the original atoms, in units of the original lattice vectors.

        Parameters
        ----------
        source, target
            (E,) atoms of pairs.
        image
            (E, 3) translation of the target of each in ``cell``, between the wrapped atoms.
        """
        unwrapped = image - self.offsets[target] + self.offsets[source]
        return np.asarray(unwrapped @ self.transform)


def reduce_cell(cell: NDArray[np.float64], scaled: NDArray[np.float64]) -> ReducedCell:
    """Describe atoms in the shortest basis of their lattice.

    Parameters
    ----------
    cell
        (3, 3) lattice in Å, rows.
    scaled
        (N, 3) fractional coordinates in it.

    Raises
    ------
    CellError
        If the cell is numerically singular.
    """
    reduced, transform = minkowski_reduce(cell)
    unwrapped = scaled @ _inverse(transform)
    offsets = np.floor(unwrapped)
    with np.errstate(invalid="ignore"):  # atoms too far away for integers are refused later
        whole = offsets.astype(np.int64)
    return ReducedCell(reduced, transform, unwrapped - offsets, whole)
