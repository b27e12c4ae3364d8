"""The isometries of a lattice in a reduced basis, by search."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray


def isometries(metric: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """All ``W`` with ``W metric W^T = metric`` up to a relative strain, as a group.

    Parameters
    ----------
    metric
        (D, D) scalar products of a reduced basis.
    tolerance
        Largest strain; it is lowered where the matrices within it are not closed.

    Returns
    -------
    group
        (G, D, D).
    """
    # In a reduced basis, symmetries have no entries other than -1, 0 and 1.
    vectors = integer_vectors(len(metric), 1)
    products = vectors @ metric @ vectors.T
    norms = np.sqrt(np.diag(metric))
    bound = 2 * tolerance * norms[:, None] * norms
    chosen = np.empty((1, 0), dtype=np.int64)
    for row in range(len(metric)):
        images = np.flatnonzero(np.abs(np.diag(products) - metric[row, row]) <= bound[row, row])
        fits = np.ones((len(chosen), len(images)), dtype=bool)
        for other in range(row):
            angles = products[np.ix_(chosen[:, other], images)]
            fits &= np.abs(angles - metric[other, row]) <= bound[other, row]
        kept, added = np.nonzero(fits)
        chosen = np.column_stack([chosen[kept], images[added]])
    matrices = vectors[chosen]
    # Strain in a Cartesian frame: its norm is the same for each basis and orientation.
    inverse = np.linalg.inv(np.linalg.cholesky(metric))
    change = matrices @ metric @ matrices.transpose(0, 2, 1) - metric
    strains = np.linalg.norm(inverse @ change @ inverse.T, axis=(1, 2)) / 2
    group: NDArray[np.int64] = matrices[strains <= tolerance]
    while not _is_closed(group):
        tolerance /= 2
        group = matrices[strains <= tolerance]
    return group


def _is_closed(matrices: NDArray[np.int64]) -> bool:
    products = (matrices[:, None] @ matrices).reshape(-1, matrices[0].size)
    # Entries lie between -3 and 3: as digits in base 8 they make up one number. The identity
    # is a member, so every member is a product.
    codes = (products + 3) @ 8 ** np.arange(matrices[0].size)
    return len(np.unique(codes)) == len(matrices)


@cache
def integer_vectors(dimension: int, largest: int) -> NDArray[np.int64]:
    """All (V, D) integer vectors with entries of at most a size."""
    grid = np.indices((2 * largest + 1,) * dimension).reshape(dimension, -1).T
    return np.asarray(grid - largest, dtype=np.int64)
