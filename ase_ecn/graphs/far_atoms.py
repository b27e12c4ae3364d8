"""Neighbours of an atom that is far from all others, such as one alone in a large box.

A radius in which such an atom has neighbours holds all pairs of the atoms elsewhere, the number of
which grows with the square of theirs. So what is near it is listed for it alone: all lattice
translations of all atoms within a sphere, coordinate after coordinate (Fincke and Pohst, *Math.
Comp.* 44, 463, 1985), at a cost linear in the number of atoms.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray


def nearest_of_atom(
    cell: NDArray[np.float64],
    scaled: NDArray[np.float64],
    atom: int,
    k: int,
    tolerance: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The k nearest neighbours of an atom, and those that are hardly further than the last.

    Parameters
    ----------
    cell
        (3, 3) reduced lattice in Å, rows.
    scaled
        (N, 3) fractional coordinates between 0 and 1.
    atom
        Whose neighbours are wanted.
    k
        At least so many.
    tolerance
        How much further than the k-th a neighbour may be, Å.

    Returns
    -------
    target, image, distance
        (K,), (K, 3) and (K,) in Å, by distance.
    """
    apart = scaled - scaled[atom]
    radius = _radius_of(cell, apart, atom, k) + tolerance
    # Distances along the last axis, taken first, leave the least room for the others.
    axes = np.argsort(np.linalg.norm(cell, axis=1))
    upper = np.asarray(np.linalg.qr(cell[axes].T, mode="r"))
    target, image = _within(upper, apart[:, axes], radius)
    image = image[:, np.argsort(axes)]
    distance = np.linalg.norm((apart[target] + image) @ cell, axis=1)
    order = np.argsort(distance, kind="stable")
    order = order[~((target[order] == atom) & (image[order] == 0).all(axis=1))]
    kept = order[distance[order] <= distance[order[k - 1]] + tolerance]
    return target[kept], image[kept], distance[kept]


def _radius_of(cell: NDArray[np.float64], apart: NDArray[np.float64], atom: int, k: int) -> float:
    """A distance within which the atom has k neighbours."""
    reach = 1
    while len(apart) * (2 * reach + 1) ** 3 <= k:
        reach += 1
    images = np.array(list(itertools.product(range(-reach, reach + 1), repeat=3)))
    squared = np.concatenate([(((apart + n) @ cell) ** 2).sum(axis=1) for n in images])
    squared[len(apart) * (len(images) // 2) + atom] = np.inf  # the atom itself
    return float(np.sqrt(np.partition(squared, k - 1)[k - 1]))


def _within(
    upper: NDArray[np.float64], apart: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All atoms and translations within a radius of the origin.

    ``upper`` is the triangular (3, 3) matrix that maps fractional to Cartesian coordinates, in a
    frame in which the last coordinate depends on the last fraction alone.
    """
    atoms = np.arange(len(apart))
    image = np.zeros((len(apart), 3), dtype=np.int64)
    left = np.full(len(apart), (radius * (1 + 1e-9)) ** 2)
    for axis in (2, 1, 0):
        fraction = apart[atoms] + image
        beyond = fraction[:, axis + 1 :] @ upper[axis, axis + 1 :]
        # |beyond + upper (fraction + n)| <= sqrt(left)
        centre = -beyond / upper[axis, axis] - fraction[:, axis]
        half = np.sqrt(left) / abs(upper[axis, axis])
        first, last = np.ceil(centre - half).astype(int), np.floor(centre + half).astype(int)
        counts = np.maximum(last - first + 1, 0)
        row = np.repeat(np.arange(len(atoms)), counts)
        n = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[row]
        atoms, image = atoms[row], image[row]
        image[:, axis] = n
        along = (n - centre[row]) * upper[axis, axis]
        left = np.maximum(left[row] - along**2, 0)
    return atoms, image
