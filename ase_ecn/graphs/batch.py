"""Many bond graphs packed into flat arrays, and mini-batches of them as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.radial import RADIAL_CUTOFF, radial_bonds
from ase_ecn.graphs.transfer import placed
from ase_ecn.graphs.voronoi import BondMode, voronoi_bonds_of_many
from ase_ecn.symmetry.colours import Group, translation_colour_table, view_counts
from ase_ecn.symmetry.lattices import translation_index


@dataclass(frozen=True)
class BondGraph:
    """Bonds of one primitive crystal, as the ECN sees them.

    Attributes
    ----------
    numbers
        (N,) atomic numbers.
    cell
        (3, 3) primitive lattice vectors as rows, in Å.
    source, target
        (E,) atoms of each directed bond.
    image
        (E, 3) lattice translation of the target, in units of the cell's vectors.
    vector
        (E, 3) from source to target, in Å.
    face_share
        (E,) share of the source's Voronoi surface.
    """

    numbers: NDArray[np.int64]
    cell: NDArray[np.float64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    image: NDArray[np.int64]
    vector: NDArray[np.float64]
    face_share: NDArray[np.float64]


def bond_graph(
    primitive: Crystal, mode: BondMode = "voronoi", cutoff: float = RADIAL_CUTOFF
) -> BondGraph:
    """Build the graph of a crystal that is already primitive.

    With ``radial`` bonds, which reach to the cutoff (Å), it may be any cell.
    """
    return bond_graphs([primitive], mode, cutoff)[0]


def bond_graphs(
    primitives: Sequence[Crystal], mode: BondMode = "voronoi", cutoff: float = RADIAL_CUTOFF
) -> list[BondGraph]:
    """Build the graphs of many primitive crystals; quicker than one after the other."""
    if mode == "radial":
        found = [radial_bonds(crystal, cutoff) for crystal in primitives]
    else:
        found = voronoi_bonds_of_many(primitives, mode)
    graphs = []
    for crystal, bonds in zip(primitives, found, strict=True):
        scaled = crystal.scaled_positions
        vector = (scaled[bonds.target] - scaled[bonds.source] + bonds.image) @ crystal.cell
        graphs.append(
            BondGraph(
                crystal.numbers,
                crystal.cell,
                bonds.source,
                bonds.target,
                bonds.image,
                vector,
                bonds.face_share,
            )
        )
    return graphs


@dataclass(frozen=True)
class PackedGraphs:
    """G graphs end to end; atom and bond ranges are given by offsets.

    Attributes
    ----------
    numbers
        (N,) atomic numbers of all atoms.
    cells
        (G, 3, 3) primitive lattice vectors in Å.
    source, target
        (E,) atom indices relative to the first atom of their graph.
    image, vector, face_share
        (E, 3), (E, 3) and (E,) as in :class:`BondGraph`.
    translation_colours
        (G, V, 8) colours of the eight lattice translations modulo two, see
        :func:`ase_ecn.symmetry.colours.translation_colour_table`.
    atom_offsets, bond_offsets
        (G + 1,) first atom and bond of each graph.
    """

    numbers: NDArray[np.int16]
    cells: NDArray[np.float64]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    image: NDArray[np.int8]
    vector: NDArray[np.float64]
    face_share: NDArray[np.float64]
    translation_colours: NDArray[np.int8]
    atom_offsets: NDArray[np.int64]
    bond_offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.atom_offsets) - 1

    def with_group(self, group: Group) -> PackedGraphs:
        """Colour the lattice translations by another group."""
        return replace(self, translation_colours=translation_colour_table(self.cells, group))

    def select(self, indices: NDArray[np.int64]) -> tuple[PackedGraphs, NDArray[np.int64]]:
        """Pack the graphs with the given indices; also return the indices of their atoms."""
        atoms, atom_counts = ranges(self.atom_offsets, indices)
        bonds, bond_counts = ranges(self.bond_offsets, indices)
        selected = PackedGraphs(
            numbers=self.numbers[atoms],
            cells=self.cells[indices],
            source=self.source[bonds],
            target=self.target[bonds],
            image=self.image[bonds],
            vector=self.vector[bonds],
            face_share=self.face_share[bonds],
            translation_colours=self.translation_colours[indices],
            atom_offsets=_offsets(atom_counts),
            bond_offsets=_offsets(bond_counts),
        )
        return selected, atoms

    def atoms_of(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Atoms of the graphs with the given indices, in that order."""
        return ranges(self.atom_offsets, indices)[0]

    def batch(
        self,
        indices: NDArray[np.int64],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> BondBatch:
        """Tensors for the graphs with the given indices, in that order.

        No more views of their lattices than these need.
        """
        atoms, atom_counts = ranges(self.atom_offsets, indices)
        bonds, bond_counts = ranges(self.bond_offsets, indices)
        first_atom = np.concatenate([[0], np.cumsum(atom_counts)[:-1]])
        shift = np.repeat(first_atom, bond_counts)
        source, target = self.source[bonds], self.target[bonds]
        vector = self.vector[bonds]
        colours = self.translation_colours[indices]
        views = int(np.lcm.reduce(view_counts(colours), initial=1))

        def tensor(array: NDArray[np.generic], to: torch.dtype) -> torch.Tensor:
            return torch.as_tensor(array).to(to)

        here = BondBatch(
            numbers=tensor(self.numbers[atoms], torch.int64),
            crystal_of_atom=tensor(np.repeat(np.arange(len(indices)), atom_counts), torch.int64),
            atom_counts=tensor(atom_counts, torch.int64),
            source=tensor(source + shift, torch.int64),
            target=tensor(target + shift, torch.int64),
            vector=tensor(vector, dtype),
            distance=tensor(np.linalg.norm(vector, axis=1), dtype),
            face_share=tensor(self.face_share[bonds], dtype),
            translation=tensor(translation_index(self.image[bonds]), torch.int64),
            own_image=tensor(source == target, torch.bool),
            translation_colours=tensor(colours[:, :views], torch.int64),
        )
        return BondBatch(**placed(vars(here), device))


@dataclass(frozen=True)
class BondBatch:
    """A mini-batch of B crystals with N atoms and E bonds in all, as tensors.

    Attributes
    ----------
    numbers, crystal_of_atom
        (N,) atomic number and crystal of each atom.
    atom_counts
        (B,) atoms of each crystal.
    source, target
        (E,) bonds, as indices of the N atoms.
    vector, distance, face_share
        (E, 3) and (E,) in Å, and the share of the source's Voronoi surface.
    translation
        (E,) lattice translation of the target modulo two, as an index below eight.
    own_image
        (E,) whether the bond joins an atom to an image of itself.
    translation_colours
        (B, V, 8) colours of the translations in V views over which the network averages.
    """

    numbers: torch.Tensor
    crystal_of_atom: torch.Tensor
    atom_counts: torch.Tensor
    source: torch.Tensor
    target: torch.Tensor
    vector: torch.Tensor
    distance: torch.Tensor
    face_share: torch.Tensor
    translation: torch.Tensor
    own_image: torch.Tensor
    translation_colours: torch.Tensor


def pack(graphs: Sequence[BondGraph], group: Group = "S_lattice") -> PackedGraphs:
    """Concatenate graphs and colour their lattice translations by a group."""

    def joined(name: str, dtype: type[np.generic]) -> NDArray[np.generic]:
        return np.concatenate([getattr(g, name) for g in graphs]).astype(dtype)

    dtypes: dict[str, type[np.generic]] = {
        "numbers": np.int16,
        "source": np.int32,
        "target": np.int32,
        "image": np.int8,
        "vector": np.float64,
        "face_share": np.float64,
    }
    arrays = {name: joined(name, dtype) for name, dtype in dtypes.items()}
    cells = np.stack([g.cell for g in graphs])
    return PackedGraphs(
        **arrays,  # type: ignore[arg-type]
        cells=cells,
        translation_colours=translation_colour_table(cells, group),
        atom_offsets=_offsets([len(g.numbers) for g in graphs]),
        bond_offsets=_offsets([len(g.source) for g in graphs]),
    )


def _offsets(counts: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def ranges(
    offsets: NDArray[np.int64], indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Flat positions of the ranges ``offsets[i]:offsets[i + 1]``, and their lengths.

    Parameters
    ----------
    offsets
        (G + 1,) first item of each range.
    indices
        (I,) numbers of ranges.

    Returns
    -------
    positions, lengths
        (P,) of the items of these ranges in that order, and (I,).
    """
    starts = offsets[indices]
    counts = offsets[np.asarray(indices) + 1] - starts
    ends = np.cumsum(counts)
    flat = np.arange(ends[-1] if len(ends) else 0)
    return flat + np.repeat(starts - (ends - counts), counts), counts
