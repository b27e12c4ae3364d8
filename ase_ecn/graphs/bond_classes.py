"""Classes of bonds, for networks that have radial functions of their own for each class.

A class is a property of the crystal: it does not depend on the lattice vectors, the origin, the
supercell or the order of the atoms, and it is the same for a bond and its reverse, as the network
needs it (each atom collects its own gradient from its own bonds). It is no
continuous function of the positions: a small strain that lowers the symmetry changes it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.spheres import SphereBatch
from ase_ecn.symmetry.colours import OTHER_ATOM, bond_colour_count
from ase_ecn.symmetry.site_symmetry import (
    MULTIPLICITIES,
    POINT_GROUP_ORDERS,
    POINT_GROUPS,
    crystal_class,
    sites,
)

NONE, COLOURS, CRYSTAL_CLASS = "none", "colours", "crystal_class"
SITE_SYMMETRY, WYCKOFF = "site_symmetry", "wyckoff"
_SIZES = len(MULTIPLICITIES)

CLASS_COUNTS = {
    NONE: 0,
    COLOURS: bond_colour_count("S_lattice", "free"),
    CRYSTAL_CLASS: len(POINT_GROUPS),
    SITE_SYMMETRY: len(POINT_GROUPS),
    WYCKOFF: _SIZES + _SIZES * (_SIZES + 1) // 2,
}
"""Number of classes by kind, without class 0, which is that of bonds of no known class."""


def bond_classes(kind: str, crystals: Sequence[Crystal], batch: SphereBatch) -> Tensor:
    """Classes of the bonds of some crystals.

    Parameters
    ----------
    kind
        ``"colours"``: the orbits of bonds of the crystal network with all permutations of the
        cells and a free motif, see :mod:`ase_ecn.symmetry.colours`. Bonds to other atoms of the
        primitive cell; bonds to an atom's own images by twice a lattice vector; and by any other.
        ``"crystal_class"``: all bonds of a crystal have the class of its point group.
        ``"site_symmetry"``: the point group of the less symmetric of both sites, which is the one
        with fewer operations, and of two with as many the earlier in :data:`POINT_GROUPS`.
        ``"wyckoff"``: the orbits of both sites, told apart by their multiplicities in a primitive
        cell: a class for each multiplicity where both sites are equivalent, and one for each pair
        of multiplicities where they are not.
    crystals
        Of the batch.
    batch
        All neighbours within a cutoff, on the CPU.

    Returns
    -------
    Tensor
        (E,) int32 from 1 on, and 0 where spglib finds no symmetry.

    Raises
    ------
    OptionError
        If the kind is unknown, or has no classes.
    """
    if kind not in _CLASSES:
        raise OptionError(f"no classes of bonds {kind!r}; known are {', '.join(_CLASSES)}")
    return torch.from_numpy(_CLASSES[kind](crystals, batch).astype(np.int32))


def _colours(crystals: Sequence[Crystal], batch: SphereBatch) -> NDArray[np.int64]:
    near, far = batch.atom_of_bond.numpy(), batch.neighbor.numpy()
    primitive = [crystal.primitive for crystal in crystals]
    site = np.concatenate([cell.site_of_atom for cell in primitive])
    inverses = np.linalg.inv(np.array([cell.crystal.cell for cell in primitive]))
    own = np.flatnonzero(site[near] == site[far])
    crystal = batch.crystal_of_atom.numpy()[near[own]]
    steps = np.einsum("ei,eij->ej", batch.vector.double().numpy()[own], inverses[crystal])
    found = np.full(len(near), OTHER_ATOM, dtype=np.int64)
    # Whether all of a translation's numbers are even does not depend on the basis.
    found[own] = OTHER_ATOM + 1 + (np.rint(steps) % 2 != 0).any(axis=1)
    return 1 + found


def _crystal_classes(crystals: Sequence[Crystal], batch: SphereBatch) -> NDArray[np.int64]:
    found = [crystal_class(crystal) for crystal in crystals]
    classes = np.array([0 if place is None else 1 + place for place in found])
    crystal: NDArray[np.int64] = batch.crystal_of_atom[batch.atom_of_bond].numpy()
    of_bonds: NDArray[np.int64] = classes[crystal]
    return of_bonds


def _site_symmetries(crystals: Sequence[Crystal], batch: SphereBatch) -> NDArray[np.int64]:
    known = _of_atoms(crystals)
    # Both ends of a bond must give the same class, so the bond has that of one of them.
    ranks = np.array([0, *_ranks()])[known[:, 0]]
    near, far = batch.atom_of_bond.numpy(), batch.neighbor.numpy()
    found: NDArray[np.int64] = np.where(ranks[near] <= ranks[far], known[near, 0], known[far, 0])
    return found


def _ranks() -> NDArray[np.int64]:
    """Places of the point groups, counted from 1, in an order of growing symmetry."""
    order = sorted(range(len(POINT_GROUPS)), key=lambda k: (POINT_GROUP_ORDERS[k], k))
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(1, 1 + len(order))
    return ranks


def _wyckoff(crystals: Sequence[Crystal], batch: SphereBatch) -> NDArray[np.int64]:
    known = _of_atoms(crystals)
    near, far = known[batch.atom_of_bond.numpy()], known[batch.neighbor.numpy()]
    size = np.stack([near[:, 1], far[:, 1]])
    low, high = size.min(axis=0), size.max(axis=0)
    pair = _SIZES + high * (high + 1) // 2 + low
    found = 1 + np.where(near[:, 2] == far[:, 2], low, pair)
    unknown: NDArray[np.int64] = np.where(near[:, 0] > 0, found, 0)
    return unknown


def _of_atoms(crystals: Sequence[Crystal]) -> NDArray[np.int64]:
    """(N, 3) point group of the site from 1 on, place of the multiplicity, and orbit; or zeros."""
    parts = []
    for crystal in crystals:
        found = sites(crystal)
        known = np.zeros((len(crystal), 3), dtype=np.int64)
        if found is not None:
            size = np.searchsorted(MULTIPLICITIES, found.multiplicities)
            of_sites = np.stack([1 + found.point_groups, size, found.orbits], axis=1)
            known = of_sites[crystal.primitive.site_of_atom]
        parts.append(known)
    return np.concatenate(parts)


_CLASSES = {
    COLOURS: _colours,
    CRYSTAL_CLASS: _crystal_classes,
    SITE_SYMMETRY: _site_symmetries,
    WYCKOFF: _wyckoff,
}
