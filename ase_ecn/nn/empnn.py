"""The lattice network EMPNN (Klipfel et al., AAAI 2023) with ket-bra fields on edges.

Conventions: cells are rows, as in ASE. A deformation ``F`` takes ``v`` to ``F v``, so a cell of
rows becomes ``cell @ F.T``; here ``F = exp(S)`` is symmetric and ``cell @ F`` is the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.nn.layers import MAX_ATOMIC_NUMBER, GatedMessages, GaussianBasis, scatter_mean


@dataclass(frozen=True)
class EMPNNConfig:
    """Architecture of an :class:`EMPNN`.

    Attributes
    ----------
    features
        Width of the atoms' features.
    plain_layers, deforming_layers
        Rounds of message passing before, and with, a deformation of the cell.
    neighbors
        Nearest neighbours of each atom (whole shells).
    distance_features, cutoff
        Number of Gaussians for the edge length, and where they end, in Å.
    max_strain
        Bound of the Frobenius norm of the strain applied by one layer.
    """

    features: int = 96
    plain_layers: int = 3
    deforming_layers: int = 4
    neighbors: int = 12
    distance_features: int = 48
    cutoff: float = 8.0
    max_strain: float = 0.5

    def to_dict(self) -> dict[str, object]:
        """Return a JSON-able dictionary."""
        return asdict(self)


class DeformingLayer(nn.Module):
    """A round of message passing, then a strain of the cell (eq. 10a).

    ``S = mean over edges of w_ij |u_ij><u_ij|``, with ``u`` the unit vector of the edge and ``w`` a
    learned scalar; ``S`` is shortened to a bounded norm, which commutes with rotations.
    """

    def __init__(self, config: EMPNNConfig) -> None:
        super().__init__()
        width = config.features
        self.messages = GatedMessages(width, config.distance_features)
        self.source = nn.Linear(width, width)
        self.target = nn.Linear(width, width, bias=False)
        self.edge = nn.Linear(config.distance_features, width, bias=False)
        self.weight = nn.Linear(width, 1, bias=False)
        self.max_strain = config.max_strain
        nn.init.normal_(self.weight.weight, std=1e-2)

    def forward(
        self, h: Tensor, edges: Tensor, directions: Tensor, batch: LatticeBatch
    ) -> tuple[Tensor, Tensor]:
        """Return updated (N, F) features and the (B, 3, 3) symmetric strain."""
        h = self.messages(h, edges, batch.source, batch.target)
        mixed = (
            self.edge(edges)
            + self.source(h).index_select(0, batch.source)
            + self.target(h).index_select(0, batch.target)
        )
        weight = self.weight(nn.functional.silu(mixed))
        fields = directions[:, :, None] * directions[:, None, :]
        strain = scatter_mean(weight[:, :, None] * fields, batch.crystal_of_edge, batch.edge_counts)
        return h, bound_norm(strain, self.max_strain)


def bound_norm(strain: Tensor, limit: float) -> Tensor:
    """Shorten (B, 3, 3) strains smoothly so that their Frobenius norm stays below ``limit``."""
    squared = (strain * strain).sum(dim=(1, 2), keepdim=True)
    return strain / torch.sqrt(1 + squared / limit**2)


class EMPNN(nn.Module):
    """Deforms the lattice of a crystal towards equilibrium, layer by layer."""

    def __init__(self, config: EMPNNConfig) -> None:
        super().__init__()
        self.config = config
        width = config.features
        self.embedding = nn.Embedding(MAX_ATOMIC_NUMBER + 1, width)
        self.distance = GaussianBasis(0.0, config.cutoff, config.distance_features)
        self.plain = nn.ModuleList(
            GatedMessages(width, config.distance_features) for _ in range(config.plain_layers)
        )
        self.deforming = nn.ModuleList(
            DeformingLayer(config) for _ in range(config.deforming_layers)
        )

    def forward(self, batch: LatticeBatch) -> list[Tensor]:
        """Return the (B, 3, 3) cells after each deforming layer."""
        cells = batch.cells
        h = self.embedding(batch.numbers)
        edges, directions = self._geometry(batch, cells)
        for layer in self.plain:
            h = layer(h, edges, batch.source, batch.target)
        outputs = []
        for k, deforming in enumerate(self.deforming):
            if k > 0:
                edges, directions = self._geometry(batch, cells)
            h, strain = deforming(h, edges, directions, batch)
            cells = cells @ torch.linalg.matrix_exp(strain)
            outputs.append(cells)
        return outputs

    def _geometry(self, batch: LatticeBatch, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Edge features and unit vectors in the current cells."""
        vectors = (batch.fraction[:, :, None] * cells.index_select(0, batch.crystal_of_edge)).sum(
            dim=1
        )
        lengths = vectors.norm(dim=1)
        return self.distance(lengths), vectors / lengths[:, None]
