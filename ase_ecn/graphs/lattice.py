"""From crystals to the batches on which the EMPNN acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.neighbors import nearest_shells


@dataclass(frozen=True)
class LatticeBatch:
    """B crystals with N atoms and E edges, as tensors.

    Attributes
    ----------
    cells
        (B, 3, 3) lattices in Å, rows.
    numbers
        (N,) atomic numbers.
    source, target
        (E,) atoms of each edge.
    fraction
        (E, 3) edge vectors in fractional coordinates, ``x_j - x_i + image``; a deformation of
        the cell leaves them as they are.
    crystal_of_edge
        (E,) crystal of each edge.
    edge_counts
        (B,) edges of each crystal.
    """

    cells: Tensor
    numbers: Tensor
    source: Tensor
    target: Tensor
    fraction: Tensor
    crystal_of_edge: Tensor
    edge_counts: Tensor


def lattice_batch(
    crystals: Sequence[Crystal],
    neighbors: int,
    *,
    cells: Tensor | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> LatticeBatch:
    """Find whole-shell neighbours and make tensors.

    Parameters
    ----------
    crystals
        B crystals.
    neighbors
        Nearest neighbours per atom.
    cells
        (B, 3, 3) lattices in Å to use in place of the crystals' own; fractional coordinates stay.
    device, dtype
        Of the result. Neighbours and edge vectors are computed in float64 all the same.
    """
    if cells is None:
        cells = torch.as_tensor(np.stack([c.cell for c in crystals]))
    else:
        new = cells.detach().cpu().numpy().astype(np.float64)
        crystals = [c.with_cell(cell) for c, cell in zip(crystals, new, strict=True)]
    scaled = torch.as_tensor(np.concatenate([c.scaled_positions for c in crystals]), device=device)
    counts = torch.tensor([len(c) for c in crystals], device=device)
    found = nearest_shells(crystals, neighbors, device)
    crystal = torch.repeat_interleave(torch.arange(len(crystals), device=device), counts)
    fraction = scaled[found.target] - scaled[found.source] + found.image
    return LatticeBatch(
        cells=cells.to(device=device, dtype=dtype),
        numbers=torch.as_tensor(np.concatenate([c.numbers for c in crystals]), device=device),
        source=found.source,
        target=found.target,
        fraction=fraction.to(dtype),
        crystal_of_edge=crystal[found.source],
        edge_counts=torch.bincount(crystal[found.source], minlength=len(crystals)),
    )
