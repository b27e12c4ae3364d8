"""ECNs on one small crystal: the members of an ensemble computed together.

A small crystal costs what the calls of operations cost, not the operations. So members with equal
sizes share the calls, their weights being stacked, and sums over bonds become products with small
matrices. What does not depend on the crystal is computed once. For prediction only: the weights
are copied.

Shapes: M members, B crystals, N atoms, E bonds; F features of an atom, D of a bond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ase_ecn.graphs.batch import BondBatch, PackedGraphs
from ase_ecn.nn.angular import AngularDensity, spherical_harmonics
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.layers import MAX_ATOMIC_NUMBER, GatedMessages

MAX_EDGES = 384
"""Above, products of matrices cost more than their calls, and those here are the larger ones."""
_CRYSTAL, _SITE = "values of crystals", "values of sites"
_SIZES = ("width", "layers", "distance_features", "share_features", "bonds", "cutoff")


class FusedECN:
    """The same function as an ECN, or an ensemble of them, for batches of few bonds.

    Parameters
    ----------
    model
        For which :func:`can_fuse` holds; neither it nor this should be changed afterwards.
    """

    @torch.no_grad()
    def __init__(self, model: ECN | ECNEnsemble) -> None:
        self._members = members = model.networks
        elements = torch.arange(MAX_ATOMIC_NUMBER + 1, device=members[0].shift.device)
        self._table = torch.stack([m.embedding.of_numbers(elements) for m in members])
        self._rounds = [_Round(layers) for layers in zip(*(m.layers for m in members), strict=True)]
        self._angular = {k: _Angular(m) for k, m in enumerate(members) if m.config.angular_degree}
        self._norm = _Norm([m.norm for m in members])
        self._crystal_heads = _Heads(model, model.config.crystal_targets)
        self._site_heads = _Heads(model, model.config.site_targets)
        self._spreads = model.joint_spreads

    @staticmethod
    def fits(batch: BondBatch) -> bool:
        """Whether a batch is so small that it is quicker here."""
        return len(batch.source) <= MAX_EDGES

    def __call__(self, batch: BondBatch) -> dict[str, Tensor]:
        """Outputs of the model, see :meth:`ase_ecn.nn.ecn.ECN.forward`."""
        count = batch.translation_colours.shape[1]
        views = [self._of_members(batch, view) for view in range(count)]
        found = views[0]
        if count > 1:
            found = {k: torch.stack([v[k] for v in views]).mean(dim=0) for k in views[0]}
        crystal, site = found.pop(_CRYSTAL), found.pop(_SITE)
        outputs = {**self._crystal_heads.mean(crystal), **self._site_heads.mean(site), **found}
        for name, (stated, apart) in self._spreads.items():
            deviation = self._crystal_heads.deviation(name, crystal, outputs[name])
            key = f"{name}_std"
            outputs[key] = torch.hypot(stated * outputs[key], apart * deviation)
        return outputs

    def _of_members(self, batch: BondBatch, view: int) -> dict[str, Tensor]:
        """Properties (M, B or N, T) of crystals and sites, and the stated uncertainties (B,)."""
        h = self._norm(self._atom_features(batch, view))
        in_crystal = _members_of(batch.crystal_of_atom, len(batch.atom_counts), h.dtype)
        in_crystal /= batch.atom_counts[:, None]
        pooled = torch.bmm(in_crystal.expand(len(h), -1, -1), h)
        outputs = {_CRYSTAL: self._crystal_heads(pooled), _SITE: self._site_heads(h)}
        spreads = [m.standard_errors(x) for m, x in zip(self._members, pooled, strict=True)]
        for name in {name: None for found in spreads for name in found}:
            outputs[name] = torch.stack([s[name] for s in spreads if name in s]).mean(dim=0)
        return outputs

    def _atom_features(self, batch: BondBatch, view: int) -> Tensor:
        """Features (M, N, F) of atoms after the last round."""
        edges, weight = self._members[0].gated_edges(batch, view)
        of_atom = _members_of(batch.source, len(batch.numbers), edges.dtype)
        angular = {k: a.of_crystal(batch, edges, weight, of_atom) for k, a in self._angular.items()}
        ends = 2 * batch.source, 2 * batch.target + 1
        graph = _Graph(edges, ends, of_atom * weight)
        h = self._table.index_select(1, batch.numbers)
        for number, layer in enumerate(self._rounds):
            h = layer(h, graph, {k: a.features(number, h[k]) for k, a in angular.items()})
        return h


class QuickECN:
    """Predicts as a network does, small batches with its fused form.

    Parameters
    ----------
    model
        For which :func:`can_fuse` holds.
    """

    def __init__(self, model: ECN | ECNEnsemble) -> None:
        self._model = model
        self._fused = FusedECN(model)

    @torch.inference_mode()
    def __call__(self, graphs: PackedGraphs) -> Mapping[str, Tensor]:
        """Outputs, see :meth:`ase_ecn.nn.network.PropertyNetwork.predict`."""
        batch = self._model.batch(graphs)
        return self._fused(batch) if self._fused.fits(batch) else self._model(batch)


def quick_ecn(
    model: ECN | ECNEnsemble,
) -> Callable[[PackedGraphs], Mapping[str, Tensor]]:
    """Return what predicts in the least time; the weights may be copied."""
    return QuickECN(model) if can_fuse(model) and not model.gives_forces else model.predict


def can_fuse(model: ECN | ECNEnsemble) -> bool:
    """Whether a model is of the kinds known here, and its members of one size."""
    members = model.networks
    sizes = {tuple(getattr(m.config, name) for name in _SIZES) for m in members}
    return len(sizes) == 1 and all(_is_known(m) for m in members)


def _is_known(member: ECN) -> bool:
    config = member.config
    return (
        type(member) is ECN
        and config.messages == "gated"
        and config.readout == "mean_features"
        and not config.cell_encoding
        and not config.hubbard
    )


def _members_of(index: Tensor, count: int, dtype: torch.dtype) -> Tensor:
    """Matrix (count, K) of which of the (K,) things belong to which owner: ones and zeros."""
    owners = torch.arange(count, device=index.device)
    return (index == owners[:, None]).to(dtype)


def _linear(perceptron: nn.Module, place: int) -> nn.Linear:
    layer = perceptron.get_submodule(str(place))
    assert isinstance(layer, nn.Linear)
    return layer


class _Linear:
    """One linear layer of each member."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        self.weights = torch.stack([layer.weight.T for layer in layers])
        self.biases = torch.stack([layer.bias for layer in layers])[:, None]

    def __call__(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.biases, x, self.weights)

    def add_to(self, total: Tensor, x: Tensor) -> Tensor:
        return torch.baddbmm(total, x, self.weights).add_(self.biases)


class _Norm:
    """One normalisation of each member."""

    def __init__(self, layers: Sequence[nn.LayerNorm]) -> None:
        self.weights = torch.stack([layer.weight for layer in layers])[:, None]
        self.biases = torch.stack([layer.bias for layer in layers])[:, None]
        self.eps = layers[0].eps

    def __call__(self, x: Tensor) -> Tensor:
        x = functional.layer_norm(x, x.shape[-1:], eps=self.eps)
        return torch.addcmul(self.biases, x, self.weights)


@dataclass(frozen=True)
class _Graph:
    """What all rounds need of a crystal.

    ``ends`` are rows of the atoms' parts as sources and as targets, which alternate; ``collect``
    (N, E) sums weighted bonds for their source.
    """

    edges: Tensor
    ends: tuple[Tensor, Tensor]
    collect: Tensor


class _Round:
    """:class:`GatedMessages` of each member."""

    def __init__(self, layers: Sequence[GatedMessages]) -> None:
        width = layers[0].norm.normalized_shape[0] // 2

        def halves(parts: Sequence[Tensor]) -> Tensor:
            """Gate and value of each member (2 M, in, F), of (2 F, in) weights of all members."""
            return torch.cat([part.view(2, width, -1).transpose(1, 2) for part in parts])

        sources = halves([layer.source.weight for layer in layers])
        targets = halves([layer.target.weight for layer in layers])
        self.ends = torch.cat([sources, targets], dim=2)
        biases = halves([layer.source.bias for layer in layers])
        self.end_biases = torch.cat([biases, torch.zeros_like(biases)], dim=2)
        self.edge = halves([layer.edge.weight for layer in layers])
        self.norm = _Norm([layer.norm for layer in layers])
        self.hidden = _Linear([_linear(layer.update, 0) for layer in layers])
        self.change = _Linear([_linear(layer.update, 2) for layer in layers])
        self.extra = {}
        for k, layer in enumerate(layers):
            if hasattr(layer, "extra_edge"):
                hidden, change = (_linear(layer.extra_atom, place) for place in (0, 2))
                self.extra[k] = halves([layer.extra_edge.weight]), hidden, change.weight.T
                self.change.biases[k] += change.bias

    def __call__(self, h: Tensor, graph: _Graph, extra: Mapping[int, Sequence[Tensor]]) -> Tensor:
        """Update (M, N, F) features; ``extra`` has those of bonds and atoms of some members."""
        members, atoms, width = h.shape
        both = h[:, None].expand(-1, 2, -1, -1).reshape(-1, atoms, width)
        parts = torch.baddbmm(self.end_biases, both, self.ends).view(len(both), -1, width)
        mixed = parts.index_select(1, graph.ends[0])
        mixed += parts.index_select(1, graph.ends[1])
        mixed.baddbmm_(graph.edges.expand(len(both), -1, -1), self.edge)
        mixed = mixed.view(members, 2, -1, width)
        for k, (weights, _, _) in self.extra.items():
            mixed[k].baddbmm_(extra[k][0].expand(2, -1, -1), weights)
        messages = functional.silu(mixed[:, 1]).mul_(mixed[:, 0].sigmoid_())
        received = torch.bmm(graph.collect.expand(members, -1, -1), messages)
        hidden = self.hidden(self.norm(torch.cat([h, received], dim=2)))
        h = self.change.add_to(h, functional.silu(hidden, inplace=True))
        for k, (_, layer, weights) in self.extra.items():
            hidden = functional.linear(extra[k][1], layer.weight, layer.bias)
            h[k].addmm_(functional.silu(hidden, inplace=True), weights)
        return h


class _Angular:
    """The angular densities of one member, see :class:`ase_ecn.nn.angular.AngularDensity`."""

    def __init__(self, member: ECN) -> None:
        self.degree = member.config.angular_degree
        densities = [d for d in member.angular if isinstance(d, AngularDensity)]
        self.values = [density.value.weight.T for density in densities]
        self.radial = torch.cat([density.radial.weight for density in densities])
        self.bias = torch.cat([density.radial.bias for density in densities])
        sizes = [2 * degree + 1 for degree in range(1, self.degree + 1)]
        self.of_degree = torch.block_diag(*(torch.ones(1, size) for size in sizes)).to(self.bias)

    def of_crystal(
        self, batch: BondBatch, edges: Tensor, weight: Tensor, of_atom: Tensor
    ) -> _AngularOfCrystal:
        """Prepare all rounds for a crystal."""
        unit = batch.vector / batch.distance[:, None]
        y = torch.cat(spherical_harmonics(unit, self.degree), dim=1)
        expand = of_atom[:, None] * y.T
        along = (self.of_degree[:, None] * expand.permute(2, 0, 1)[:, None]).flatten(2)
        radial = functional.linear(edges, self.radial, self.bias).mul_(weight[:, None])
        return _AngularOfCrystal(
            self, batch.target, expand.flatten(0, 1), along.flatten(0, 1), radial
        )


@dataclass(frozen=True)
class _AngularOfCrystal:
    """Harmonics of a crystal's bonds as matrices, so that sums over bonds are products.

    With K harmonics of L degrees: ``expand`` (N K, E) makes densities of the atoms, ``along``
    (E L, N K) projects them on bonds, and ``radial`` (E, C) has the weights of all rounds.
    """

    angular: _Angular
    target: Tensor
    expand: Tensor
    along: Tensor
    radial: Tensor

    def features(self, number: int, h: Tensor) -> tuple[Tensor, Tensor]:
        """Features (E, L C) of bonds and (N, L C) of atoms in a round, from (N, F) of atoms."""
        values = h @ self.angular.values[number]
        channels = values.shape[1]
        radial = self.radial[:, number * channels : (number + 1) * channels]
        density = self.expand @ (values.index_select(0, self.target) * radial)
        bonds = (self.along @ density).view(len(radial), -1)
        squares = density.square().view(len(h), -1, channels)
        atoms = (self.angular.of_degree @ squares).flatten(1)
        return bonds * torch.rsqrt(1 + bonds * bonds), atoms / (1 + atoms)


class _Heads:
    """Heads of all members for T properties, the units included."""

    def __init__(self, model: ECN | ECNEnsemble, names: Sequence[str]) -> None:
        self.names = names
        members = model.networks
        width = members[0].config.width
        new = members[0].shift.new_zeros
        self.weights = new(len(members), width, len(names) * width)
        self.biases = new(len(members), 1, len(names) * width)
        self.last = new(len(members), 1, len(names), width)
        self.constant = new(len(members), 1, len(names))
        self.shares = new(len(members), 1, len(names))
        for t, name in enumerate(names):
            shares = model.shares(name)
            for k, (member, share) in enumerate(zip(members, shares, strict=True)):
                self.shares[k, 0, t] = share
                if share:
                    self._fill(k, t, member)

    def _fill(self, k: int, t: int, member: ECN) -> None:
        name = self.names[t]
        first, last = (_linear(member.heads[name], place) for place in (0, 2))
        place = member.targets.index(name)
        columns = slice(t * len(first.weight), (t + 1) * len(first.weight))
        self.weights[k, :, columns] = first.weight.T
        self.biases[k, 0, columns] = first.bias
        self.last[k, 0, t] = member.scale[place] * last.weight[0]
        self.constant[k, 0, t] = member.scale[place] * last.bias[0] + member.shift[place]

    def __call__(self, x: Tensor) -> Tensor:
        """Properties (M, R, T) of rows of features (M, R, F)."""
        hidden = functional.silu(torch.baddbmm(self.biases, x, self.weights), inplace=True)
        parts = hidden.view(*x.shape[:2], len(self.names), x.shape[2]) * self.last
        return parts.sum(dim=3).add_(self.constant)

    def mean(self, values: Tensor) -> dict[str, Tensor]:
        """(R,) of each property from those (M, R, T) of the members."""
        return dict(zip(self.names, (values * self.shares).sum(dim=0).unbind(1), strict=True))

    def deviation(self, name: str, values: Tensor, mean: Tensor) -> Tensor:
        """Standard deviation (R,) of a property among the members, weighted as in the mean."""
        t = self.names.index(name)
        squares = (values[:, :, t] - mean).square_() * self.shares[:, :, t]
        return squares.sum(dim=0).sqrt_()
