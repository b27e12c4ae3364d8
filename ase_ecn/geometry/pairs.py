"""Pairs of atoms within a radius in a periodic crystal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

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
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    reach = np.ceil(radius / heights)
    if len(scaled) ** 2 * np.prod(2 * reach + 1) <= _BRUTE_FORCE_DISTANCES:
        images = _grid(*reach.astype(int).tolist())
        source, target, image = _by_brute_force(cell, scaled, radius, images)
    else:
        source, target, image = _by_tree(cell, scaled, radius)
    vector = (scaled[target] - scaled[source] + image) @ cell
    return Pairs(source, target, image, vector)


def periodic_points(
    scaled: NDArray[np.float64], cell: NDArray[np.float64], margin: float
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

    Returns
    -------
    points, owners, images
        (M, 3) positions in Å, (M,) atom of each, and (M, 3) its lattice translation.
    """
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    owners = np.arange(len(scaled))
    images = np.zeros((len(scaled), 3), dtype=np.int64)
    for axis in range(3):
        width = margin / heights[axis]
        reach = int(np.ceil(width))
        coordinates = scaled[owners, axis]
        parts = [
            (np.flatnonzero((coordinates + n >= -width) & (coordinates + n <= 1 + width)), n)
            for n in range(-reach, reach + 1)
        ]
        images = np.concatenate([images[k] + n * np.eye(3, dtype=np.int64)[axis] for k, n in parts])
        owners = np.concatenate([owners[k] for k, _ in parts])
    return (scaled[owners] + images) @ cell, owners, images


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
