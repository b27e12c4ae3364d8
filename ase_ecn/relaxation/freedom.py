"""What may move in a crystal: its symmetric, unconstrained displacements and strains, as numbers.

The coordinates of a crystal are the positions ``q`` of its atoms in the undeformed frame and the
symmetric logarithm ``L`` of the deformation: the cell is ``undeformed @ exp(L)`` and the positions
are ``q @ exp(L)``, as in ASE's ``FrechetCellFilter``. What its symmetry and its constraints leave
free is a linear subspace of these, so a few numbers say where a crystal is, and a search among
them keeps the space group exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ase_ecn.crystal import Crystal
from ase_ecn.geometry.repetition import SYMPREC
from ase_ecn.geometry.space_groups import spglib_dataset
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain, exp_symmetric

STRAINS = np.zeros((6, 3, 3))
"""Orthonormal basis of the symmetric matrices, xx yy zz yz xz xy."""
for _k, (_a, _b) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
    STRAINS[_k, _a, _b] = STRAINS[_k, _b, _a] = 1.0 if _a == _b else np.sqrt(0.5)

SAME = 1e-8
"""Eigenvalues of a logarithm that differ by less are the same."""
_MANY_ATOMS = 500
_PAIRS_AT_ONCE = 100_000
_SMALL_BASIS = 200_000


@dataclass(frozen=True, eq=False)
class Operations:
    """The symmetry operations of a crystal that a search has to keep.

    Attributes
    ----------
    rotations
        (G, 3, 3) for row vectors: an operation takes a displacement ``u`` to ``u @ rotation``.
    images
        (G, N) where each operation takes each atom.
    """

    rotations: NDArray[np.float64]
    images: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Freedom:
    """The coordinates of a crystal that may change.

    Attributes
    ----------
    numbers
        (N,) atomic numbers.
    undeformed
        (3, 3) cell in Å, rows, of which deformations are logarithms.
    basis
        (3 N + 6, K) orthonormal columns: displacements of the atoms (Å), atom after atom, and then
        the components of the strain by :data:`STRAINS`. Sparse for large crystals.
    """

    numbers: NDArray[np.int64]
    undeformed: NDArray[np.float64]
    basis: Any = field(repr=False)

    @property
    def atoms(self) -> int:
        """Number of atoms."""
        return len(self.numbers)

    @cached_property
    def _transposed(self) -> Any:
        return self.basis.T.tocsr() if sparse.issparse(self.basis) else self.basis.T

    @cached_property
    def _to_scaled(self) -> NDArray[np.float64]:
        return np.asarray(np.linalg.inv(self.undeformed))

    def displaced(
        self, step: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Displacements (N, 3) in Å and strain (3, 3) of (K,) numbers."""
        full = self.basis @ step
        strain = np.tensordot(full[3 * self.atoms :], STRAINS, 1)
        return full[: 3 * self.atoms].reshape(-1, 3), strain

    def nearest(
        self, displacements: NDArray[np.float64], strain: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The nearest to (N, 3) displacements in Å and a (3, 3) strain that keep what has to be."""
        components = np.tensordot(STRAINS, strain, 2)
        return self.displaced(
            np.asarray(self._transposed @ np.concatenate([displacements.ravel(), components]))
        )

    def crystal(self, q: NDArray[np.float64], logarithm: NDArray[np.float64]) -> Crystal:
        """The crystal at (N, 3) undeformed positions and a (3, 3) logarithm."""
        scaled = q @ self._to_scaled
        return Crystal(self.numbers, self.undeformed @ exp_symmetric(logarithm), scaled)

    def gradient(
        self,
        logarithm: NDArray[np.float64],
        forces: NDArray[np.float64],
        virial: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """(K,) derivatives of the energy, eV per unit of the coordinates.

        Parameters
        ----------
        logarithm
            (3, 3), where the crystal is.
        forces
            (N, 3) in eV/Å.
        virial
            (3, 3) in eV: derivative of the energy by a strain of the crystal as it is, the stress
            times the volume.
        """
        values, vectors = np.linalg.eigh(logarithm)
        growth = np.exp(values)
        by_positions = -forces @ ((vectors * growth) @ vectors.T)
        # The derivative of the exponential, in the axes of the logarithm.
        apart = values[:, None] - values[None, :]
        near = np.abs(apart) < SAME
        slope = np.where(
            near, growth[:, None], (growth[:, None] - growth[None, :]) / np.where(near, 1.0, apart)
        )
        shrink = (1 / growth[:, None] + 1 / growth[None, :]) / 2
        turned = vectors.T @ virial @ vectors * slope * shrink
        by_strain = vectors @ turned @ vectors.T
        components = np.tensordot(STRAINS, by_strain, 2)
        return np.asarray(self._transposed @ np.concatenate([by_positions.ravel(), components]))


def operations(
    crystal: Crystal,
    kinds: NDArray[np.int64],
    allowed: AllowedStrain = ANY_STRAIN,
    symprec: float = SYMPREC,
) -> Operations:
    """Operations of the space group under which kinds of atoms and allowed strains stay.

    Parameters
    ----------
    crystal
        Of N atoms, in a reduced basis.
    kinds
        (N,) atoms of different kinds are never taken to each other.
    allowed
        Strains; operations that turn them into others, which are forbidden, don't count.
    symprec
        Tolerance in Å.
    """
    size = len(crystal)
    identity = Operations(np.eye(3)[None], np.arange(size)[None])
    if size > _MANY_ATOMS:
        return identity  # finding images would cost more than symmetry saves
    dataset = spglib_dataset(crystal.cell, crystal.scaled_positions, kinds, symprec)
    if dataset is None or len(dataset.rotations) == 1:
        return identity
    # Cells of the other handedness were mirrored for spglib, positions with them.
    sign = 1.0 if np.linalg.det(crystal.cell) > 0 else -1.0
    transposed = np.swapaxes(np.asarray(dataset.rotations, dtype=np.float64), 1, 2)
    rotations = _orthogonal(np.linalg.inv(crystal.cell) @ transposed @ crystal.cell)
    kept = np.array([_keeps(allowed, rotation) for rotation in rotations])
    moved = crystal.scaled_positions @ transposed + sign * dataset.translations[:, None]
    images = _images(crystal, kinds, moved)
    # Within the tolerance, two atoms may be nearest to the same one: that is no operation.
    kept &= (np.sort(images, axis=1) == np.arange(size)).all(axis=1)
    return Operations(rotations[kept], images[kept])


def _images(
    crystal: Crystal, kinds: NDArray[np.int64], moved: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Atoms (G, N) of the same kind that are nearest to (G, N, 3) fractional coordinates."""
    different = kinds[:, None] != kinds
    at_once = max(1, _PAIRS_AT_ONCE // different.size)
    nearest = []
    for first in range(0, len(moved), at_once):
        apart = moved[first : first + at_once, :, None] - crystal.scaled_positions
        apart -= np.rint(apart)
        squares = ((apart @ crystal.cell) ** 2).sum(axis=3)
        squares[:, different] = np.inf
        nearest.append(squares.argmin(axis=2))
    return np.concatenate(nearest)


def _keeps(allowed: AllowedStrain, rotation: NDArray[np.float64]) -> bool:
    if allowed.everything:
        return True
    turned = rotation.T @ STRAINS @ rotation
    projected = rotation.T @ allowed.project(STRAINS) @ rotation
    return bool(np.abs(allowed.project(turned) - projected).max() < 1e-4)


def _orthogonal(rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest orthogonal matrices: the lattice has its symmetry within the tolerance only."""
    u, _, v = np.linalg.svd(rotations)
    return np.asarray(u @ v)


def freedom(
    crystal: Crystal,
    group: Operations,
    allowed: AllowedStrain = ANY_STRAIN,
    fixed: NDArray[np.bool_] | None = None,
) -> Freedom:
    """What a crystal may do.

    Parameters
    ----------
    crystal
        Undeformed, of N atoms.
    group
        Operations that it keeps.
    allowed
        Strains that are allowed.
    fixed
        (N,) atoms that keep their fractional coordinates; ``None`` for no atom.
    """
    size = len(crystal)
    free = np.ones(size, dtype=bool) if fixed is None else ~fixed
    columns = [*_of_atoms(group, free), *_of_strains(group, allowed, size)]
    rows = np.concatenate([r for r, _ in columns]) if columns else np.zeros(0, dtype=np.int64)
    values = np.concatenate([v for _, v in columns]) if columns else np.zeros(0)
    starts = np.cumsum([0, *(len(r) for r, _ in columns)])
    shape = (3 * size + 6, len(columns))
    basis = sparse.csc_matrix((values, rows, starts), shape=shape)
    small = shape[0] * shape[1] <= _SMALL_BASIS
    return Freedom(crystal.numbers, crystal.cell, basis.toarray() if small else basis.tocsr())


def _of_atoms(
    group: Operations, free: NDArray[np.bool_]
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Rows and values of the columns that displace atoms, orbit after orbit."""
    found = []
    done = ~free
    for atom in range(len(free)):
        if done[atom]:
            continue
        images = group.images[:, atom]
        done[images] = True
        here = group.rotations[images == atom].mean(axis=0)
        values, vectors = np.linalg.eigh((here + here.T) / 2)
        orbit, first = np.unique(images, return_index=True)
        rows = (3 * orbit[:, None] + np.arange(3)).ravel()
        for direction in vectors.T[values > 0.5]:
            column = (direction @ group.rotations[first]).ravel()
            found.append((rows, column / np.linalg.norm(column)))
    return found


def _of_strains(
    group: Operations, allowed: AllowedStrain, size: int
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    turned = np.swapaxes(group.rotations, 1, 2)[:, None] @ STRAINS @ group.rotations[:, None]
    images = allowed.project(turned.mean(axis=0))
    projector = np.tensordot(images, STRAINS, ((1, 2), (1, 2)))
    values, vectors = np.linalg.eigh((projector + projector.T) / 2)
    rows = 3 * size + np.arange(6)
    return [(rows, vector) for vector in vectors.T[values > 0.5]]
