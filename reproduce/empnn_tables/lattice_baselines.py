"""Baselines for lattice networks: no change, a mean density, and a feed-forward predictor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.nn.layers import MAX_ATOMIC_NUMBER, GatedMessages, GaussianBasis, scatter_mean
from ase_ecn.training.fits.losses import lattice_parameters

NO_CHANGE, MEAN_DENSITY, FEED_FORWARD = "no change", "mean density", "feed forward"
"""Names of the three in tables."""


def mean_density_cells(
    cells: NDArray[np.float64],
    crystals: Sequence[Crystal],
    train: Sequence[Crystal],
) -> NDArray[np.float64]:
    """Scale cells to the volume per atom that is usual in the training split.

    Parameters
    ----------
    cells
        (B, 3, 3) lattices whose shape is kept.
    crystals
        B crystals; only their numbers of atoms count.
    train
        Crystals whose mean volume per atom is taken.

    Returns
    -------
    cells
        (B, 3, 3) lattices of one density.
    """
    volume = np.mean([crystal.volume / len(crystal) for crystal in train])
    atoms = np.array([len(crystal) for crystal in crystals])
    scale = (volume * atoms / np.abs(np.linalg.det(cells))) ** (1 / 3)
    return np.asarray(cells * scale[:, None, None])


@dataclass(frozen=True)
class FeedForwardConfig:
    """Architecture of a :class:`FeedForwardLattice`.

    Attributes
    ----------
    features
        Width of the atoms' features and of the hidden layers.
    plain_layers
        Rounds of message passing.
    hidden_layers
        Layers of the readout, five in the paper.
    neighbors, distance_features, cutoff
        As of an EMPNN.
    """

    features: int = 96
    plain_layers: int = 3
    hidden_layers: int = 5
    neighbors: int = 12
    distance_features: int = 48
    cutoff: float = 8.0

    def to_dict(self) -> dict[str, object]:
        """Return a JSON-able dictionary."""
        return asdict(self)


class FeedForwardLattice(nn.Module):
    """The paper's baseline: lattice parameters from an invariant encoder, as in CDVAE.

    The mean of the atoms' features goes through a perceptron to six numbers: lengths in units of
    the cube root of the number of atoms, and angles. They are parameters of the cell in the basis
    that the data come in: the network is invariant, and equivariant under nothing.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, config: FeedForwardConfig) -> None:
        super().__init__()
        self.config = config
        width = config.features
        self.embedding = nn.Embedding(MAX_ATOMIC_NUMBER + 1, width)
        self.distance = GaussianBasis(0.0, config.cutoff, config.distance_features)
        self.plain = nn.ModuleList(
            GatedMessages(width, config.distance_features) for _ in range(config.plain_layers)
        )
        hidden = [
            layer
            for _ in range(config.hidden_layers - 1)
            for layer in (nn.Linear(width, width), nn.SiLU())
        ]
        self.readout = nn.Sequential(*hidden, nn.Linear(width, 6))
        # Plausible for any crystal until the training data are known.
        self.register_buffer("shift", torch.tensor([2.5] * 3 + [math.pi / 2] * 3))
        self.register_buffer("scale", torch.tensor([0.5] * 3 + [0.3] * 3))

    def standardise(self, cells: Tensor, atom_counts: Tensor) -> None:
        """Take the mean and spread of the output from (B, 3, 3) cells of training crystals."""
        parameters = _normalised(cells.double(), atom_counts)
        self.shift.copy_(parameters.mean(dim=0))
        self.scale.copy_(parameters.std(dim=0).clamp(min=1e-3))

    def forward(self, batch: LatticeBatch) -> list[Tensor]:
        """Return the (B, 3, 3) predicted cells, as the only item of a list.

        Their first vector is along x and the second in the plane of x and y.
        """
        h = self.embedding(batch.numbers)
        vectors = (
            batch.fraction[:, :, None] * batch.cells.index_select(0, batch.crystal_of_edge)
        ).sum(dim=1)
        edges = self.distance(vectors.norm(dim=1))
        for layer in self.plain:
            h = layer(h, edges, batch.source, batch.target)
        size = len(batch.cells)
        # Edges are ordered by their source, and every atom has some.
        crystal = torch.zeros(len(h), dtype=torch.int64, device=h.device)
        crystal[batch.source] = batch.crystal_of_edge
        counts = torch.bincount(crystal, minlength=size)
        output = self.readout(scatter_mean(h, crystal, counts)) * self.scale + self.shift
        unit = counts.to(output.dtype).pow(1 / 3)[:, None]
        lengths = output[:, :3].clamp(min=0.1) * unit
        return [_cells(lengths, output[:, 3:].clamp(0.2, math.pi - 0.2))]


def _normalised(cells: Tensor, atom_counts: Tensor) -> Tensor:
    parameters = lattice_parameters(cells)
    unit = atom_counts.to(cells.dtype).pow(1 / 3)[:, None]
    return torch.cat([parameters[:, :3] / unit, parameters[:, 3:]], dim=1)


def _cells(lengths: Tensor, angles: Tensor) -> Tensor:
    """Cells (B, 3, 3) of (B, 3) lengths and angles; impossible angles make a flat cell."""
    alpha, beta, gamma = angles.cos().unbind(dim=1)
    sine = angles[:, 2].sin()
    y = (alpha - beta * gamma) / sine
    z = (1 - beta**2 - y**2).clamp(min=1e-2).sqrt()
    zero, one = torch.zeros_like(z), torch.ones_like(z)
    unit = torch.stack(
        [
            torch.stack([one, zero, zero], dim=1),
            torch.stack([gamma, sine, zero], dim=1),
            torch.stack([beta, y, z], dim=1),
        ],
        dim=1,
    )
    return lengths[:, :, None] * unit
