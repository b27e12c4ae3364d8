"""All neighbours within a radius: bonds whose energy is a smooth function of the positions.

Faces of Voronoi polyhedra come without gradients. A network that is to give forces takes
these bonds instead, and weighs them by a function that vanishes with two derivatives at the cutoff,
where neighbours come and go.
"""

from __future__ import annotations

import numpy as np

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.pairs import periodic_points
from ase_ecn.graphs.voronoi import Bonds

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
    reduced = crystal.reduced
    points, owners, images = periodic_points(reduced.scaled, reduced.cell, cutoff)
    centres = cKDTree(reduced.scaled @ reduced.cell)
    pairs = centres.sparse_distance_matrix(cKDTree(points), cutoff, output_type="coo_matrix")
    # An atom is found as its own neighbour, at a distance of zero.
    itself = (owners[pairs.col] == pairs.row) & (images[pairs.col] == 0).all(axis=1)
    order = np.lexsort((pairs.col, pairs.row))
    order = order[~itself[order]]
    source = pairs.row[order].astype(np.int64)
    target = owners[pairs.col[order]]
    image = reduced.original_images(source, target, images[pairs.col[order]])
    return Bonds(source, target, image, pairs.data[order], np.ones(len(order)))
