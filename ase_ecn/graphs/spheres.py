"""All neighbours within a cutoff, atom by atom, for networks that sum over them.

Each bond occurs in both directions. Crystals are taken as they are, of any cell; the search is that
of :mod:`ase_ecn.geometry.pairs`, whose time is linear in the number of atoms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OverlappingAtomsError
from ase_ecn.geometry.pairs import neighbor_lists
from ase_ecn.graphs.neighbors import pairs_of_tensors
from ase_ecn.graphs.transfer import placed


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
    found = neighbor_lists(np.asarray(cell)[None], positions, np.array([len(positions)]), cutoff)
    return Sphere(found.counts, found.neighbor, found.vector)


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
    classes
        (E,) int32 classes of the bonds, see :mod:`ase_ecn.graphs.bond_classes`, or ``None``.
    """

    numbers: Tensor
    row: Tensor
    neighbor: Tensor
    vector: Tensor
    atom_counts: Tensor
    volumes: Tensor
    classes: Tensor | None = None

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> SphereBatch:
        """The same on a device, with vectors and volumes in another type if one is given."""
        return SphereBatch.of(placed(self.tensors(dtype), device))

    def tensors(self, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
        """All that there is, by name, with vectors and volumes in another type if one is given."""
        found = {name: value for name, value in self.__dict__.items() if value is not None}
        if dtype is not None:
            found |= {name: found[name].to(dtype) for name in ("vector", "volumes")}
        return found

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> SphereBatch:
        """The batch of which :meth:`tensors` are."""
        names = [field.name for field in fields(cls)]
        batch = cls(**{name: tensors[name] for name in names if name in tensors})
        batch.__dict__.update({k: value for k, value in tensors.items() if k not in names})
        return batch

    # What is kept must be fit for derivatives, also if it is first asked for where there are none.
    @cached_property
    def crystal_of_atom(self) -> Tensor:
        """(N,) index of the crystal of each atom."""
        with torch.inference_mode(False):
            crystals = torch.arange(len(self.atom_counts), device=self.row.device)
            return torch.repeat_interleave(
                crystals, self.atom_counts, output_size=len(self.numbers)
            )

    @cached_property
    def atom_of_bond(self) -> Tensor:
        """(E,) int64, the atom at the near end."""
        with torch.inference_mode(False):
            atoms = torch.arange(len(self.numbers), device=self.row.device)
            return torch.repeat_interleave(atoms, self.row.diff(), output_size=len(self.neighbor))


@dataclass(frozen=True)
class SphereArrays:
    """What a :class:`SphereBatch` holds, as arrays, before it is one.

    Attributes
    ----------
    numbers, row, neighbor, vector, atom_counts, volumes
        As of :class:`SphereBatch`, in double precision.
    """

    numbers: NDArray[np.int64]
    row: NDArray[np.int64]
    neighbor: NDArray[np.int32]
    vector: NDArray[np.float64]
    atom_counts: NDArray[np.int64]
    volumes: NDArray[np.float64]

    @cached_property
    def crystal_of_atom(self) -> NDArray[np.int64]:
        """(N,) index of the crystal of each atom."""
        return np.repeat(np.arange(len(self.atom_counts)), self.atom_counts)

    @cached_property
    def atom_of_bond(self) -> NDArray[np.int64]:
        """(E,) the atom at the near end."""
        return np.repeat(np.arange(len(self.numbers)), np.diff(self.row))

    @cached_property
    def squared(self) -> NDArray[np.float64]:
        """(E,) squares of the lengths of the bonds, Å²."""
        return np.asarray(np.einsum("ei,ei->e", self.vector, self.vector))

    @classmethod
    def of(cls, batch: SphereBatch) -> SphereArrays:
        """Those that the tensors of a batch on the CPU have; vectors keep their type."""
        names = [field.name for field in fields(cls)]
        arrays = cls(*(getattr(batch, name).detach().numpy() for name in names))
        arrays.__dict__["crystal_of_atom"] = batch.crystal_of_atom.numpy()
        return arrays

    def batch(
        self, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
    ) -> SphereBatch:
        """The same as tensors."""
        batch = SphereBatch(
            torch.as_tensor(self.numbers, device=device),
            torch.as_tensor(self.row, device=device),
            torch.as_tensor(self.neighbor, device=device),
            torch.as_tensor(self.vector, dtype=dtype, device=device),
            torch.as_tensor(self.atom_counts, device=device),
            torch.as_tensor(self.volumes, dtype=dtype, device=device),
        )
        # Every copy needs these; arrays make them in less time than tensors.
        with torch.inference_mode(False):
            for name in ("crystal_of_atom", "atom_of_bond"):
                batch.__dict__[name] = torch.as_tensor(getattr(self, name), device=device)
        return batch


def sphere_arrays(
    crystals: Sequence[Crystal], cutoff: float, *, shortest: float = 0.0
) -> SphereArrays:
    """Neighbours of the atoms of many crystals.

    Parameters
    ----------
    crystals
        At least one.
    cutoff
        In Å.
    shortest
        Shorter bonds (Å) are an error.

    Raises
    ------
    OverlappingAtomsError
        If two atoms are nearer to each other than ``shortest``.
    """
    atoms = np.array([len(crystal) for crystal in crystals])
    cells = np.array([crystal.cell for crystal in crystals])
    positions = np.concatenate([crystal.positions for crystal in crystals])
    found = neighbor_lists(cells, positions, atoms, cutoff, threads=torch.get_num_threads())
    row = np.zeros(len(positions) + 1, dtype=np.int64)
    np.cumsum(found.counts, out=row[1:])
    arrays = SphereArrays(
        np.concatenate([crystal.numbers for crystal in crystals]),
        row,
        found.neighbor,
        found.vector,
        atoms,
        np.array([crystal.volume for crystal in crystals]),
    )
    _check_shortest(arrays, shortest)
    return arrays


def sphere_batch(
    crystals: Sequence[Crystal],
    cutoff: float,
    *,
    shortest: float = 0.0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> SphereBatch:
    """As :func:`sphere_arrays`, as tensors on a device."""
    return sphere_arrays(crystals, cutoff, shortest=shortest).batch(device=device, dtype=dtype)


def spheres_of_tensors(
    cells: Tensor,
    scaled: Tensor,
    numbers: Tensor,
    atom_counts: Tensor,
    cutoff: float,
    *,
    shortest: float = 0.0,
) -> tuple[SphereBatch, Tensor]:
    """As :func:`sphere_batch`, of crystals that are on a device already; bonds in another order.

    Parameters
    ----------
    cells
        (B, 3, 3) lattices in Å, rows; the further from reduced, the more images are looked at.
    scaled
        (N, 3) fractional coordinates.
    numbers
        (N,) atomic numbers.
    atom_counts
        (B,) atoms of each crystal.
    cutoff
        In Å.
    shortest
        Crystals with shorter bonds (Å) get none at all.

    Returns
    -------
    batch, apart
        The batch, and (B,) whether a crystal has no bond that is too short.
    """
    wrapped = scaled - scaled.floor()
    everything = torch.arange(len(cells), device=cells.device)
    radius = cells.new_full((len(cells),), cutoff)
    pairs = pairs_of_tensors(cells, wrapped, atom_counts, everything, radius)
    source, target, image, owner, distance = pairs
    too_short = torch.bincount(owner[distance < shortest], minlength=len(cells))
    apart = too_short == 0
    order = torch.argsort(source, stable=True)
    order = order[apart[owner[order]]]
    source, target, image, owner = source[order], target[order], image[order], owner[order]
    fraction = wrapped[target] - wrapped[source] + image
    counts = torch.bincount(source, minlength=len(scaled))
    batch = SphereBatch(
        numbers=numbers,
        row=torch.cat([counts.new_zeros(1), torch.cumsum(counts, 0)]),
        neighbor=target.to(torch.int32),
        vector=(fraction[:, :, None] * cells[owner]).sum(dim=1),
        atom_counts=atom_counts,
        volumes=torch.linalg.det(cells).abs(),
    )
    return batch, apart


def _check_shortest(arrays: SphereArrays, shortest: float) -> None:
    if not len(arrays.vector):
        return
    squared = arrays.squared
    k = int(squared.argmin())
    if squared[k] < shortest**2:
        atom = int(arrays.atom_of_bond[k])
        first = int(arrays.atom_counts[: arrays.crystal_of_atom[atom]].sum())
        raise OverlappingAtomsError(
            f"atoms {atom - first} and {arrays.neighbor[k] - first} are {squared[k] ** 0.5:.3g} Å "
            f"apart; at least {shortest} Å needed"
        )
