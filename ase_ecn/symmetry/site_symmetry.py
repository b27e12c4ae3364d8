"""Point groups and orbits of the sites of a crystal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.geometry.space_groups import point_group
from ase_ecn.symmetry.primitive import symmetry_dataset

POINT_GROUPS = (
    *("1", "-1", "2", "m", "2/m", "222", "mm2", "mmm", "4", "-4", "4/m", "422", "4mm", "-42m"),
    *("4/mmm", "3", "-3", "32", "3m", "-3m", "6", "-6", "6/m", "622", "6mm", "-6m2", "6/mmm"),
    *("23", "m-3", "432", "-43m", "m-3m"),
)
"""The 32 crystal classes as spglib writes them."""
POINT_GROUP_ORDERS = (
    *(1, 2, 2, 2, 4, 4, 4, 8, 4, 4, 8, 8, 8, 8, 16, 3, 6, 6, 6, 12, 6, 6, 12, 12, 12, 12, 24),
    *(12, 24, 24, 24, 48),
)
"""Number of operations of each of them."""
MULTIPLICITIES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48)
"""How many sites of a primitive cell an orbit may have."""
# Atoms are at least 0.62 Å apart, so what brings one nearer than that to its place leaves it there.
_AT_ITS_PLACE = 0.3


@dataclass(frozen=True)
class Sites:
    """What the space group says of the N atoms of a primitive cell.

    Attributes
    ----------
    point_groups
        (N,) place in :data:`POINT_GROUPS` of the group of operations that leave the site.
    orbits
        (N,) number of the orbit; atoms of one orbit are equivalent.
    multiplicities
        (N,) sites that the orbit has in a primitive cell, one of :data:`MULTIPLICITIES`.
    """

    point_groups: NDArray[np.int64]
    orbits: NDArray[np.int64]
    multiplicities: NDArray[np.int64]


def crystal_class(crystal: Crystal) -> int | None:
    """Place of a crystal's point group in :data:`POINT_GROUPS`; ``None`` if spglib finds none."""
    dataset = symmetry_dataset(crystal.primitive.crystal)
    if dataset is None or dataset.pointgroup not in POINT_GROUPS:
        return None
    return POINT_GROUPS.index(dataset.pointgroup)


def sites(crystal: Crystal) -> Sites | None:
    """Point group and orbit of each site.

    They are properties of the crystal: letters of Wyckoff positions are not, because they change
    places with another origin or other axes of the standardised cell (the two of rock salt do).
    The multiplicity of an orbit is that of its Wyckoff position in a primitive cell.

    Parameters
    ----------
    crystal
        Any cell of it.

    Returns
    -------
    Sites
        Of the atoms of ``crystal.primitive.crystal``; ``None`` if spglib finds no symmetry.
    """
    primitive = crystal.primitive.crystal
    dataset = symmetry_dataset(primitive)
    if dataset is None:
        return None
    rotations = np.asarray(dataset.rotations)
    scaled = primitive.scaled_positions
    # Where spglib negated the cell for a right-handed one, fractional coordinates are negated too.
    sign = 1.0 if np.linalg.det(primitive.cell) > 0 else -1.0
    moved = np.einsum("oij,nj->oni", rotations, sign * scaled)
    moved += np.asarray(dataset.translations)[:, None] - sign * scaled
    offsets = (moved - np.rint(moved)) @ primitive.cell
    stays = np.linalg.norm(offsets, axis=2) < _AT_ITS_PLACE
    order = len(np.unique(rotations, axis=0))
    groups, found = [], []
    for atom in range(len(primitive)):
        own = np.unique(rotations[stays[:, atom]], axis=0)
        symbol = point_group(own)
        if symbol not in POINT_GROUPS or order % len(own):
            return None
        groups.append(POINT_GROUPS.index(symbol))
        found.append(order // len(own))
    orbits = np.asarray(dataset.crystallographic_orbits, dtype=np.int64)
    return Sites(np.array(groups), orbits, np.array(found))
