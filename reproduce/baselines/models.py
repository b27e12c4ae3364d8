"""CGCNN, MEGNet and SchNet for periodic crystals, with the heads and inputs of the ECN.

Their convolutions are those of PyTorch Geometric. Its own ``SchNet`` and its radius graphs know
no periodic images, so edges and distances come from :mod:`reproduce.baselines.neighbor_graphs`. All
three learn an embedding of the atomic number and predict all properties at once, as the ECN does;
properties of atoms, which the originals don't have, from the features of each atom.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.nn.layers import MAX_ATOMIC_NUMBER, GaussianBasis, two_layer
from reproduce.baselines.neighbor_graphs import CUTOFF, NeighborBatch, NeighborKind
from reproduce.baselines.parts import SITE_TARGETS

_HEAD_WIDTH = 128
_DISTRIBUTIONS = {"torch_geometric": "torch-geometric", "sklearn": "scikit-learn"}


def require(module: str) -> Any:
    """Import a module of the extra ``[baselines]``.

    Raises
    ------
    OptionError
        If it isn't installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        raise OptionError(
            f"this baseline needs {_DISTRIBUTIONS.get(name, name)}: "
            "pip install 'ase-ecn[baselines]'"
        ) from error


class BaselineNetwork(nn.Module, ABC):
    """What the three networks share: a head for each property.

    Parameters
    ----------
    targets
        Names of the properties.
    atom, crystal
        Numbers of features of an atom and of a crystal.
    """

    kind: NeighborKind
    shift: Tensor
    scale: Tensor

    def __init__(self, targets: tuple[str, ...], atom: int, crystal: int) -> None:
        super().__init__()
        self.targets = targets
        self.heads = nn.ModuleDict(
            {
                name: two_layer(atom if name in SITE_TARGETS else crystal, _HEAD_WIDTH, 1)
                for name in targets
            }
        )
        self.register_buffer("shift", torch.zeros(len(targets), dtype=torch.float64))
        self.register_buffer("scale", torch.ones(len(targets), dtype=torch.float64))

    def set_units(self, labels: Mapping[str, NDArray[np.float64]], classes: frozenset[str]) -> None:
        """Predict in units of the spread of the training labels, classes excepted."""
        for k, name in enumerate(self.targets):
            if name not in classes:
                self.shift[k] = float(np.nanmean(labels[name]))
                self.scale[k] = float(np.nanstd(labels[name])) or 1.0

    @abstractmethod
    def features(self, batch: NeighborBatch) -> tuple[Tensor, Tensor]:
        """Features of the atoms, (N, atom), and of the crystals, (B, crystal)."""

    def forward(self, batch: NeighborBatch) -> dict[str, Tensor]:
        """Predict every target, (B,) or (N,), in physical units; logits for classes."""
        atoms, crystals = self.features(batch)
        outputs = {}
        for k, name in enumerate(self.targets):
            raw = self.heads[name](atoms if name in SITE_TARGETS else crystals).squeeze(1)
            outputs[name] = raw * self.scale[k].to(raw.dtype) + self.shift[k].to(raw.dtype)
        return outputs


class CGCNN(BaselineNetwork):
    """Crystal Graph Convolutional Neural Network (Xie & Grossman 2018).

    Gated sums over the nearest neighbours with batch normalisation, softplus between the
    convolutions, mean over the atoms. Three convolutions as in the original (the ECN paper has
    two, appendix A.7), atoms of 100 features as in the ECN paper, distances 0 to 8 Å in steps of
    0.2 Å.
    """

    kind: NeighborKind = "nearest12"

    def __init__(self, targets: tuple[str, ...], width: int = 100, layers: int = 3) -> None:
        super().__init__(targets, width, width)
        geometric = require("torch_geometric.nn")
        self.distance = GaussianBasis(0.0, 8.0, 41)
        self.embedding = nn.Embedding(MAX_ATOMIC_NUMBER + 1, width)
        self.layers = nn.ModuleList(
            geometric.CGConv(width, dim=41, batch_norm=True) for _ in range(layers)
        )
        self.mean = geometric.MeanAggregation()

    def features(self, batch: NeighborBatch) -> tuple[Tensor, Tensor]:
        """Features of the atoms and their means, (N, width) and (B, width)."""
        edges = self.distance(batch.distance)
        h = self.embedding(batch.numbers)
        for layer in self.layers:
            h = nn.functional.softplus(layer(h, batch.edges, edges))
        return h, self.mean(h, batch.crystal_of_atom, dim_size=batch.size)


class SchNet(BaselineNetwork):
    """SchNet (Schütt et al. 2018) with its settings for the Materials Project.

    Six interactions of 64 features, distances 0 to 5 Å in steps of 0.1 Å, mean over the atoms.
    """

    kind: NeighborKind = "within5"

    def __init__(self, targets: tuple[str, ...], width: int = 64, layers: int = 6) -> None:
        super().__init__(targets, width, width)
        schnet = require("torch_geometric.nn.models.schnet")
        self.distance = GaussianBasis(0.0, CUTOFF, 51)
        self.embedding = nn.Embedding(MAX_ATOMIC_NUMBER + 1, width)
        self.layers = nn.ModuleList(
            schnet.InteractionBlock(width, 51, width, CUTOFF) for _ in range(layers)
        )
        self.mean = require("torch_geometric.nn").MeanAggregation()

    def features(self, batch: NeighborBatch) -> tuple[Tensor, Tensor]:
        """Features of the atoms and their means, (N, width) and (B, width)."""
        edges = self.distance(batch.distance)
        h = self.embedding(batch.numbers)
        for layer in self.layers:
            h = h + layer(h, batch.edges, batch.distance, edges)
        return h, self.mean(h, batch.crystal_of_atom, dim_size=batch.size)


class _ShiftedSoftplus(nn.Module):
    """``log(exp(x) + 1) - log(2)``, zero at zero."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.softplus(x) - float(np.log(2))


def _dense(*sizes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size_in, size_out in pairwise(sizes):
        layers += [nn.Linear(size_in, size_out), _ShiftedSoftplus()]
    return nn.Sequential(*layers)


class _BondUpdate(nn.Module):
    """A bond from its two atoms, itself and the state."""

    def __init__(self, size: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.update = _dense(4 * size, *hidden)

    def forward(self, x_from: Tensor, x_to: Tensor, edges: Tensor, u: Tensor, of: Tensor) -> Tensor:
        new: Tensor = self.update(torch.cat([x_to, x_from, edges, u[of]], dim=1))
        return new


class _AtomUpdate(nn.Module):
    """An atom from the mean of its bonds, itself and the state."""

    def __init__(self, size: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.mean = require("torch_geometric.nn").MeanAggregation()
        # The bonds come as their update made them.
        self.update = _dense(hidden[-1] + 2 * size, *hidden)

    def forward(self, x: Tensor, ends: Tensor, edges: Tensor, u: Tensor, of: Tensor) -> Tensor:
        bonds = self.mean(edges, ends[1], dim_size=len(x))
        new: Tensor = self.update(torch.cat([bonds, x, u[of]], dim=1))
        return new


class _StateUpdate(nn.Module):
    """The state from the means of bonds and of atoms and itself."""

    def __init__(self, size: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.mean = require("torch_geometric.nn").MeanAggregation()
        self.update = _dense(2 * hidden[-1] + size, *hidden)

    def forward(self, x: Tensor, ends: Tensor, edges: Tensor, u: Tensor, of: Tensor) -> Tensor:
        bonds = self.mean(edges, of[ends[1]], dim_size=len(u))
        atoms = self.mean(x, of, dim_size=len(u))
        new: Tensor = self.update(torch.cat([bonds, atoms, u], dim=1))
        return new


class _MEGNetBlock(nn.Module):
    """Dense layers on bonds, atoms and state (but in the first block), an update, a skip."""

    def __init__(self, size: int, hidden: tuple[int, ...], dense: bool) -> None:
        super().__init__()
        meta_layer = require("torch_geometric.nn").MetaLayer
        self.dense = nn.ModuleList(
            _dense(size, 64, size) if dense else nn.Identity() for _ in range(3)
        )
        self.update = meta_layer(
            _BondUpdate(size, hidden), _AtomUpdate(size, hidden), _StateUpdate(size, hidden)
        )

    def forward(
        self, x: Tensor, edges: Tensor, u: Tensor, batch: NeighborBatch
    ) -> tuple[Tensor, Tensor, Tensor]:
        before = (self.dense[0](x), self.dense[1](edges), self.dense[2](u))
        new_x, new_edges, new_u = self.update(
            before[0], batch.edges, before[1], before[2], batch.crystal_of_atom
        )
        return x + new_x, edges + new_edges, u + new_u


class MEGNet(BaselineNetwork):
    """MatErials Graph Network (Chen et al. 2019) with its settings for crystals.

    Three blocks that update bonds, atoms and a state, all of 32 features, through layers of 64,
    64 and 32 shifted softplus units; set2set over atoms and over bonds. Distances in 100
    Gaussians from 0 to 5 Å, all bonds up to 5 Å. The state starts at zero.
    """

    kind: NeighborKind = "within5"

    def __init__(self, targets: tuple[str, ...], size: int = 32, blocks: int = 3) -> None:
        super().__init__(targets, size, 5 * size)
        hidden = (64, 64, size)
        set2set = require("torch_geometric.nn").Set2Set
        self.state_size = 2
        self.distance = GaussianBasis(0.0, CUTOFF, 100)
        # MEGNet's are exp(-((x - mu) / 0.5)^2), much wider than their spacing.
        self.distance.width = 0.5 / np.sqrt(2)
        self.embedding = nn.Embedding(MAX_ATOMIC_NUMBER + 1, 16)
        self.atoms_in, self.bonds_in = _dense(16, 64, size), _dense(100, 64, size)
        self.state_in = _dense(self.state_size, 64, size)
        self.blocks = nn.ModuleList(
            _MEGNetBlock(size, hidden, dense=block > 0) for block in range(blocks)
        )
        self.read_atoms = set2set(size, processing_steps=3)
        self.read_bonds = set2set(size, processing_steps=3)

    def features(self, batch: NeighborBatch) -> tuple[Tensor, Tensor]:
        """Features of the atoms, (N, size), and of the crystals, (B, 5 size).

        The latter are set2set of the atoms and of the bonds, and the state.
        """
        x = self.atoms_in(self.embedding(batch.numbers))
        edges = self.bonds_in(self.distance(batch.distance))
        u = self.state_in(edges.new_zeros(batch.size, self.state_size))
        for block in self.blocks:
            x, edges, u = block(x, edges, u, batch)
        of = batch.crystal_of_atom
        atoms = self.read_atoms(x, of, dim_size=batch.size)
        bonds = self.read_bonds(edges, of[batch.edges[1]], dim_size=batch.size)
        return x, torch.cat([atoms, bonds, u], dim=1)


NETWORKS: dict[str, type[CGCNN | MEGNet | SchNet]] = {
    "cgcnn": CGCNN,
    "megnet": MEGNet,
    "schnet": SchNet,
}
