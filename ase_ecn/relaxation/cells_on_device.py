"""Cells that relax on a device: neighbours, strains, steps and stopping; the strains come back.

What a relaxation does with the strains is decided by its :class:`CellCourse`, which takes them
afterwards. The device decides the same for itself, to know where a crystal is and whether it still
moves; where rounding makes it decide otherwise, the course asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.crystal import Crystal
from ase_ecn.geometry.strain import AllowedStrain
from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.graphs.neighbors import shells_of_tensors
from ase_ecn.relaxation.stopping import BACK, MAX_TOTAL_STRAIN, SHRINKING

Network = Callable[[LatticeBatch], Tensor]
"""Final cells (B, 3, 3) of a batch."""


@dataclass(frozen=True)
class Limits:
    """When relaxations end, and what strains they may have; as of :class:`CellCourse`."""

    strain_tol: float
    steps: int
    allowed: AllowedStrain


@dataclass(frozen=True)
class _Cells:
    """B crystals with N atoms on a device: reduced lattices, and how they have been deformed."""

    index: Tensor
    undeformed: Tensor
    deformation: Tensor
    scaled: Tensor
    numbers: Tensor
    counts: Tensor

    @classmethod
    def of(cls, crystals: Sequence[Crystal], device: torch.device) -> _Cells:
        reduced = [crystal.reduced for crystal in crystals]
        cells = torch.as_tensor(np.stack([r.cell for r in reduced])).to(device)
        return cls(
            index=torch.arange(len(crystals), device=device),
            undeformed=cells,
            deformation=torch.eye(3, dtype=cells.dtype, device=device).expand_as(cells),
            scaled=torch.as_tensor(np.concatenate([r.scaled for r in reduced])).to(device),
            numbers=torch.as_tensor(np.concatenate([c.numbers for c in crystals])).to(device),
            counts=torch.tensor([len(c) for c in crystals], device=device),
        )

    def moved(self, deformation: Tensor, kept: Tensor) -> _Cells:
        """Those of the crystals that are kept, further deformed."""
        atoms = torch.repeat_interleave(kept, self.counts)
        return _Cells(
            self.index[kept],
            self.undeformed[kept],
            deformation[kept],
            self.scaled[atoms],
            self.numbers[atoms],
            self.counts[kept],
        )

    def graphs(self, neighbors: int, dtype: torch.dtype) -> tuple[LatticeBatch, Tensor]:
        """What a network sees, and (B,) which crystals have all of their neighbours."""
        cells = self.undeformed @ self.deformation
        found, complete = shells_of_tensors(cells, self.scaled, self.counts, neighbors)
        crystal = torch.repeat_interleave(self.counts)[found.source]
        fraction = self.scaled[found.target] - self.scaled[found.source] + found.image
        graphs = LatticeBatch(
            cells=cells.to(dtype),
            numbers=self.numbers,
            source=found.source,
            target=found.target,
            fraction=fraction.to(dtype),
            crystal_of_edge=crystal,
            edge_counts=torch.bincount(crystal, minlength=len(cells)),
        )
        return graphs, complete


def strains_until_stopped(
    crystals: Sequence[Crystal],
    network: Network,
    neighbors: int,
    limits: Limits,
    device: torch.device,
    dtype: torch.dtype,
) -> list[list[NDArray[np.float64]]]:
    """Strains that a network asks for, step after step, where each step has followed them.

    Parameters
    ----------
    crystals
        Any number.
    network
        On the device.
    neighbors
        Nearest neighbours per atom.
    limits
        When relaxations end.
    device, dtype
        Of the network. What is deformed stays in float64.

    Returns
    -------
    list
        (3, 3) each, for each crystal as many as it took steps, and the one that it ended by; fewer,
        or none, if some of its atoms are far from all others.
    """
    cells = _Cells.of(crystals, device)
    projection = _projection(limits.allowed).to(device)
    sizes = cells.undeformed.new_full((len(crystals), limits.steps + 1), torch.inf)
    asked: list[tuple[Tensor, Tensor]] = []
    for step in range(limits.steps + 1):
        graphs, complete = cells.graphs(neighbors, dtype)
        if not bool(complete.all()):
            cells = cells.moved(cells.deformation, complete)
            if not len(cells.index):
                break
            graphs, _ = cells.graphs(neighbors, dtype)
        start, final = graphs.cells.double(), network(graphs).double()
        strain = _projected(log_strains(torch.linalg.solve(start, final)), projection)
        asked.append((cells.index, strain))
        size = torch.linalg.vector_norm(strain, dim=(1, 2))
        sizes[cells.index, step] = size
        going = size.isfinite() & (size >= limits.strain_tol)
        going &= _total(cells.deformation) <= MAX_TOTAL_STRAIN
        if step >= BACK:
            going &= size <= SHRINKING * sizes[cells.index, step - BACK]
        if step == limits.steps or not bool(going.any()):
            break
        cells = cells.moved(_advanced(cells.deformation, strain, limits.allowed, projection), going)
    return _by_crystal(asked, len(crystals))


def _by_crystal(
    asked: Sequence[tuple[Tensor, Tensor]], count: int
) -> list[list[NDArray[np.float64]]]:
    found: list[list[NDArray[np.float64]]] = [[] for _ in range(count)]
    for index, strains in asked:
        for k, strain in zip(index.tolist(), strains.cpu().numpy(), strict=True):
            found[k].append(strain)
    return found


def _projection(allowed: AllowedStrain) -> Tensor:
    """(9, 9) matrix by which flattened strains are multiplied to be allowed."""
    units = np.eye(9).reshape(9, 3, 3)
    return torch.as_tensor(allowed.project(units).reshape(9, 9).copy())


def _projected(strains: Tensor, projection: Tensor) -> Tensor:
    return (strains.flatten(1) @ projection).reshape(strains.shape)


def _advanced(
    deformation: Tensor, strain: Tensor, allowed: AllowedStrain, projection: Tensor
) -> Tensor:
    """As :meth:`AllowedStrain.advance`, of (B, 3, 3)."""
    moved = deformation @ _of_eigenvalues(strain, torch.exp)
    if allowed.everything:
        return moved
    return _of_eigenvalues(_projected(log_strains(moved), projection), torch.exp)


def log_strains(deformation: Tensor) -> Tensor:
    """As :func:`ase_ecn.geometry.strain.log_strain`, NaN for what is not finite."""
    square = deformation @ deformation.mT
    known = square.isfinite().all(dim=2).all(dim=1)[:, None, None]
    identity = torch.eye(3, dtype=square.dtype, device=square.device)
    strains = 0.5 * _of_eigenvalues(torch.where(known, square, identity), torch.log)
    return torch.where(known, strains, torch.nan)


def _total(deformation: Tensor) -> Tensor:
    """(B,) norms of the logarithmic strains of deformations."""
    total: Tensor = torch.linalg.vector_norm(log_strains(deformation), dim=(1, 2))
    return total


def _of_eigenvalues(symmetric: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric.nan_to_num())
    found: Tensor = (vectors * function(values)[:, None, :]) @ vectors.mT
    return found
