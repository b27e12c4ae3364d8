"""The lattice network EMPNN (Klipfel et al., AAAI 2023).

Conventions: cells are rows, as in ASE. A deformation ``F`` takes ``v`` to ``F v``, so a cell of
rows becomes ``cell @ F.T``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.nn.layers import (
    MAX_ATOMIC_NUMBER,
    MAX_LAYERS,
    MAX_WIDTH,
    GatedMessages,
    GaussianBasis,
    check_sizes,
    edge_parts,
    scatter_mean,
)
from ase_ecn.nn.network import Network, options
from ase_ecn.nn.vector_fields import (
    EDGE_FIELDS,
    TRIPLET_FIELDS,
    Edges,
    Triplets,
    check_fields,
    consecutive_edges,
    edge_fields,
    triplet_fields,
)

EXPANSIONS = ("exponential", "first-order")
_SMALL_STRAIN = 0.5
_SERIES = 12
MAX_DISPLACEMENT = 0.5
"""Å. Bound of the displacement of an atom by one layer, where atoms are moved."""


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
    fields
        Vector fields whose weighted means make the strain, see :mod:`ase_ecn.nn.vector_fields`.
    expansion
        ``"exponential"``: the cell is deformed by ``exp(S)`` (eq. 10); ``"first-order"``: by
        ``1 + S`` (eq. 18).
    weight_limit
        Bound of each weight of a field by a scaled sigmoid, as in the paper's grid search; 0.01
        there, ``None`` for no limit.
    positions
        Whether the deforming layers also move atoms within the cell (``h_i`` of eq. 2).
    """

    features: int = 96
    plain_layers: int = 3
    deforming_layers: int = 4
    neighbors: int = 12
    distance_features: int = 48
    cutoff: float = 8.0
    max_strain: float = 0.5
    fields: tuple[str, ...] = ("edge-ket-bra",)
    expansion: str = "exponential"
    weight_limit: float | None = None
    positions: bool = False

    def __post_init__(self) -> None:
        check_sizes(
            features=(self.features, MAX_WIDTH),
            deforming_layers=(self.deforming_layers, MAX_LAYERS),
            neighbors=(self.neighbors, MAX_WIDTH),
            distance_features=(self.distance_features, MAX_WIDTH),
        )
        if type(self.plain_layers) is not int or not 0 <= self.plain_layers <= MAX_LAYERS:
            raise OptionError(f"plain_layers must be an integer from 0 to {MAX_LAYERS}")
        check_fields(self.fields)
        if self.expansion not in EXPANSIONS:
            raise OptionError(
                f"unknown expansion {self.expansion!r}; known are {', '.join(EXPANSIONS)}"
            )
        if self.weight_limit is not None and not self.weight_limit > 0:
            raise OptionError("the limit of weights must be positive, or None")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


class DeformingLayer(nn.Module):
    """A round of message passing, then a strain of the cell (eqs. 10a and 10b).

    ``S`` is the mean over edges, and over pairs of consecutive edges, of vector fields times
    learned scalars. ``S`` is shortened to a bounded norm, which commutes with rotations.
    """

    def __init__(self, config: EMPNNConfig) -> None:
        super().__init__()
        width = config.features
        self.config = config
        self.messages = GatedMessages(width, config.distance_features)
        self.source = nn.Linear(width, width)
        self.target = nn.Linear(width, width, bias=False)
        self.edge = nn.Linear(config.distance_features, width, bias=False)
        self.weight = _field_weights(width, config.fields, EDGE_FIELDS)
        self.triplet_weight = _field_weights(width, config.fields, TRIPLET_FIELDS)
        if self.triplet_weight is not None:
            self.ends = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
            self.lengths = nn.ModuleList(
                nn.Linear(config.distance_features, width, bias=False) for _ in range(2)
            )
            self.angle = nn.Linear(2, width, bias=False)
        if config.positions:
            self.pull = nn.Linear(width, 1, bias=False)
            nn.init.normal_(self.pull.weight, std=1e-2)

    def forward(
        self, h: Tensor, edges: Tensor, geometry: Edges, batch: LatticeBatch
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return updated (N, F) features, the (B, 3, 3) strain, and displacements of atoms.

        The strain is the mean of the fields. Displacements are (N, 3) in fractional coordinates,
        ``None`` if the network moves no atoms.
        """
        h = self.messages(h, edges, batch.source, batch.target)
        strain = torch.zeros_like(batch.cells)
        displacement = None
        readers = [self.pull] if self.config.positions else []
        readers += [] if self.weight is None else [self.weight]
        weights = self._edge_weights(readers, h, edges, batch)
        if self.config.positions:
            displacement = self._displacement(weights[0], geometry, batch, len(h))
        if self.weight is not None:
            fields = edge_fields(self.config.fields, geometry)
            summed = (self._limited(weights[-1])[:, :, None, None] * fields).sum(dim=1)
            strain = strain + scatter_mean(summed, batch.crystal_of_edge, batch.edge_counts)
        if self.triplet_weight is not None:
            strain = strain + self._triplet_strain(h, edges, geometry, batch)
        return h, bound_norm(strain, self.config.max_strain), displacement

    def _edge_weights(
        self, readers: Sequence[nn.Linear], h: Tensor, edges: Tensor, batch: LatticeBatch
    ) -> list[Tensor]:
        """What linear layers read from each edge and its ends: (E, K) of each."""
        if not readers:
            return []
        from_source, from_target = self.source(h), self.target(h)
        if torch.is_grad_enabled():
            mixed = nn.functional.silu(
                self.edge(edges)
                + from_source.index_select(0, batch.source)
                + from_target.index_select(0, batch.target)
            )
            return [reader(mixed) for reader in readers]
        found = []
        for part in edge_parts(len(edges), h.device):
            mixed = from_source.index_select(0, batch.source[part])
            mixed += from_target.index_select(0, batch.target[part])
            mixed.addmm_(edges[part], self.edge.weight.T)
            nn.functional.silu(mixed, inplace=True)
            found.append([reader(mixed) for reader in readers])
        return [torch.cat(parts) for parts in zip(*found, strict=True)]

    def _displacement(
        self, weights: Tensor, geometry: Edges, batch: LatticeBatch, atoms: int
    ) -> Tensor:
        """Mean of learned weights times unit vectors to the neighbours, of bounded length.

        The same combination of edge vectors in fractional coordinates is what moves the atoms:
        it follows any change of the lattice vectors, and no rotation changes it.
        """
        counts = torch.bincount(batch.source, minlength=atoms)
        cartesian = scatter_mean(weights * geometry.unit, batch.source, counts)
        fraction = weights * batch.fraction / geometry.length[:, None]
        squared = (cartesian * cartesian).sum(dim=1, keepdim=True)
        bound = torch.sqrt(1 + squared / MAX_DISPLACEMENT**2)
        return scatter_mean(fraction, batch.source, counts) / bound

    def _triplet_strain(
        self, h: Tensor, edges: Tensor, geometry: Edges, batch: LatticeBatch
    ) -> Tensor:
        """Mean over pairs of consecutive edges (eqs. 10b and 17)."""
        assert self.triplet_weight is not None
        first, second = consecutive_edges(batch.source, batch.target, len(h))
        triplets = Triplets(*(Edges(geometry.unit[k], geometry.length[k]) for k in (first, second)))
        cosine = (triplets.first.unit * triplets.second.unit).sum(dim=1, keepdim=True)
        sine = torch.sqrt((1 - cosine * cosine).clamp(min=0) + 1e-12)
        before = self.ends[0](h)[batch.source] + self.ends[1](h)[batch.target]
        after = self.ends[2](h)[batch.target]
        mixed = (
            (before + self.lengths[0](edges)).index_select(0, first)
            + (after + self.lengths[1](edges)).index_select(0, second)
            + self.angle(torch.cat([cosine, sine], dim=1))
        )
        weights = self._limited(self.triplet_weight(nn.functional.silu(mixed)))
        fields = triplet_fields(self.config.fields, triplets)
        summed = (weights[:, :, None, None] * fields).sum(dim=1)
        crystal = batch.crystal_of_edge.index_select(0, first)
        counts = torch.bincount(crystal, minlength=len(batch.cells))
        return scatter_mean(summed, crystal, counts)

    def _limited(self, weights: Tensor) -> Tensor:
        limit = self.config.weight_limit
        return weights if limit is None else limit * (2 * torch.sigmoid(weights) - 1)


def _field_weights(
    width: int, names: tuple[str, ...], known: Mapping[str, object]
) -> nn.Linear | None:
    """Linear layer from features to one weight for each of the known fields, if there are any."""
    count = sum(name in known for name in names)
    if count == 0:
        return None
    layer = nn.Linear(width, count, bias=False)
    nn.init.normal_(layer.weight, std=1e-2)
    return layer


def bound_norm(strain: Tensor, limit: float) -> Tensor:
    """Shorten (B, 3, 3) strains smoothly so that their Frobenius norm stays below ``limit``."""
    squared = (strain * strain).sum(dim=(1, 2), keepdim=True)
    return strain / torch.sqrt(1 + squared / limit**2)


def exp_of_small(strain: Tensor) -> Tensor:
    """Exponentials of (B, 3, 3) matrices whose norms are at most a half, to within 1e-13.

    A few products of small matrices are several times quicker than the general algorithm.
    """
    identity = torch.eye(3, dtype=strain.dtype, device=strain.device).expand_as(strain)
    total = identity
    for order in range(_SERIES, 0, -1):
        total = torch.baddbmm(identity, strain, total, alpha=1 / order)
    return total


class EMPNN(Network):
    """Deforms the lattice of a crystal towards equilibrium, layer by layer."""

    kind = "empnn"
    gives = "relaxed cells"
    config: EMPNNConfig

    if TYPE_CHECKING:

        def __call__(self, batch: LatticeBatch) -> list[Tensor]: ...  # noqa: D102

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

    @classmethod
    def from_dict(cls, architecture: Mapping[str, Any]) -> EMPNN:
        """Build the network that the architecture in a card describes."""
        return cls(EMPNNConfig(**options(architecture)))

    def takes(self, source: Network) -> bool:
        """Whether a fit may start from the weights of another: of one that moves no atoms, too."""
        if not isinstance(source, EMPNN) or source.config.positions > self.config.positions:
            return False
        return replace(source.config, positions=self.config.positions) == self.config

    def forward(self, batch: LatticeBatch) -> list[Tensor]:
        """Return the (B, 3, 3) cells after each deforming layer."""
        return [cells for cells, _ in self.steps(batch)]

    def steps(self, batch: LatticeBatch) -> list[tuple[Tensor, Tensor | None]]:
        """Cells and atoms after each deforming layer (eq. 2).

        Returns
        -------
        list
            (B, 3, 3) cells, and (N, 3) displacements since the start in fractional coordinates,
            ``None`` unless the network moves atoms.
        """
        cells = batch.cells
        h = self.embedding(batch.numbers)
        edges, geometry = self._geometry(batch, cells)
        for layer in self.plain:
            h = layer(h, edges, batch.source, batch.target)
        moved: Tensor | None = None
        outputs: list[tuple[Tensor, Tensor | None]] = []
        for k, deforming in enumerate(self.deforming):
            if k > 0:
                edges, geometry = self._geometry(batch, cells)
            h, strain, displacement = deforming(h, edges, geometry, batch)
            cells = cells @ self._deformation(strain).transpose(1, 2)
            if displacement is not None:
                moved = displacement if moved is None else moved + displacement
                change = displacement[batch.target] - displacement[batch.source]
                batch = replace(batch, fraction=batch.fraction + change)
            outputs.append((cells, moved))
        return outputs

    def _deformation(self, strain: Tensor) -> Tensor:
        if self.config.expansion == "exponential":
            if torch.is_grad_enabled() or self.config.max_strain > _SMALL_STRAIN:
                deformation: Tensor = torch.linalg.matrix_exp(strain)
                return deformation
            return exp_of_small(strain)
        return torch.eye(3, dtype=strain.dtype, device=strain.device) + strain

    def _geometry(self, batch: LatticeBatch, cells: Tensor) -> tuple[Tensor, Edges]:
        """Edge features and vectors in the current cells."""
        vectors = (batch.fraction[:, :, None] * cells.index_select(0, batch.crystal_of_edge)).sum(
            dim=1
        )
        lengths = vectors.norm(dim=1)
        return self.distance(lengths), Edges(vectors / lengths[:, None], lengths)
