"""All neighbours within a cutoff, atom by atom, for networks that sum over them.

Each bond occurs in both directions. Crystals are taken as they are, of any cell; the search is
pymatgen's, by cells of the size of the cutoff, so its time is linear in the number of atoms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OverlappingAtomsError

_SAME_PLACE = 1e-8
_PERIODIC = np.ones(3, dtype=np.int64)


@dataclass(frozen=True)
class Sphere:
    """Neighbours of the atoms of one crystal.

    Attributes
    ----------
    counts
        (N,) neighbours of each atom.
    neighbor
        (E,) the atom at the other end, atom after atom.
    vector
        (E, 3) to the neighbour, Å.
    """

    counts: NDArray[np.int64]
    neighbor: NDArray[np.int32]
    vector: NDArray[np.float64]


def sphere(cell: NDArray[np.float64], positions: NDArray[np.float64], cutoff: float) -> Sphere:
    """Find the neighbours of all atoms of a crystal.

    Parameters
    ----------
    cell
        (3, 3) lattice vectors in Å, rows; any basis.
    positions
        (N, 3) Cartesian, in Å; they need not lie in the cell.
    cutoff
        In Å.
    """
    from pymatgen.optimization.neighbors import find_points_in_spheres

    positions = np.ascontiguousarray(positions, dtype=np.float64)
    cell = np.ascontiguousarray(cell, dtype=np.float64)
    source, target, image, distance = find_points_in_spheres(
        positions, positions, cutoff, _PERIODIC, cell, _SAME_PLACE
    )
    kept = np.flatnonzero(distance > _SAME_PLACE)
    kept = kept[np.argsort(source[kept], kind="stable")]
    source, target = source[kept], target[kept]
    vector = positions[target] - positions[source] + image[kept] @ cell
    counts = np.bincount(source, minlength=len(positions))
    return Sphere(counts, target.astype(np.int32), vector)


@dataclass(frozen=True)
class SphereBatch:
    """B crystals with N atoms and E bonds in all, as tensors.

    Attributes
    ----------
    numbers
        (N,) int64 atomic numbers.
    row
        (N + 1,) int64, the first bond of each atom.
    neighbor
        (E,) int32, the atom at the other end.
    vector
        (E, 3) to the neighbour, Å.
    atom_counts
        (B,) int64.
    volumes
        (B,) in Å³.
    """

    numbers: Tensor
    row: Tensor
    neighbor: Tensor
    vector: Tensor
    atom_counts: Tensor
    volumes: Tensor

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> SphereBatch:
        """Copy to a device, with vectors and volumes in another type if one is given."""
        return SphereBatch(
            self.numbers.to(device),
            self.row.to(device),
            self.neighbor.to(device),
            self.vector.to(device, dtype),
            self.atom_counts.to(device),
            self.volumes.to(device, dtype),
        )

    @property
    def crystal_of_atom(self) -> Tensor:
        """(N,) index of the crystal of each atom."""
        crystals = torch.arange(len(self.atom_counts), device=self.row.device)
        return torch.repeat_interleave(crystals, self.atom_counts)

    @property
    def atom_of_bond(self) -> Tensor:
        """(E,) int64, the atom at the near end."""
        atoms = torch.arange(len(self.numbers), device=self.row.device)
        return torch.repeat_interleave(atoms, self.row.diff(), output_size=len(self.neighbor))


def sphere_batch(
    crystals: Sequence[Crystal],
    cutoff: float,
    *,
    shortest: float = 0.0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> SphereBatch:
    """Neighbours of the atoms of many crystals.

    Parameters
    ----------
    crystals
        At least one.
    cutoff
        In Å.
    shortest
        Shorter bonds (Å) are an error.
    device, dtype
        Of the tensors.

    Raises
    ------
    OverlappingAtomsError
        If two atoms are nearer to each other than ``shortest``.
    """
    spheres = [sphere(c.cell, c.positions, cutoff) for c in crystals]
    for found in spheres:
        _check_shortest(found, shortest)
    atoms = np.array([len(crystal) for crystal in crystals])
    first = np.cumsum(atoms) - atoms
    counts = np.concatenate([found.counts for found in spheres])
    neighbor = np.concatenate([found.neighbor + n for found, n in zip(spheres, first, strict=True)])
    volumes = np.array([crystal.volume for crystal in crystals])

    def real(values: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(values, dtype=dtype, device=device)

    return SphereBatch(
        torch.as_tensor(np.concatenate([c.numbers for c in crystals]), device=device),
        torch.as_tensor(np.concatenate([[0], np.cumsum(counts)]), device=device),
        torch.as_tensor(neighbor.astype(np.int32), device=device),
        real(np.concatenate([found.vector for found in spheres])),
        torch.as_tensor(atoms, device=device),
        real(volumes),
    )


def _check_shortest(found: Sphere, shortest: float) -> None:
    if not len(found.vector):
        return
    length = np.sqrt((found.vector * found.vector).sum(axis=1))
    k = int(length.argmin())
    if length[k] < shortest:
        atom = int(np.searchsorted(np.cumsum(found.counts), k, side="right"))
        raise OverlappingAtomsError(
            f"atoms {atom} and {found.neighbor[k]} are {length[k]:.3g} Å apart; "
            f"at least {shortest} Å needed"
        )
