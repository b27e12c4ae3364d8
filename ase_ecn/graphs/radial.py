"""All neighbours within a radius: bonds whose energy is a smooth function of the positions.

Faces of Voronoi polyhedra come without gradients. A network that is to give forces takes
these bonds instead, and weighs them by a function that vanishes with two derivatives at the cutoff,
where neighbours come and go.
"""

from __future__ import annotations

import numpy as np

from ase_ecn.crystal import Crystal, periodic_points
from ase_ecn.errors import OptionError
from ase_ecn.graphs.voronoi import Bonds
from ase_ecn.symmetry.reduction import minkowski_reduce

RADIAL_CUTOFF = 5.0
"""Å; the default."""


def radial_bonds(crystal: Crystal, cutoff: float = RADIAL_CUTOFF) -> Bonds:
    """Bonds from each atom to all others, and to images of itself, within the cutoff.

    Parameters
    ----------
    crystal
        Any validated crystal; the cell may be smaller than the cutoff and need not be reduced.
    cutoff
        In Å.

    Returns
    -------
    Bonds
        Ordered by source atom. These bonds have no faces: ``face_share`` is one.

    Raises
    ------
    OptionError
        If the cutoff is not positive.
    """
    from scipy.spatial import cKDTree  # late: importing it takes time, few crystals need it

    if not cutoff > 0:
        raise OptionError(f"the cutoff must be positive, got {cutoff}")
    reduced, transforms = minkowski_reduce(crystal.cell[None])
    cell, transform = reduced[0], transforms[0]
    unwrapped = crystal.scaled_positions @ np.linalg.inv(transform)
    offset = np.floor(unwrapped).astype(np.int64)
    scaled = unwrapped - offset
    points, owners, images = periodic_points(scaled, cell, cutoff)
    centres = cKDTree(scaled @ cell)
    pairs = centres.sparse_distance_matrix(cKDTree(points), cutoff, output_type="coo_matrix")
    # An atom is found as its own neighbour, at a distance of zero.
    itself = (owners[pairs.col] == pairs.row) & (images[pairs.col] == 0).all(axis=1)
    order = np.lexsort((pairs.col, pairs.row))
    order = order[~itself[order]]
    source = pairs.row[order].astype(np.int64)
    target = owners[pairs.col[order]]
    image = images[pairs.col[order]] - offset[target] + offset[source]
    return Bonds(source, target, image @ transform, pairs.data[order], np.ones(len(order)))
