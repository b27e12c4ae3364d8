"""An EMPNN on one small crystal, with few calls of operations.

A small crystal costs what the calls of operations cost, not the operations. So products with the
features of both ends of an edge are one product, sums over edges are products with small matrices,
and what does not depend on the crystal is computed once. For prediction only: the weights are
copied.

Shapes: N atoms, E edges; F features of an atom, D of an edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.nn.empnn import EMPNN, DeformingLayer, bound_norm, exp_of_small
from ase_ecn.nn.layers import SMALLEST_EXPONENT, GatedMessages

MAX_EDGES = 1024
"""Above, the operations cost more than their calls, and those here are the larger ones."""


class FusedEMPNN:
    """The same function as an EMPNN, for a batch of one crystal with few edges.

    Parameters
    ----------
    model
        For which :func:`can_fuse` holds; neither it nor this should be changed afterwards.
    """

    @torch.no_grad()
    def __init__(self, model: EMPNN) -> None:
        config = model.config
        self._table = model.embedding.weight
        self._limit = config.max_strain
        scale = 1 / (math.sqrt(2) * model.distance.width)
        self._scale = scale
        self._centres = scale * model.distance.centres.to(self._table)
        self._plain = [_Round(layer) for layer in model.plain if isinstance(layer, GatedMessages)]
        self._deforming = [
            (_Round(layer.messages), _Strain(layer))
            for layer in model.deforming
            if isinstance(layer, DeformingLayer)
        ]

    @staticmethod
    def fits(batch: LatticeBatch) -> bool:
        """Whether a batch is one crystal, and so small that it is quicker here."""
        return len(batch.cells) == 1 and len(batch.source) <= MAX_EDGES

    def __call__(self, batch: LatticeBatch) -> Tensor:
        """The (1, 3, 3) cell after the last layer, see :meth:`ase_ecn.nn.empnn.EMPNN.forward`."""
        cell = batch.cells[0]
        atoms = torch.arange(len(batch.numbers), device=cell.device)
        collect = (batch.source == atoms[:, None]).to(cell.dtype)
        ends = 2 * batch.source, 2 * batch.target + 1
        h = self._table.index_select(0, batch.numbers)
        graph, unit = self._graph(batch.fraction, cell, ends, collect)
        for layer in self._plain:
            h = layer(h, graph)
        for number, (messages, strain) in enumerate(self._deforming):
            if number:
                graph, unit = self._graph(batch.fraction, cell, ends, collect)
            h = messages(h, graph)
            small = bound_norm(strain(h, graph, unit)[None], self._limit)
            # Exponentials of symmetric matrices are symmetric.
            cell = cell @ exp_of_small(small)[0]
        return cell[None]

    def _graph(
        self, fraction: Tensor, cell: Tensor, ends: tuple[Tensor, Tensor], collect: Tensor
    ) -> tuple[_Graph, Tensor]:
        """Edge features and unit vectors (E, 3) in the current cell."""
        vectors = fraction @ cell
        lengths = vectors.norm(dim=1, keepdim=True)
        features = torch.sub(self._scale * lengths, self._centres).square_().neg_()
        features = features.clamp_(min=SMALLEST_EXPONENT).exp_()
        return _Graph(features, ends, collect), vectors / lengths


def can_fuse(model: EMPNN) -> bool:
    """Whether a model is of the kind known here."""
    config = model.config
    return (
        type(model) is EMPNN
        and config.fields == ("edge-ket-bra",)
        and config.expansion == "exponential"
        and config.weight_limit is None
        and not config.positions
        and config.max_strain <= 0.5
    )


@dataclass(frozen=True)
class _Graph:
    """What all layers need of a crystal.

    ``ends`` are rows of the atoms' parts as sources and as targets, which alternate; ``collect``
    (N, E) sums edges for their source.
    """

    edges: Tensor
    ends: tuple[Tensor, Tensor]
    collect: Tensor


class _Ends:
    """What an edge gets from both its ends and from itself, (E, K)."""

    def __init__(self, source: nn.Linear, target: nn.Linear, edge: nn.Linear) -> None:
        self.weights = torch.cat([source.weight, target.weight]).T.contiguous()
        self.biases = torch.cat([source.bias, torch.zeros_like(source.bias)])
        self.edge = edge.weight.T.contiguous()

    def __call__(self, h: Tensor, graph: _Graph) -> Tensor:
        parts = torch.addmm(self.biases, h, self.weights).view(2 * len(h), -1)
        mixed = parts.index_select(0, graph.ends[0])
        mixed += parts.index_select(0, graph.ends[1])
        return mixed.addmm_(graph.edges, self.edge)


class _Round:
    """:class:`GatedMessages`, the normalisation's factors being in the weights after it."""

    def __init__(self, layer: GatedMessages) -> None:
        hidden, change = layer.update[0], layer.update[2]
        assert isinstance(hidden, nn.Linear)
        assert isinstance(change, nn.Linear)
        assert isinstance(layer.edge, nn.Linear)
        self.ends = _Ends(layer.source, layer.target, layer.edge)
        self.eps = layer.norm.eps
        self.hidden = (hidden.weight * layer.norm.weight).T.contiguous()
        self.hidden_bias = hidden.bias + hidden.weight @ layer.norm.bias
        self.change = change.weight.T.contiguous()
        self.change_bias = change.bias

    def __call__(self, h: Tensor, graph: _Graph) -> Tensor:
        """Update (N, F) features."""
        gate, value = self.ends(h, graph).chunk(2, dim=1)
        messages = functional.silu(value).mul_(gate.sigmoid_())
        both = torch.cat([h, graph.collect @ messages], dim=1)
        both = functional.layer_norm(both, both.shape[1:], eps=self.eps)
        hidden = torch.addmm(self.hidden_bias, both, self.hidden)
        hidden = functional.silu(hidden, inplace=True)
        return torch.addmm(h, hidden, self.change).add_(self.change_bias)


class _Strain:
    """The strain of a :class:`DeformingLayer`: the mean of learned weights times ``|u><u|``."""

    def __init__(self, layer: DeformingLayer) -> None:
        assert layer.weight is not None
        self.ends = _Ends(layer.source, layer.target, layer.edge)
        self.weight = layer.weight.weight.T.contiguous()

    def __call__(self, h: Tensor, graph: _Graph, unit: Tensor) -> Tensor:
        """(3, 3), from (N, F) features and (E, 3) unit vectors."""
        weights = functional.silu(self.ends(h, graph), inplace=True) @ self.weight
        return (weights * unit).T @ unit / len(unit)
