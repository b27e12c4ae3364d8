"""The lattice group: Bravais types, and how it permutes translations modulo two.

Section 3 of the ECN paper: the group of a lattice is its translations and its Bravais group, the
isometries that map the lattice to itself. In section 6 it permutes the cells of a
supercell with twice the lattice vectors, 8 cells in three dimensions and 4 in two. The colour of an
edge from cell ``a`` to cell ``b`` is then the orbit of ``b - a mod 2`` under the Bravais group.

Everything here works in three and in two dimensions and accepts any primitive basis, however
skewed. Lattice vectors are rows. A translation with integer coefficients ``t`` is the
vector ``t @ lattice``; modulo two it has the index ``4 t0 + 2 t1 + t2`` (``2 t0 + t1`` in two
dimensions), which is also the index of a cell of the supercell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ase_ecn.errors import CellError, NonFiniteError, OptionError
from ase_ecn.geometry.reduction import minkowski_reduce
from ase_ecn.symmetry.isometries import integer_vectors, isometries
from ase_ecn.symmetry.orbits import Pattern, translation_group

SYMPREC = 1e-3
"""How far (Å) a symmetry may move the longest vector of the reduced basis off the lattice."""

# Relative strain up to which a lattice that was symmetrised has its symmetries.
_ROUNDING = 1e-7
_MIN_RELATIVE_VOLUME = 1e-9

# The order of the Bravais group and its orbits of translations modulo two tell the types apart.
_TYPES = {
    (2, (1, 1, 1, 1)): "mp",
    (4, (1, 1, 1, 1)): "op",
    (4, (1, 1, 2)): "oc",
    (8, (1, 1, 2)): "tp",
    (12, (1, 3)): "hp",
    (2, (1, 1, 1, 1, 1, 1, 1, 1)): "aP",
    (4, (1, 1, 1, 1, 1, 1, 1, 1)): "mP",
    (4, (1, 1, 1, 1, 2, 2)): "mC",
    (8, (1, 1, 1, 1, 1, 1, 1, 1)): "oP",
    (8, (1, 1, 1, 1, 2, 2)): "oC",
    (8, (1, 1, 1, 1, 4)): "oI",
    (8, (1, 1, 2, 2, 2)): "oF",
    (16, (1, 1, 1, 1, 2, 2)): "tP",
    (16, (1, 1, 2, 4)): "tI",
    (12, (1, 1, 3, 3)): "hR",
    (24, (1, 1, 3, 3)): "hP",
    (48, (1, 1, 3, 3)): "cP",
    (48, (1, 3, 4)): "cI",
    (48, (1, 1, 6)): "cF",
}
BRAVAIS_TYPES = {2: tuple(_TYPES.values())[:5], 3: tuple(_TYPES.values())[5:]}
"""Pearson symbols of the Bravais types in 2 and 3 dimensions, in the order of table 3.

In two dimensions: oblique ``mp``, rectangular ``op``, centred rectangular ``oc``, square ``tp``
and hexagonal ``hp``.
"""

_CENTRINGS: dict[str, NDArray[np.float64]] = {
    "P": np.eye(3),
    "C": np.array([[0.5, -0.5, 0], [0.5, 0.5, 0], [0, 0, 1]]),
    "I": np.array([[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]]),
    "F": np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
    "R": np.array([[2, 1, 1], [-1, 1, 1], [-1, -2, 1]]) / 3,
}
_CONVENTIONAL: dict[str, NDArray[np.float64]] = {
    "a": np.array([[4.1, 0, 0], [1.07, 4.73, 0], [-0.61, 0.83, 5.57]]),
    "m": np.array([[4.1, 0, 0], [0, 4.83, 0], [-1.31, 0, 5.57]]),
    "o": np.diag([4.1, 4.83, 5.57]),
    "t": np.diag([4.1, 4.1, 5.57]),
    "h": np.array([[4.1, 0, 0], [-2.05, 2.05 * 3**0.5, 0], [0, 0, 5.57]]),
    "c": np.diag([4.1, 4.1, 4.1]),
}


def lattice_group(lattice: ArrayLike, symprec: float = SYMPREC) -> NDArray[np.int64]:
    """Find the Bravais group of a lattice in a given basis.

    Parameters
    ----------
    lattice
        (D, D) primitive lattice vectors in Å, as rows; D is 2 or 3.
    symprec
        Tolerance in Å. The criterion is the strain between the lattice and its image times the
        longest vector of the reduced basis, which no choice of the basis changes.

    Returns
    -------
    matrices
        (G, D, D) unimodular integer matrices ``W``: the basis ``W @ lattice`` is a rotated or
        reflected ``lattice``. Always a full Bravais group: the one of the lattice averaged over the
        symmetries within the tolerance. The identity comes first, the others are sorted.

    Raises
    ------
    CellError
        If the vectors do not span a volume, or are not finite numbers.
    OptionError
        If the shape or the tolerance makes no sense.
    """
    symmetry = _symmetry(lattice, symprec)
    inverse = _inverse(symmetry.transform)
    return _identity_first(inverse @ symmetry.group @ symmetry.transform)


def bravais_type(lattice: ArrayLike, symprec: float = SYMPREC) -> str:
    """Name the Bravais type of a lattice (table 3 of the ECN paper).

    Parameters
    ----------
    lattice, symprec
        As in :func:`lattice_group`.

    Returns
    -------
    symbol
        One of ``BRAVAIS_TYPES``, for instance ``cF`` for face-centred cubic.
    """
    symmetry = _symmetry(lattice, symprec)
    _, sizes = np.unique(_orbits(symmetry.group), return_counts=True)
    return _TYPES[len(symmetry.group), tuple(sorted(sizes.tolist()))]


def translation_index(images: ArrayLike) -> NDArray[np.int64]:
    """Index of lattice translations modulo two.

    Parameters
    ----------
    images
        (..., D) integer coefficients of the lattice vectors.

    Returns
    -------
    index
        (...) integers below ``2 ** D``: ``4 t0 + 2 t1 + t2`` in three dimensions.
    """
    parities = np.asarray(images, dtype=np.int64) % 2
    return np.asarray(parities @ (1 << np.arange(parities.shape[-1])[::-1]), dtype=np.int64)


def translation_colours(lattice: ArrayLike, symprec: float = SYMPREC) -> NDArray[np.int64]:
    """Colours of the translations modulo two: their orbits under the lattice group.

    The colour of a translation is a property of the lattice. Orbits are numbered by the length
    of their shortest vector, orbits of equal length by their size, and these by their next
    vectors; lengths closer than ``symprec`` are equal. Colour 0 is the zero translation.

    Parameters
    ----------
    lattice, symprec
        As in :func:`lattice_group`.

    Returns
    -------
    colours
        (2 ** D,) colour at each :func:`translation_index`.
    """
    symmetry = _symmetry(lattice, symprec)
    shells = _distinct(_coset_lengths(symmetry.metric), symprec)
    first, orbits, sizes = np.unique(
        _orbits(symmetry.group), return_inverse=True, return_counts=True
    )
    keys = np.column_stack([shells[first, 0], sizes, shells[first, 1:]])
    colours = np.empty(len(first), dtype=np.int64)
    colours[np.lexsort(keys.T[::-1])] = np.arange(len(first))
    return colours[orbits][_reduced_index(symmetry)]


def translation_lengths(lattice: ArrayLike, symprec: float = SYMPREC) -> NDArray[np.float64]:
    """Length of the shortest vector of each translation modulo two.

    Parameters
    ----------
    lattice, symprec
        As in :func:`lattice_group`.

    Returns
    -------
    lengths
        (2 ** D,) in Å, at each :func:`translation_index`, in the symmetrised lattice.
    """
    symmetry = _symmetry(lattice, symprec)
    return _coset_lengths(symmetry.metric)[:, 0][_reduced_index(symmetry)]


def translation_permutations(lattice: ArrayLike, symprec: float = SYMPREC) -> NDArray[np.int64]:
    """Permutations of the translations modulo two by which the lattice group acts.

    They are the group's image in GL(D, Z/2): at most 24 in three dimensions, 6 in two.

    Parameters
    ----------
    lattice, symprec
        As in :func:`lattice_group`.

    Returns
    -------
    permutations
        (V, 2 ** D): the operation moves the translation with index ``k`` to ``permutations[v, k]``.
        The identity comes first, the others are sorted.
    """
    moves = np.unique(_cell_permutations(lattice_group(lattice, symprec)), axis=0)
    return _identity_first(moves)


def lattice_pattern(lattice: ArrayLike, symprec: float = SYMPREC) -> Pattern:
    """Parameter-sharing pattern of the lattice group on the supercell's cells (figures 7 and 8).

    Parameters
    ----------
    lattice, symprec
        As in :func:`lattice_group`.

    Returns
    -------
    Pattern
        Of ``2 ** D`` cells. The colours are those of :func:`translation_colours`.
    """
    colours = translation_colours(lattice, symprec)
    cells = np.arange(len(colours))
    # Modulo two, the difference of two cells is the exclusive or of their indices.
    return Pattern(np.zeros_like(cells), colours[cells[:, None] ^ cells])


def supercell_generators(lattice: ArrayLike, symprec: float = SYMPREC) -> NDArray[np.int64]:
    """Generators of the full lattice group, translations included, on the supercell's cells.

    Parameters
    ----------
    lattice, symprec
        As in :func:`lattice_group`.

    Returns
    -------
    generators
        (K, 2 ** D) permutations of the cells.
    """
    moves = translation_permutations(lattice, symprec)
    dimension = int(moves.shape[1]).bit_length() - 1
    return np.concatenate([translation_group((2,) * dimension), moves[1:]])


def p1bar_generators(dimension: int) -> NDArray[np.int64]:
    """Generators of P-1 (P2 in two dimensions), which every lattice has, on the supercell's cells.

    Parameters
    ----------
    dimension
        2 or 3.

    Returns
    -------
    generators
        (D + 1, 2 ** D): the translations and the inversion. The inversion leaves each cell where
        it is, since ``-a`` equals ``a`` modulo two.
    """
    _check_dimension(dimension)
    inversion = _cell_permutations(-np.eye(dimension, dtype=np.int64)[None])
    return np.concatenate([translation_group((2,) * dimension), inversion])


def representative_lattice(symbol: str) -> NDArray[np.float64]:
    """Return a primitive basis of a lattice that has a Bravais type and no more symmetry.

    Parameters
    ----------
    symbol
        One of ``BRAVAIS_TYPES``.

    Returns
    -------
    lattice
        (D, D) in Å.

    Raises
    ------
    OptionError
        If there is no such type.
    """
    known = BRAVAIS_TYPES[2] + BRAVAIS_TYPES[3]
    if symbol not in known:
        raise OptionError(f"unknown Bravais type {symbol!r}; known are: {' '.join(known)}")
    # The oblique plane is the one in which a triclinic lattice has its first two vectors.
    system = "a" if symbol == "mp" else symbol[0]
    lattice: NDArray[np.float64] = _CENTRINGS[symbol[1].upper()] @ _CONVENTIONAL[system]
    return lattice[:2, :2].copy() if symbol in BRAVAIS_TYPES[2] else lattice


@dataclass(frozen=True, eq=False)
class _Symmetry:
    """A lattice, symmetrised, in a reduced basis ``transform @ lattice``."""

    transform: NDArray[np.int64]  # (D, D) unimodular
    group: NDArray[np.int64]  # (G, D, D) in the reduced basis
    metric: NDArray[np.float64]  # (D, D) of the reduced basis, in Å²; exactly invariant


def _symmetry(lattice: ArrayLike, symprec: float) -> _Symmetry:
    cell = _checked(lattice, symprec)
    reduced, transform = _reduce(cell)
    volume = abs(np.linalg.det(reduced))
    lengths = np.linalg.norm(reduced, axis=1)
    if not volume > _MIN_RELATIVE_VOLUME * np.prod(lengths):
        raise CellError("the lattice vectors are not independent")
    metric = reduced @ reduced.T
    group = isometries(metric, symprec / float(lengths.max()))
    # The set within the tolerance may be part of a Bravais group only. It is a group, so
    # averaging over it makes the lattice exactly symmetric; that lattice has all it should.
    averaged = (group @ metric @ group.transpose(0, 2, 1)).mean(axis=0)
    if np.abs(averaged - metric).max() > 1e-3 * _ROUNDING * metric.max():
        group = isometries(averaged, _ROUNDING)
    return _Symmetry(transform, group, averaged)


def _checked(lattice: ArrayLike, symprec: float) -> NDArray[np.float64]:
    cell = np.asarray(lattice, dtype=np.float64)
    if cell.shape not in ((2, 2), (3, 3)):
        raise OptionError(f"a lattice is a (3, 3) or (2, 2) array of row vectors, got {cell.shape}")
    if not np.isfinite(cell).all():
        raise NonFiniteError("the lattice contains NaN or infinite numbers")
    if np.linalg.matrix_rank(cell) < len(cell):
        raise CellError("the lattice vectors are not independent")
    if not 0 < symprec < np.inf:
        raise OptionError(f"symprec must be a positive length in Å, got {symprec}")
    return cell


def _check_dimension(dimension: int) -> None:
    if dimension not in BRAVAIS_TYPES:
        raise OptionError(f"lattices have 2 or 3 dimensions, not {dimension}")


def _reduce(cell: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    if len(cell) == 3:
        return minkowski_reduce(cell)
    # A plane is a slab whose third vector is too long and too upright to mix with the others.
    slab = np.zeros((3, 3))
    slab[:2, :2] = cell
    slab[2, 2] = 2 * np.linalg.norm(cell)
    reduced, transform = minkowski_reduce(slab)
    return reduced[:2, :2], transform[:2, :2]


def _cell_permutations(matrices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Permutations (G, 2 ** D) of translations modulo two by (G, D, D) matrices."""
    return translation_index(_cells(matrices.shape[-1]) @ matrices)


def _orbits(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Smallest index (2 ** D,) in the orbit of each translation under a whole group."""
    return np.asarray(_cell_permutations(group).min(axis=0), dtype=np.int64)


def _reduced_index(symmetry: _Symmetry) -> NDArray[np.int64]:
    """Index (2 ** D,) in the reduced basis for each index in the given one."""
    inverse = _inverse(symmetry.transform)
    return translation_index(_cells(len(inverse)) @ inverse)


def _coset_lengths(metric: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths (2 ** D, 4) of the four shortest vectors of each translation modulo two."""
    vectors = integer_vectors(len(metric), 3)
    lengths = np.sqrt(np.einsum("vi,ij,vj->v", vectors, metric, vectors))
    parities = translation_index(vectors)
    return np.stack([np.sort(lengths[parities == k])[:4] for k in range(1 << len(metric))])


def _distinct(values: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Number the values in ascending order; steps up to the tolerance do not count."""
    order = np.argsort(values, axis=None)
    ranks = np.zeros(values.size, dtype=np.int64)
    ranks[order[1:]] = np.cumsum(np.diff(values.ravel()[order]) > tolerance)
    return ranks.reshape(values.shape)


def _inverse(unimodular: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.rint(np.linalg.inv(unimodular)), dtype=np.int64)


def _identity_first(members: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sort matrices or permutations, the identity before all others."""
    members = np.unique(members, axis=0)
    shape = members.shape[1:]
    identity = np.eye(shape[0]) if len(shape) == 2 else np.arange(shape[0])
    others = (members != identity).any(axis=tuple(range(1, members.ndim)))
    return members[np.argsort(others, kind="stable")]


@cache
def _cells(dimension: int) -> NDArray[np.int64]:
    """Coefficients (2 ** D, D) of the cells of the supercell, in the order of their index."""
    return np.asarray(np.indices((2,) * dimension).reshape(dimension, -1).T, dtype=np.int64)
