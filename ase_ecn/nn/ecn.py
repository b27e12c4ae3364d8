"""The Equivariant Crystal Network (Kaba & Ravanbakhsh, NeurIPS 2022) in quotient form.

Without an encoding of the cell, the features of an atom are the same in all eight cells of the
2x2x2 supercell at every layer. So the network runs on the primitive cell with coloured bonds and
gives what it would give on the supercell, at an eighth of the cost.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch
from ase_ecn.graphs.voronoi import MIN_FACE_SHARE
from ase_ecn.nn.layers import (
    MAX_ATOMIC_NUMBER,
    GatedMessages,
    GaussianBasis,
    scatter_mean,
    smooth_step,
    two_layer,
)
from ase_ecn.symmetry.colours import COLOURS


@dataclass(frozen=True)
class ECNConfig:
    """Architecture of an :class:`ECN`.

    Attributes
    ----------
    crystal_targets
        Properties read from the mean of the atoms' features.
    site_targets
        Properties read from each atom's features.
    features, layers
        Width and number of rounds of message passing.
    distance_features, share_features
        Number of Gaussians for the bond length and for the logarithm of the face share.
    bonds
        Kind of bonds: ``"voronoi"`` or ``"cordero"``.
    """

    crystal_targets: tuple[str, ...]
    site_targets: tuple[str, ...] = ()
    features: int = 112
    layers: int = 5
    distance_features: int = 40
    share_features: int = 8
    bonds: str = "voronoi"

    def __post_init__(self) -> None:
        if not self.crystal_targets and not self.site_targets:
            raise OptionError("an ECN needs at least one target")
        if self.bonds not in ("voronoi", "cordero"):
            raise OptionError(f"unknown bonds {self.bonds!r}; known are 'voronoi' and 'cordero'")

    def to_dict(self) -> dict[str, object]:
        """Return a JSON-able dictionary."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


class ECN(nn.Module):
    """Crystal graph network with colours from the group S_lattice (eq. 6) and a free motif.

    Outputs are in units of the training targets' spread; :attr:`shift` and :attr:`scale` map them
    to physical units.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, config: ECNConfig) -> None:
        super().__init__()
        self.config = config
        width = config.features
        self.embedding = nn.Embedding(MAX_ATOMIC_NUMBER + 1, width)
        self.distance = GaussianBasis(0.8, 6.5, config.distance_features)
        self.share = GaussianBasis(-4.6, -0.7, config.share_features)
        edge_features = config.distance_features + config.share_features + COLOURS
        self.layers = nn.ModuleList(
            GatedMessages(width, edge_features) for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleDict({name: two_layer(width, width, 1) for name in self.targets})
        self.register_buffer("shift", torch.zeros(len(self.targets), dtype=torch.float64))
        self.register_buffer("scale", torch.ones(len(self.targets), dtype=torch.float64))

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of all outputs, crystal targets first."""
        return self.config.crystal_targets + self.config.site_targets

    def forward(self, batch: BondBatch) -> dict[str, Tensor]:
        """Predict every target in physical units (logits for classes).

        Parameters
        ----------
        batch
            B crystals with N atoms.

        Returns
        -------
        dict
            (B,) for crystal targets and (N,) for site targets.
        """
        h = self.norm(self._atom_features(batch))
        pooled = scatter_mean(h, batch.crystal_of_atom, batch.atom_counts)
        outputs = {}
        for k, name in enumerate(self.targets):
            features = pooled if name in self.config.crystal_targets else h
            raw = self.heads[name](features).squeeze(1)
            outputs[name] = raw * self.scale[k].to(raw.dtype) + self.shift[k].to(raw.dtype)
        return outputs

    def _atom_features(self, batch: BondBatch) -> Tensor:
        edges, weight = self._edge_features(batch)
        h: Tensor = self.embedding(batch.numbers)
        for layer in self.layers:
            h = layer(h, edges, batch.source, batch.target, weight)
        return h

    def _edge_features(self, batch: BondBatch) -> tuple[Tensor, Tensor]:
        share = batch.face_share
        colours = nn.functional.one_hot(batch.colour, COLOURS).to(share.dtype)
        edges = torch.cat(
            [self.distance(batch.distance), self.share(torch.log(share)), colours], dim=1
        )
        weight = torch.sqrt(share)
        if self.config.bonds == "voronoi":
            # A face on the threshold has no weight, so it may come and go with rounding.
            weight = weight * smooth_step(share / MIN_FACE_SHARE - 1)
        return edges, weight
