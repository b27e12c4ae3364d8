"""Neighbour graphs of the baseline networks, packed and cached like the ECN's bond graphs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from ase.neighborlist import neighbor_list
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import ranges
from ase_ecn.graphs.neighbors import nearest_shells
from ase_ecn.training.data.cache import CACHE_VERSION, cache_folder
from ase_ecn.training.data.datasets import Dataset

logger = logging.getLogger(__name__)

NeighborKind: TypeAlias = Literal["nearest12", "within5"]
NEAREST = 12
"""Neighbours of an atom in CGCNN, not counting the rest of the last shell."""
CUTOFF = 5.0
"""Å. Neighbours in MEGNet and SchNet are nearer than this."""


@dataclass(frozen=True)
class NeighborBatch:
    """A mini-batch of B crystals with N atoms and E edges in all, as tensors.

    Attributes
    ----------
    numbers, crystal_of_atom
        (N,) atomic number and crystal of each atom.
    size
        B.
    edges
        (2, E) indices of the neighbour and of the atom that it is a neighbour of, in the order
        of PyTorch Geometric: messages go from the first row to the second.
    distance
        (E,) in Å.
    """

    numbers: Tensor
    crystal_of_atom: Tensor
    size: int
    edges: Tensor
    distance: Tensor


@dataclass(frozen=True)
class NeighborGraphs:
    """Neighbour graphs of G primitive cells, end to end.

    Attributes
    ----------
    numbers
        (N,) atomic numbers of all atoms.
    source, target
        (E,) an atom and a neighbour of it, relative to the first atom of their graph.
    distance
        (E,) in Å.
    atom_offsets, edge_offsets
        (G + 1,) first atom and edge of each graph.
    """

    numbers: NDArray[np.int16]
    source: NDArray[np.int16]
    target: NDArray[np.int16]
    distance: NDArray[np.float64]
    atom_offsets: NDArray[np.int64]
    edge_offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.atom_offsets) - 1

    def atoms_of(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Atoms of the graphs with the given indices, in that order."""
        return ranges(self.atom_offsets, indices)[0]

    def batch(
        self,
        indices: NDArray[np.int64],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> NeighborBatch:
        """Tensors for the graphs with the given indices, in that order."""
        atoms, atom_counts = ranges(self.atom_offsets, indices)
        edges, edge_counts = ranges(self.edge_offsets, indices)
        first = np.repeat(np.cumsum(atom_counts) - atom_counts, edge_counts)
        ends = np.stack([self.target[edges] + first, self.source[edges] + first])
        crystal = np.repeat(np.arange(len(indices)), atom_counts)
        return NeighborBatch(
            numbers=torch.as_tensor(self.numbers[atoms]).to(device, torch.int64),
            crystal_of_atom=torch.as_tensor(crystal).to(device),
            size=len(indices),
            edges=torch.as_tensor(ends).to(device, torch.int64),
            distance=torch.as_tensor(self.distance[edges]).to(device, dtype),
        )


def neighbor_graphs(crystals: list[Crystal], kind: NeighborKind) -> NeighborGraphs:
    """Find the neighbours in the primitive cells of crystals.

    Parameters
    ----------
    crystals
        Any cells.
    kind
        ``"nearest12"``: the 12 nearest, with the whole of the last shell, because a cut through
        a shell would depend on the order of the atoms. ``"within5"``: all within 5 Å, be they
        none.

    Raises
    ------
    OptionError
        If the kind is not one of these.
    """
    if kind not in get_args(NeighborKind):
        known = ", ".join(get_args(NeighborKind))
        raise OptionError(f"unknown kind of neighbours {kind!r}; known are {known}")
    find = _nearest if kind == "nearest12" else _within
    primitive = [c.primitive.crystal for c in tqdm(crystals, disable=None, leave=False)]
    parts = [find(c) for c in tqdm(primitive, disable=None, leave=False)]
    source, target, distance = (np.concatenate(a) for a in zip(*parts, strict=True))
    return NeighborGraphs(
        np.concatenate([c.numbers for c in primitive]).astype(np.int16),
        source.astype(np.int16),
        target.astype(np.int16),
        distance.astype(np.float64),
        np.cumsum([0] + [len(c) for c in primitive]),
        np.cumsum([0] + [len(part[0]) for part in parts]),
    )


def cached_neighbors(key: str, kind: NeighborKind, load: Callable[[], Dataset]) -> NeighborGraphs:
    """Return the neighbour graphs stored under ``key``, made and stored on first use."""
    path = cache_folder() / f"neighbors-v{CACHE_VERSION}-{key}-{kind}.npz"
    if not path.is_file():
        dataset = load()
        logger.info("neighbours (%s) of %d crystals of %s", kind, len(dataset), key)
        _save(path, neighbor_graphs(dataset.crystals, kind))
    arrays = np.load(path)
    return NeighborGraphs(**{f.name: arrays[f.name] for f in fields(NeighborGraphs)})


def _save(path: Path, graphs: NeighborGraphs) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **{f.name: getattr(graphs, f.name) for f in fields(graphs)})
    partial.replace(path)


def _nearest(crystal: Crystal) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    found = nearest_shells([crystal], NEAREST)
    source, target = found.source.numpy(), found.target.numpy()
    steps = crystal.scaled_positions[target] - crystal.scaled_positions[source]
    vectors = (steps + found.image.numpy()) @ crystal.cell
    return source, target, np.linalg.norm(vectors, axis=1)


def _within(crystal: Crystal) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    source, target, distance = neighbor_list("ijd", crystal.to_atoms(), CUTOFF)
    return source, target, distance
