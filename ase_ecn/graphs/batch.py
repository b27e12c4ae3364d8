"""Many bond graphs packed into flat arrays, and mini-batches of them as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.voronoi import BondMode, voronoi_bonds
from ase_ecn.symmetry.colours import bond_colours


@dataclass(frozen=True)
class BondGraph:
    """Bonds of one primitive crystal, as the ECN sees them.

    Attributes
    ----------
    numbers
        (N,) atomic numbers.
    source, target
        (E,) atoms of each directed bond.
    distance
        (E,) lengths in Å.
    face_share
        (E,) share of the source's Voronoi surface.
    colour
        (E,) colours, see :mod:`ase_ecn.symmetry.colours`.
    """

    numbers: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    distance: NDArray[np.float64]
    face_share: NDArray[np.float64]
    colour: NDArray[np.int64]


def bond_graph(primitive: Crystal, mode: BondMode = "voronoi") -> BondGraph:
    """Build the graph of a crystal that is already primitive."""
    bonds = voronoi_bonds(primitive, mode)
    return BondGraph(
        primitive.numbers,
        bonds.source,
        bonds.target,
        bonds.distance,
        bonds.face_share,
        bond_colours(bonds.source, bonds.target, bonds.image),
    )


@dataclass(frozen=True)
class PackedGraphs:
    """G graphs end to end; atom and bond ranges are given by offsets.

    Attributes
    ----------
    numbers
        (N,) atomic numbers of all atoms.
    source, target
        (E,) atom indices relative to the first atom of their graph.
    distance, face_share, colour
        (E,) as in :class:`BondGraph`.
    atom_offsets, bond_offsets
        (G + 1,) first atom and bond of each graph.
    """

    numbers: NDArray[np.int16]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    distance: NDArray[np.float64]
    face_share: NDArray[np.float64]
    colour: NDArray[np.int8]
    atom_offsets: NDArray[np.int64]
    bond_offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.atom_offsets) - 1

    def batch(
        self,
        indices: NDArray[np.int64],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> BondBatch:
        """Tensors for the graphs with the given indices, in that order."""
        atoms, atom_counts = _ranges(self.atom_offsets, indices)
        bonds, bond_counts = _ranges(self.bond_offsets, indices)
        first_atom = np.concatenate([[0], np.cumsum(atom_counts)[:-1]])
        shift = np.repeat(first_atom, bond_counts)

        def tensor(array: NDArray[np.generic], to: torch.dtype) -> torch.Tensor:
            return torch.as_tensor(array).to(device=device, dtype=to)

        return BondBatch(
            numbers=tensor(self.numbers[atoms], torch.int64),
            crystal_of_atom=tensor(np.repeat(np.arange(len(indices)), atom_counts), torch.int64),
            atom_counts=tensor(atom_counts, torch.int64),
            source=tensor(self.source[bonds] + shift, torch.int64),
            target=tensor(self.target[bonds] + shift, torch.int64),
            distance=tensor(self.distance[bonds], dtype),
            face_share=tensor(self.face_share[bonds], dtype),
            colour=tensor(self.colour[bonds], torch.int64),
        )


@dataclass(frozen=True)
class BondBatch:
    """A mini-batch of B crystals with N atoms and E bonds in all, as tensors.

    Attributes
    ----------
    numbers, crystal_of_atom
        (N,) atomic number and crystal of each atom.
    atom_counts
        (B,) atoms of each crystal.
    source, target, distance, face_share, colour
        (E,) bonds; ``source`` and ``target`` index the N atoms.
    """

    numbers: torch.Tensor
    crystal_of_atom: torch.Tensor
    atom_counts: torch.Tensor
    source: torch.Tensor
    target: torch.Tensor
    distance: torch.Tensor
    face_share: torch.Tensor
    colour: torch.Tensor


def pack(graphs: Sequence[BondGraph]) -> PackedGraphs:
    """Concatenate graphs."""

    def joined(name: str, dtype: type[np.generic]) -> NDArray[np.generic]:
        return np.concatenate([getattr(g, name) for g in graphs]).astype(dtype)

    dtypes: dict[str, type[np.generic]] = {
        "numbers": np.int16,
        "source": np.int32,
        "target": np.int32,
        "distance": np.float64,
        "face_share": np.float64,
        "colour": np.int8,
    }
    arrays = {f.name: joined(f.name, dtypes[f.name]) for f in fields(BondGraph)}
    return PackedGraphs(
        **arrays,  # type: ignore[arg-type]
        atom_offsets=_offsets([len(g.numbers) for g in graphs]),
        bond_offsets=_offsets([len(g.source) for g in graphs]),
    )


def _offsets(counts: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _ranges(
    offsets: NDArray[np.int64], indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Flat positions of the ranges ``offsets[i]:offsets[i + 1]`` and the length of each."""
    starts = offsets[indices]
    counts = offsets[np.asarray(indices) + 1] - starts
    ends = np.cumsum(counts)
    flat = np.arange(ends[-1] if len(ends) else 0)
    return flat + np.repeat(starts - (ends - counts), counts), counts
