"""Classes of bonds, for networks that have radial functions of their own for each class.

A class is a property of the crystal: it does not depend on the lattice vectors, the origin, the
supercell or the order of the atoms, and it is the same for a bond and its reverse. It is no
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
from ase_ecn.symmetry.primitive import symmetry_dataset

NONE, COLOURS, CRYSTAL_CLASS = "none", "colours", "crystal_class"
POINT_GROUPS = (
    *("1", "-1", "2", "m", "2/m", "222", "mm2", "mmm", "4", "-4", "4/m", "422", "4mm", "-42m"),
    *("4/mmm", "3", "-3", "32", "3m", "-3m", "6", "-6", "6/m", "622", "6mm", "-6m2", "6/mmm"),
    *("23", "m-3", "432", "-43m", "m-3m"),
)
"""The 32 crystal classes as spglib writes them."""

CLASS_COUNTS = {
    NONE: 0,
    COLOURS: bond_colour_count("S_lattice", "free"),
    CRYSTAL_CLASS: len(POINT_GROUPS),
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
    if not CLASS_COUNTS.get(kind):
        known = ", ".join(kind for kind, count in CLASS_COUNTS.items() if count)
        raise OptionError(f"no classes of bonds {kind!r}; known are {known}")
    found = _colours(crystals, batch) if kind == COLOURS else _crystal_classes(crystals, batch)
    return torch.from_numpy(found.astype(np.int32))


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
    classes = np.array([_crystal_class(crystal) for crystal in crystals])
    crystal: NDArray[np.int64] = batch.crystal_of_atom[batch.atom_of_bond].numpy()
    found: NDArray[np.int64] = classes[crystal]
    return found


def _crystal_class(crystal: Crystal) -> int:
    dataset = symmetry_dataset(crystal.primitive.crystal)
    if dataset is None or dataset.pointgroup not in POINT_GROUPS:
        return 0
    return 1 + POINT_GROUPS.index(dataset.pointgroup)
