"""Pairs of atoms within a radius in periodic crystals.

The search is a loop in ``_pairs.c`` over many crystals at once, which lets go of the interpreter's
lock; arrays and a tree do the same, more slowly, where there was no compiler for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import CrystalError
from ase_ecn.geometry.reduction import reduce_cell

try:
    from ase_ecn.geometry import _compiled as compiled
except ImportError:
    compiled = None  # type: ignore[assignment]

_BRUTE_FORCE_DISTANCES = 100_000


@dataclass(frozen=True)
class Pairs:
    """Directed pairs ``source -> target``; each also occurs in the other direction.

    Attributes
    ----------
    source, target
        (E,) atom indices, ordered by source, target and image.
    image
        (E, 3) lattice translation of the target, in units of the cell's vectors.
    vector
        (E, 3) from source to target in Å.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    image: NDArray[np.int64]
    vector: NDArray[np.float64]


@dataclass(frozen=True)
class NeighborLists:
    """Neighbours of the N atoms of some crystals, atom after atom, E in all.

    Attributes
    ----------
    counts
        (N,) neighbours of each atom.
    neighbor
        (E,) the atom at the other end, numbered through all crystals; of each atom in order.
    vector
        (E, 3) to the neighbour in Å. That of the bond in the other direction, which is there too,
        is the opposite to the last bit.
    """

    counts: NDArray[np.int64]
    neighbor: NDArray[np.int32]
    vector: NDArray[np.float64]


def neighbor_lists(
    cells: NDArray[np.float64],
    positions: NDArray[np.float64],
    atom_counts: NDArray[np.int64],
    cutoff: float,
    *,
    threads: int = 1,
) -> NeighborLists:
    """All neighbours that are nearer than a cutoff, at a cost linear in their number.

    Parameters
    ----------
    cells
        (B, 3, 3) lattice vectors in Å, rows; any basis.
    positions
        (N, 3) Cartesian, in Å; atoms need not lie in their cells.
    atom_counts
        (B,) atoms of each crystal.
    cutoff
        In Å.
    threads
        At most; the result is the same for any number.

    Raises
    ------
    CrystalError
        If a cell has no volume, or an atom is nowhere or extremely far away.
    """
    cells = np.ascontiguousarray(cells, dtype=np.float64)
    positions = np.ascontiguousarray(positions, dtype=np.float64)
    first = np.zeros(len(atom_counts) + 1, dtype=np.int64)
    np.cumsum(atom_counts, out=first[1:])
    if compiled is None:
        return _lists_by_tree(cells, positions, first, cutoff)
    try:
        found = compiled.neighbors(cells, positions, first, cutoff, False, False, threads)
    except ValueError as error:
        raise CrystalError(f"neighbours cannot be found: {error}") from None
    counts, neighbor, vector, _ = found
    return NeighborLists(
        np.frombuffer(counts, dtype=np.int64),
        np.frombuffer(neighbor, dtype=np.int32),
        np.frombuffer(vector, dtype=np.float64).reshape(-1, 3),
    )


def pairs_within(cell: NDArray[np.float64], scaled: NDArray[np.float64], radius: float) -> Pairs:
    """All pairs that are nearer than a radius, at a cost linear in their number.

    Parameters
    ----------
    cell
        (3, 3) reduced lattice in Å, rows.
    scaled
        (N, 3) fractional coordinates between 0 and 1.
    radius
        In Å.
    """
    if compiled is None:
        return _pairs_by_arrays(cell, scaled, radius)
    first = np.array([0, len(scaled)])
    cell = np.ascontiguousarray(cell)
    found = compiled.neighbors(cell, scaled @ cell, first, radius, True, True, 1)
    counts, neighbor, vector, image = found
    source = np.repeat(np.arange(len(scaled)), np.frombuffer(counts, dtype=np.int64))
    return Pairs(
        source,
        np.frombuffer(neighbor, dtype=np.int32).astype(np.int64),
        np.frombuffer(image, dtype=np.int64).reshape(-1, 3),
        np.frombuffer(vector, dtype=np.float64).reshape(-1, 3),
    )


def can_find_shells() -> bool:
    """Whether there is a C function here for :func:`nearest_in_shells`."""
    return hasattr(compiled, "shells")


def nearest_in_shells(
    cells: NDArray[np.float64],
    positions: NDArray[np.float64],
    atom_counts: NDArray[np.int64],
    radii: NDArray[np.float64],
    least: int,
    tolerance: float,
    *,
    threads: int = 1,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """The nearest neighbours of each atom of many crystals in whole shells, by C alone.

    Parameters
    ----------
    cells, positions, atom_counts, threads
        As of :func:`neighbor_lists`.
    radii
        (B,) in Å, in which to search first.
    least
        Number of neighbours, without the rest of the last shell.
    tolerance
        Å by which neighbours may be further than the last of these.

    Returns
    -------
    counts, target, image, finished
        (N,) bonds of each atom; (E,) other ends, of each atom the nearest first; (E, 3)
        translations in units of the given cells; (B,) false for a crystal that has no bonds here
        because some of its atoms need a closer look.

    Raises
    ------
    CrystalError
        If a cell has no volume, or an atom is nowhere or extremely far away.
    """
    first = np.zeros(len(atom_counts) + 1, dtype=np.int64)
    np.cumsum(atom_counts, out=first[1:])
    arrays = (
        np.ascontiguousarray(cells, dtype=np.float64),
        np.ascontiguousarray(positions, dtype=np.float64),
        first,
        np.ascontiguousarray(radii, dtype=np.float64),
    )
    try:
        found = compiled.shells(*arrays, least, tolerance, threads)
    except ValueError as error:
        raise CrystalError(f"neighbours cannot be found: {error}") from None
    counts, target, image, finished = found
    return (
        np.frombuffer(counts, dtype=np.int64),
        np.frombuffer(target, dtype=np.int64),
        np.frombuffer(image, dtype=np.int64).reshape(-1, 3),
        np.frombuffer(finished, dtype=np.bool_),
    )


def periodic_points(
    scaled: NDArray[np.float64],
    cell: NDArray[np.float64],
    margin: float,
    most_cells: float = np.inf,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Atoms in a cell and their images in a layer around it.

    Parameters
    ----------
    scaled
        (N, 3) fractional coordinates between 0 and 1.
    cell
        (3, 3) lattice in Å, rows; should be reduced.
    margin
        Thickness of the layer in Å.
    most_cells
        The layer is no thicker than so many cells along any axis.

    Returns
    -------
    points, owners, images
        (M, 3) positions in Å, (M,) atom of each, and (M, 3) its lattice translation.
    """
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    owners = np.arange(len(scaled))
    images = np.zeros((len(scaled), 3), dtype=np.int64)
    for axis in range(3):
        width = min(margin / heights[axis], most_cells)
        reach = int(np.ceil(width))
        coordinates = scaled[owners, axis]
        parts = [
            (np.flatnonzero((coordinates + n >= -width) & (coordinates + n <= 1 + width)), n)
            for n in range(-reach, reach + 1)
        ]
        images = np.concatenate([images[k] + n * np.eye(3, dtype=np.int64)[axis] for k, n in parts])
        owners = np.concatenate([owners[k] for k, _ in parts])
    return (scaled[owners] + images) @ cell, owners, images


def _lists_by_tree(
    cells: NDArray[np.float64],
    positions: NDArray[np.float64],
    first: NDArray[np.int64],
    cutoff: float,
) -> NeighborLists:
    counts, neighbor, vector = [], [np.zeros(0, np.int64)], [np.zeros((0, 3))]
    for cell, begin, end in zip(cells, first[:-1], first[1:], strict=True):
        try:
            scaled = np.linalg.solve(cell.T, positions[begin:end].T).T
        except np.linalg.LinAlgError:
            raise CrystalError("neighbours cannot be found: the cell is singular") from None
        reduced = reduce_cell(cell, scaled)
        pairs = _pairs_by_arrays(reduced.cell, reduced.scaled, cutoff)
        counts.append(np.bincount(pairs.source, minlength=end - begin))
        neighbor.append(pairs.target + begin)
        vector.append(pairs.vector)
    return NeighborLists(
        np.concatenate(counts), np.concatenate(neighbor).astype(np.int32), np.concatenate(vector)
    )


def _pairs_by_arrays(
    cell: NDArray[np.float64], scaled: NDArray[np.float64], radius: float
) -> Pairs:
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    reach = np.ceil(radius / heights)
    if len(scaled) ** 2 * np.prod(2 * reach + 1) <= _BRUTE_FORCE_DISTANCES:
        images = _grid(*reach.astype(int).tolist())
        source, target, image = _by_brute_force(cell, scaled, radius, images)
    else:
        source, target, image = _by_tree(cell, scaled, radius)
    vector = (scaled[target] - scaled[source] + image) @ cell
    return Pairs(source, target, image, vector)


@lru_cache(maxsize=256)
def _grid(n_1: int, n_2: int, n_3: int) -> NDArray[np.int64]:
    """Lattice translations from -n to n along each vector; zero is in the middle."""
    ranges = [np.arange(-n, n + 1) for n in (n_1, n_2, n_3)]
    return np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)


def _by_brute_force(
    cell: NDArray[np.float64],
    scaled: NDArray[np.float64],
    radius: float,
    images: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    atoms, count = len(scaled), len(images)
    points = scaled @ cell
    vectors = (points - points[:, None]).reshape(-1, 3)
    shifts = images @ cell
    # |v + t|^2 as one product of matrices.
    left = np.empty((atoms * atoms, 5))
    left[:, :3], left[:, 3], left[:, 4] = 2 * vectors, (vectors * vectors).sum(axis=1), 1.0
    right = np.empty((5, count))
    right[:3], right[3], right[4] = shifts.T, 1.0, (shifts * shifts).sum(axis=1)
    squared = left @ right
    squared[:: atoms + 1, count // 2] = np.inf  # an atom is not its own neighbour
    row, image = np.divmod(np.flatnonzero(squared < radius * radius), count)
    source, target = np.divmod(row, atoms)
    return source, target, images[image]


def _by_tree(
    cell: NDArray[np.float64], scaled: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    from scipy.spatial import cKDTree  # late: importing it takes time, few crystals need it

    points, owners, images = periodic_points(scaled, cell, radius)
    found = cKDTree(scaled @ cell).sparse_distance_matrix(
        cKDTree(points), radius, output_type="ndarray"
    )
    source, point = found["i"].astype(np.int64), found["j"].astype(np.int64)
    target, image = owners[point], images[point]
    other = (source != target) | image.any(axis=1)
    source, target, image = source[other], target[other], image[other]
    order = np.lexsort((*image.T[::-1], target, source))
    return source[order], target[order], image[order]
