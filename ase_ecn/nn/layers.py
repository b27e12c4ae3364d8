"""Building blocks that the ECN and the EMPNN share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from ase_ecn.errors import OptionError
from ase_ecn.nn.segments import sums_of_owners

MAX_ATOMIC_NUMBER = 118
MAX_WIDTH = 8192
MAX_LAYERS = 128
_EdgeTensors: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None]
EDGES_AT_ONCE = 1024
"""Edges whose features stay in the cache of a processor."""
_EDGES_ON_DEVICE = {"cpu": EDGES_AT_ONCE, "cuda": 2**19}
SMALLEST_EXPONENT = -60.0


class GaussianBasis(nn.Module):
    """Soft bins ``exp(-((x - mu) / width)^2 / 2)`` with evenly spaced centres.

    The paper's edge features (section 5). Width and spacing of the centres are equal.
    """

    centres: Tensor

    def __init__(self, start: float, stop: float, size: int) -> None:
        super().__init__()
        # On the device "meta" this would import sympy, as a checkpoint's check does not want to.
        centres = torch.linspace(start, stop, size, dtype=torch.float64, device="cpu")
        self.width = (stop - start) / (size - 1)
        self.register_buffer("centres", centres, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (E,) values to (E, size) features."""
        centres = self.centres.to(x.dtype)
        exponents = -0.5 * ((x[:, None] - centres) / self.width) ** 2
        # Far from a centre there is nothing, and numbers too small for normal floats are slow.
        return torch.exp(exponents.clamp(min=SMALLEST_EXPONENT))


def check_sizes(**sizes: tuple[int, int]) -> None:
    """Refuse numbers of features and layers that are no integers from 1 to a largest one.

    Parameters
    ----------
    sizes
        For each option its value and the largest one allowed.

    Raises
    ------
    OptionError
        Naming the option.
    """
    for name, (value, largest) in sizes.items():
        if type(value) is not int or not 1 <= value <= largest:
            raise OptionError(f"{name} must be an integer from 1 to {largest}, not {value!r}")


def scatter_sum(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Sum the rows of (E, ...) values that share an index below ``size``: (size, ...)."""
    return sums_of_owners(values, index, size)


def scatter_mean(values: Tensor, index: Tensor, counts: Tensor) -> Tensor:
    """Average the rows of (E, ...) values that share an index; ``counts`` says how many do."""
    total = scatter_sum(values, index, counts.shape[0])
    shape = (-1, *(1 for _ in values.shape[1:]))
    return total / counts.clamp(min=1).to(values.dtype).reshape(shape)


def two_layer(size_in: int, hidden: int, size_out: int) -> nn.Sequential:
    """A perceptron with one hidden layer of SiLU units."""
    return nn.Sequential(nn.Linear(size_in, hidden), nn.SiLU(), nn.Linear(hidden, size_out))


class GatedMessages(nn.Module):
    """One round of message passing (eqs. 8-10 of the ECN paper) with gated messages.

    ``m_ij = w_ij sigmoid(p_ij) * silu(q_ij)``, where ``p`` and ``q`` are linear in both atoms'
    features, in the edge's and in further features of edges; the gate takes the place of the
    scalar attention of eq. 15. The products with atom features are made once per atom, not per
    edge.
    """

    def __init__(self, features: int, edge_features: int, extra_features: int = 0) -> None:
        super().__init__()
        self.source = nn.Linear(features, 2 * features)
        self.target = nn.Linear(features, 2 * features, bias=False)
        self.edge = nn.Linear(edge_features, 2 * features, bias=False)
        self.norm = nn.LayerNorm(2 * features)
        self.update = two_layer(2 * features, features, features)
        if extra_features:
            self.extra_edge = nn.Linear(extra_features, 2 * features, bias=False)
            self.extra_atom = two_layer(extra_features, features, features)
            # They start as if they were not there, so that a network can be given them later.
            for layer in (self.extra_edge, self.extra_atom[-1]):
                for parameter in layer.parameters():
                    nn.init.zeros_(parameter)

    def forward(
        self,
        h: Tensor,
        edges: Tensor,
        source: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        extra: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Update (N, F) atom features.

        Parameters
        ----------
        h
            (N, F) atom features.
        edges
            (E, D) edge features.
        source, target
            (E,) atoms of each edge.
        weight
            (E,) edge weights.
        extra
            (E, X) and (N, X) further features of edges and atoms in this round.
        """
        ends = (self.source(h), self.target(h))
        of_bonds = None if extra is None else extra[0]
        of_edges: _EdgeTensors = (edges, source, target, weight, of_bonds)
        if torch.is_grad_enabled():
            received = scatter_sum(self._messages(ends, of_edges), source, h.shape[0])
        else:
            received = torch.zeros_like(h)
            for part in edge_parts(source.shape[0], h.device):
                self._receive(received, ends, _rows(of_edges, part))
        change: Tensor = self.update(self.norm(torch.cat([h, received], dim=1)))
        if extra is not None:
            change = change + self.extra_atom(extra[1])
        return h + change

    def _messages(self, ends: tuple[Tensor, Tensor], of_edges: _EdgeTensors) -> Tensor:
        """Weighted messages (E, F) from the atoms' (N, 2 F) parts and the features of edges."""
        from_source, from_target = ends
        edges, source, target, weight, extra = of_edges
        mixed = self.edge(edges)
        mixed += from_source.index_select(0, source)
        mixed += from_target.index_select(0, target)
        if extra is not None:
            mixed += self.extra_edge(extra)
        gate, value = mixed.chunk(2, dim=1)
        messages = torch.sigmoid(gate) * functional.silu(value)
        return messages if weight is None else messages * weight[:, None]

    def _receive(
        self, received: Tensor, ends: tuple[Tensor, Tensor], of_edges: _EdgeTensors
    ) -> None:
        """Add the messages to what the atoms (N, F) received: the same, in place."""
        from_source, from_target = ends
        edges, source, target, weight, extra = of_edges
        mixed = from_source.index_select(0, source)
        mixed += from_target.index_select(0, target)
        add_product(mixed, self.edge, edges)
        if extra is not None:
            add_product(mixed, self.extra_edge, extra)
        gate, value = mixed.chunk(2, dim=1)
        messages = functional.silu(value).mul_(gate.sigmoid_())
        if weight is not None:
            messages *= weight[:, None]
        received.index_add_(0, source, messages)


class ColouredMessages(nn.Module):
    """One round of message passing as in the ECN paper (eqs. 8-10 and 15, appendices A.4, A.7).

    ``m_ij`` is a perceptron with one hidden layer whose input weights belong to the colour of the
    edge, the rest being shared; ``phi_a(m_ij)``, a linear layer, weights it in the sum.
    """

    def __init__(self, features: int, edge_features: int, colours: int) -> None:
        super().__init__()
        self.colours = colours
        self.source = nn.Linear(features, colours * features)
        self.target = nn.Linear(features, colours * features, bias=False)
        self.edge = nn.Linear(edge_features, colours * features, bias=False)
        self.message = nn.Sequential(nn.SiLU(), nn.Linear(features, features), nn.SiLU())
        self.attention = nn.Linear(features, 1)
        self.norm = nn.LayerNorm(2 * features)
        self.update = two_layer(2 * features, features, features)

    def forward(
        self,
        h: Tensor,
        edges: Tensor,
        colour: Tensor,
        source: Tensor,
        target: Tensor,
        weight: Tensor,
    ) -> Tensor:
        """Update (N, F) atom features from (E, D) edge features, (E,) colours and weights.

        Where ``source``, ``target`` and ``weight`` are those of several copies of the same edges,
        features and colours may be given for one copy.
        """
        messages = self.messages(h, edges, colour, source, target)
        return self.updated(h, messages, source, weight)

    def messages(
        self, h: Tensor, edges: Tensor, colour: Tensor, source: Tensor, target: Tensor
    ) -> Tensor:
        """Messages (E, F) of eq. 8."""
        width = h.shape[1]
        copies = len(source) // max(1, len(edges))
        edge_part = self._edge_part(edges, colour).repeat(copies, 1)
        colour = colour.repeat(copies)
        mixed = (
            self.source(h).reshape(-1, width).index_select(0, self.colours * source + colour)
            + self.target(h).reshape(-1, width).index_select(0, self.colours * target + colour)
            + edge_part
        )
        messages: Tensor = self.message(mixed)
        return messages

    def updated(self, h: Tensor, messages: Tensor, source: Tensor, weight: Tensor) -> Tensor:
        """Atom features (N, F) after the weighted sum of messages (eqs. 9, 10 and 15)."""
        weighted = messages * (self.attention(messages) * weight[:, None])
        received = scatter_sum(weighted, source, h.shape[0])
        change: Tensor = self.update(self.norm(torch.cat([h, received], dim=1)))
        return h + change

    def _edge_part(self, edges: Tensor, colour: Tensor) -> Tensor:
        weights = self.edge.weight.reshape(self.colours, -1, edges.shape[1])
        order = torch.argsort(colour)
        groups = edges[order].split(torch.bincount(colour, minlength=self.colours).tolist())
        parts = torch.cat([group @ w.T for group, w in zip(groups, weights, strict=True)])
        return torch.empty_like(parts).index_copy(0, order, parts)


def add_product(total: Tensor, layer: nn.Module, x: Tensor) -> None:
    """Add a linear layer without a bias, applied to x, to the total in place."""
    if isinstance(layer, nn.Linear):
        total.addmm_(x, layer.weight.T)
    else:
        layer.add_product(total, x)  # type: ignore[operator]


def edge_parts(edges: int, device: torch.device) -> Iterator[slice]:
    """Ranges of edges whose features stay in the cache; for passes that keep no gradients."""
    step = _EDGES_ON_DEVICE.get(device.type, edges) or 1
    return (slice(begin, begin + step) for begin in range(0, edges, step))


def _rows(tensors: _EdgeTensors, part: slice) -> _EdgeTensors:
    edges, source, target, weight, extra = tensors
    return (
        edges[part],
        source[part],
        target[part],
        None if weight is None else weight[part],
        None if extra is None else extra[part],
    )


def smooth_step(x: Tensor) -> Tensor:
    """Zero below 0, one above 1, twice differentiable between."""
    x = x.clamp(0, 1)
    return x * x * x * (10 - 15 * x + 6 * x * x)


def cutoff_weight(distance: Tensor, cutoff: float) -> Tensor:
    """Weights (E,) of bonds: one up to half of the cutoff (Å), then smoothly down to zero."""
    return 1 - smooth_step(2 * distance / cutoff - 1)
