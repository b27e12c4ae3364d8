"""How stiff a crystal is about as it stands, by a model with a spring for each bond.

A search begins with this Hessian instead of a multiple of the identity, which knows neither that
strains are stiffer in larger cells nor that short bonds are stiffer than long ones. Springs are as
stiff as ``exp(-decay (r / r0 - 1))`` with the sum ``r0`` of the covalent radii, as in the
preconditioner of Packwood et al., J. Chem. Phys. 144, 164109 (2016), and act along the bond and,
more weakly, across it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ase.data import covalent_radii
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.spheres import Sphere, sphere
from ase_ecn.relaxation.freedom import STRAINS, Freedom

STIFFNESS = 2.0
"""Of a bond as long as the sum of the covalent radii, eV/Å²."""
STIFFEST = 10.0
"""Times as stiff as that is no bond, however short."""
DECAY = 4.0
"""How fast stiffness decays with the length."""
ACROSS = 0.2
"""Stiffness across a bond, relative to that along it."""
CUTOFF = 5.0
"""Of the bonds, Å."""
LEAST = 0.05
"""Least curvature along any coordinate, eV/Å²."""

Solve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def stiffness(crystal: Crystal, free: Freedom) -> NDArray[np.float64] | sparse.csr_matrix:
    """(K, K) model of the second derivatives of the energy by the free coordinates.

    Parameters
    ----------
    crystal
        Where it stands; of N atoms.
    free
        Its coordinates.
    """
    found = sphere(crystal.cell, crystal.positions, CUTOFF)
    near = np.repeat(np.arange(len(crystal)), found.counts)
    length = np.linalg.norm(found.vector, axis=1)
    radii = covalent_radii[crystal.numbers]
    decay = np.exp(-DECAY * (length / (radii[near] + radii[found.neighbor]) - 1))
    # Half, as each bond occurs in both directions.
    spring = STIFFNESS / 2 * np.minimum(decay, STIFFEST)
    change = _changes(near, found, np.eye(3)[None]) @ free.basis
    along = _changes(near, found, (found.vector / length[:, None])[:, None]) @ free.basis
    across = np.repeat(ACROSS * spring, 3)
    return _squares(change, across) + _squares(along, (1 - ACROSS) * spring)


def _changes(
    near: NDArray[np.int64], found: Sphere, axes: NDArray[np.float64]
) -> sparse.csr_matrix:
    """How components of the bonds' vectors follow the atoms and the strain: (E A, 3 N + 6).

    Parameters
    ----------
    near
        (E,) atoms at the near ends of the bonds.
    found
        Those bonds.
    axes
        (E or 1, A, 3) along which components are taken.
    """
    bonds, count = len(near), axes.shape[1]
    axes = np.broadcast_to(axes, (bonds, count, 3))
    strained = np.einsum("ecb,ea,mab->ecm", axes, found.vector, STRAINS)
    values = np.concatenate([axes, -axes, strained], axis=2)
    xyz = np.arange(3)
    columns = np.concatenate(
        [
            3 * found.neighbor[:, None] + xyz,
            3 * near[:, None] + xyz,
            np.broadcast_to(3 * len(found.counts) + np.arange(6), (bonds, 6)),
        ],
        axis=1,
    )
    columns = np.broadcast_to(columns[:, None], values.shape)
    starts = np.arange(0, values.size + 1, values.shape[2])
    shape = (bonds * count, 3 * len(found.counts) + 6)
    return sparse.csr_matrix((values.ravel(), columns.ravel(), starts), shape=shape)


def _squares(change: Any, weights: NDArray[np.float64]) -> Any:
    """Sum over the rows of each one's square times its weight, a matrix."""
    if sparse.issparse(change):
        return change.T @ (sparse.diags(weights) @ change)
    return change.T @ (weights[:, None] * change)


def solver(matrix: NDArray[np.float64] | sparse.csr_matrix) -> Solve:
    """What multiplies vectors by the inverse of a (K, K) matrix that has no negative eigenvalue."""
    least = LEAST * sparse.identity(matrix.shape[0])
    if sparse.issparse(matrix):
        return splu((matrix + least).tocsc()).solve  # type: ignore[no-any-return]
    inverse = np.linalg.inv(matrix + least.toarray())
    return lambda vector: inverse @ vector
