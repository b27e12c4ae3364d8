"""Heads of properties that compute together, for predictions.

Heads have layers of the same sizes, so their weights fit into one array each, and all heads take as
many operations as one. For one small crystal that is most of the time that heads take.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from ase_ecn.nn.layers import scatter_sum


class StackedHeads:
    """Readouts of crystals and of sites with their weights side by side.

    Parameters
    ----------
    attentive, plain, sites
        Readouts of crystals with learned weights of their atoms, those without, and readouts of
        sites, by the names of their targets.
    """

    def __init__(
        self,
        attentive: Mapping[str, nn.Module],
        plain: Mapping[str, nn.Module],
        sites: Mapping[str, nn.Module],
    ) -> None:
        crystals = [*attentive.values(), *plain.values()]
        self.names, self.site_names = (*attentive, *plain), tuple(sites)
        self.attentive = len(attentive)
        self.first = _joined([*crystals, *sites.values()], "first")
        self.attention = _joined(list(attentive.values()), "attention") if attentive else None
        self.second = _stacked(crystals, "second") if crystals else None
        self.last = _stacked(crystals, "last") if crystals else None
        self.site_last = _stacked(list(sites.values()), "last") if sites else None

    def __call__(self, x: Tensor, crystal: Tensor, counts: Tensor) -> dict[str, Tensor]:
        """Outputs by target, as each readout gives them, of the (N, D) scalars of the atoms.

        Parameters
        ----------
        x
            (N, D) scalars of the atoms of B crystals.
        crystal, counts
            (N,) crystal of each atom and (B,) number of atoms.
        """
        width = x.shape[1]
        hidden = functional.silu(functional.linear(x, *self.first), inplace=True)
        found: dict[str, Tensor] = {}
        if self.second is not None and self.last is not None:
            pooled = self._pooled(x, hidden[:, : len(self.names) * width], crystal, counts)
            heads = pooled.reshape(len(counts), len(self.names), width).transpose(0, 1)
            between = functional.silu(torch.baddbmm(self.second[1], heads, self.second[0]))
            values = torch.baddbmm(self.last[1], between, self.last[0])[:, :, 0]
            found |= zip(self.names, values, strict=True)
        if self.site_last is not None:
            of_sites = hidden[:, len(self.names) * width :]
            heads = of_sites.reshape(len(x), len(self.site_names), width).transpose(0, 1)
            values = torch.baddbmm(self.site_last[1], heads, self.site_last[0])[:, :, 0]
            found |= zip(self.site_names, values, strict=True)
        return found

    def _pooled(self, x: Tensor, hidden: Tensor, crystal: Tensor, counts: Tensor) -> Tensor:
        """(B, heads * D) means over the atoms, weighted where a head has weights.

        Overwrites the (N, heads * D) ``hidden``, which is large.
        """
        divisors = counts[:, None].to(hidden.dtype)
        if self.attention is not None:
            weights = functional.linear(x, *self.attention)
            columns = weights.shape[1]
            index = crystal[:, None].expand_as(weights)
            highest = weights.new_full((len(counts), columns), -torch.inf)
            highest = highest.scatter_reduce(0, index, weights, "amax")
            weights.sub_(highest[crystal]).exp_()
            hidden[:, :columns] *= weights
            plain = divisors.expand(-1, hidden.shape[1] - columns)
            divisors = torch.cat([scatter_sum(weights, crystal, len(counts)), plain], dim=1)
        return scatter_sum(hidden, crystal, len(counts)) / divisors


def _joined(modules: list[nn.Module], name: str) -> tuple[Tensor, Tensor]:
    """Weights and biases of linear layers of the same inputs, end to end."""
    layers = [getattr(module, name) for module in modules]
    return torch.cat([a.weight for a in layers]), torch.cat([a.bias for a in layers])


def _stacked(modules: list[nn.Module], name: str) -> tuple[Tensor, Tensor]:
    """(heads, inputs, outputs) weights and (heads, 1, outputs) biases of linear layers."""
    layers = [getattr(module, name) for module in modules]
    weights = torch.stack([a.weight.T for a in layers])
    return weights.contiguous(), torch.stack([a.bias for a in layers])[:, None]
