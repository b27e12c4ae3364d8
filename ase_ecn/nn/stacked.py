"""Several equal ECNs on one small crystal, computed together.

A small crystal costs what the calls of operations cost, not the operations. So the members of an
ensemble that have the same layers share them: the graph is repeated once for each, and every layer
multiplies each part with its own member's weights. For prediction only: the weights are copied.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from ase_ecn.graphs.batch import BondBatch
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.layers import EDGES_AT_ONCE, MAX_ATOMIC_NUMBER

_READOUT = ("crystal_targets", "site_targets", "uncertainties", "dropout")


class _StackedLinear(nn.Module):
    """M linear layers on (M * n, features) rows, n rows for each."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weights = torch.stack([layer.weight.T for layer in layers])
        biases: list[Tensor] = [layer.bias for layer in layers if layer.bias is not None]
        self.biases = torch.stack(biases)[:, None] if biases else None

    def forward(self, x: Tensor) -> Tensor:
        parts = x.view(len(self.weights), -1, x.shape[1])
        if self.biases is None:
            return torch.bmm(parts, self.weights).flatten(0, 1)
        return torch.baddbmm(self.biases, parts, self.weights).flatten(0, 1)

    def add_product(self, total: Tensor, x: Tensor) -> None:
        """See :func:`ase_ecn.nn.layers.add_product`."""
        count = len(self.weights)
        total.view(count, -1, total.shape[1]).baddbmm_(x.view(count, -1, x.shape[1]), self.weights)


class _StackedNorm(nn.Module):
    def __init__(self, layers: Sequence[nn.LayerNorm]) -> None:
        super().__init__()
        self.weights = torch.stack([layer.weight for layer in layers])[:, None]
        self.biases = torch.stack([layer.bias for layer in layers])[:, None]
        self.eps = layers[0].eps

    def forward(self, x: Tensor) -> Tensor:
        parts = functional.layer_norm(x, x.shape[1:], eps=self.eps).view(
            len(self.weights), -1, x.shape[1]
        )
        return torch.addcmul(self.biases, parts, self.weights).flatten(0, 1)


class _StackedEmbedding(nn.Module):
    def __init__(self, layers: Sequence[nn.Embedding]) -> None:
        super().__init__()
        self.rows = layers[0].num_embeddings
        self.weights = torch.cat([layer.weight for layer in layers])

    def forward(self, index: Tensor) -> Tensor:
        count = len(self.weights) // self.rows
        shift = torch.arange(0, len(self.weights), self.rows, device=index.device)
        return functional.embedding(
            (index.view(count, -1) + shift[:, None]).flatten(), self.weights
        )


_STACKED = {
    nn.Linear: _StackedLinear,
    nn.LayerNorm: _StackedNorm,
    nn.Embedding: _StackedEmbedding,
}


class _Stack:
    """Members with the same layers up to their readout."""

    def __init__(self, members: Sequence[ECN]) -> None:
        self.members = members
        self.trunk = copy.deepcopy(members[0])
        del self.trunk.heads
        for name, layer in list(self.trunk.named_modules()):
            stacked = _STACKED.get(type(layer))
            if stacked is not None and not name.startswith("spreads"):
                layers = [member.get_submodule(name) for member in members]
                parent, _, own_name = name.rpartition(".")
                # PyTorch 2.4 has no set_submodule.
                setattr(self.trunk.get_submodule(parent), own_name, stacked(layers))

    def __call__(self, batch: BondBatch) -> list[dict[str, Tensor]]:
        """Outputs of each member, see :meth:`ase_ecn.nn.ecn.ECN.forward`."""
        many = _repeated(batch, len(self.members))
        views = batch.translation_colours.shape[1]
        found: list[dict[str, list[Tensor]]] = [{} for _ in self.members]
        for view in range(views):
            features = self.trunk.atom_features(many, view).chunk(len(self.members))
            for member, h, outputs in zip(self.members, features, found, strict=True):
                for name, value in member.readout(h, batch).items():
                    outputs.setdefault(name, []).append(value)
        return [{k: torch.stack(v).mean(dim=0) for k, v in outputs.items()} for outputs in found]


class StackedECN:
    """An ensemble of ECNs of which some have the same layers, and perhaps other targets.

    Parameters
    ----------
    ensemble
        For which :func:`can_stack` holds; neither it nor this should be changed afterwards.
    """

    def __init__(self, ensemble: ECNEnsemble) -> None:
        self.ensemble = ensemble
        members = ensemble.networks
        self._groups = _groups(members)
        self._stacks = [_Stack([members[k] for k in group]) for group in self._groups]
        self._largest = max(len(group) for group in self._groups)

    def fits(self, batch: BondBatch) -> bool:
        """Whether a batch is so small that it is quicker here."""
        edges, atoms = self._largest * len(batch.source), self._largest * len(batch.numbers)
        return edges <= EDGES_AT_ONCE and atoms <= MAX_ATOMIC_NUMBER

    def __call__(self, batch: BondBatch) -> Mapping[str, Tensor]:
        """Mean of the members' outputs, see :meth:`ase_ecn.nn.ensemble.ECNEnsemble.mean`."""
        outputs: dict[int, Mapping[str, Tensor]] = {}
        for group, stack in zip(self._groups, self._stacks, strict=True):
            if len(group) == 1:
                outputs[group[0]] = stack.members[0](batch)
            else:
                outputs |= zip(group, stack(batch), strict=True)
        return self.ensemble.mean([outputs[k] for k in sorted(outputs)])


def can_stack(ensemble: ECNEnsemble) -> bool:
    """Whether at least two members can be computed together."""
    return len(_groups(ensemble.networks)) < len(ensemble.networks)


def _groups(members: Sequence[ECN]) -> list[list[int]]:
    """Places of members with the same layers up to their readout, of the kinds known here."""
    groups: list[list[int]] = []
    for k, member in enumerate(members):
        like = (group for group in groups if _alike(members[group[0]], member))
        group = next(like, None)
        if group is None:
            groups.append([k])
        else:
            group.append(k)
    return groups


def _alike(first: ECN, second: ECN) -> bool:
    config = first.config
    if config.messages != "gated" or config.cell_encoding or config.hubbard:
        return False
    if replace(second.config, **{name: getattr(config, name) for name in _READOUT}) != config:
        return False
    tables = dict(first.embedding.named_buffers()), dict(second.embedding.named_buffers())
    return all(torch.equal(tables[0][name], tables[1][name]) for name in tables[0])


def _repeated(batch: BondBatch, count: int) -> BondBatch:
    """The graph ``count`` times over."""
    shifts = {
        "source": len(batch.numbers),
        "target": len(batch.numbers),
        "crystal_of_atom": len(batch.atom_counts),
    }
    parts = {}
    for f in fields(batch):
        tensor = getattr(batch, f.name)
        if f.name in shifts:
            shift = shifts[f.name] * torch.arange(count, device=tensor.device)
            parts[f.name] = (tensor + shift[:, None]).flatten()
        else:
            parts[f.name] = tensor.repeat(count, *(1 for _ in tensor.shape[1:]))
    return BondBatch(**parts)
