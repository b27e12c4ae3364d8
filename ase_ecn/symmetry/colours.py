"""Colours of bonds under the group that permutes unit cells (section 6 of the ECN paper).

In the 2x2x2 supercell a bond ``i -> j`` with lattice translation ``t`` joins the nodes ``(a, i)``
and ``(a + t mod 2, j)``. Its orbit under the symmetric group of the eight cells depends on
whether ``t mod 2`` vanishes. Which image of an atom counts as inside the cell is a convention,
and choosing another changes ``t`` for ``i != j``. The group that lets every atom choose its image
leaves those bonds a single colour; only bonds of an atom to its own images keep two. These are
the colours used here: they are a property of the crystal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OTHER_ATOM = 0
"""Colour of a bond to another atom of the cell."""
OWN_IMAGE_ODD = 1
"""Colour of a bond to an image of the same atom in another cell of the supercell."""
OWN_IMAGE_EVEN = 2
"""Colour of a bond to an image of the same atom that the supercell identifies with it."""
COLOURS = 3


def bond_colours(
    source: NDArray[np.int64], target: NDArray[np.int64], image: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Colours of bonds in a primitive cell for the group S_lattice with a free motif.

    Parameters
    ----------
    source, target
        (E,) atom indices in the primitive cell.
    image
        (E, 3) lattice translations.

    Returns
    -------
    colours
        (E,) integers below ``COLOURS``.
    """
    even = (image % 2 == 0).all(axis=1)
    own = np.where(even, OWN_IMAGE_EVEN, OWN_IMAGE_ODD)
    return np.where(source == target, own, OTHER_ATOM).astype(np.int64)
