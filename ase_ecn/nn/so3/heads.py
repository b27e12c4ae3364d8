"""Heads of the SO(3)-equivariant network: what it predicts besides the energy.

All heads read the last scalars of the atoms. A target of sites is a function of an atom's scalars.
A target of the crystal is a function of what pooling leaves of them: a mean over the atoms, or,
where a few atoms decide (a gap lies between the states of some of them), a mean with learned
weights for each channel. Neither depends on how many cells of the crystal are described.

Standard errors are read from the mean of the scalars by further heads, which are fitted afterwards
to errors on crystals that the network has not seen; see :mod:`ase_ecn.training.release.calibrate`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ase_ecn.nn.layers import scatter_mean, scatter_sum, two_layer
from ase_ecn.nn.so3.architecture import ATTENTIVE
from ase_ecn.nn.so3.prepared import prepared
from ase_ecn.nn.so3.stacked_heads import StackedHeads
from ase_ecn.properties import SPREAD

ADDED_TO = {"band_gap_hse": "band_gap"}
"""Targets whose heads give the difference to another target, where that is one too.

Ten times as many crystals have a PBE gap as have a gap of a hybrid functional.
"""
_SPREAD_WIDTH = 32


class SiteReadout(nn.Module):
    """A number for each atom.

    Parameters
    ----------
    width
        Scalars of an atom.
    dropout
        Share of hidden channels that are left out in training.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(width, 1)

    def forward(self, x: Tensor, crystal: Tensor, counts: Tensor) -> Tensor:
        """Map (N, width) scalars of the atoms to (N,)."""
        del crystal, counts
        out: Tensor = self.last(self.dropout(functional.silu(self.first(x))))
        return out[:, 0]


class CrystalReadout(nn.Module):
    """A number for each crystal: a hidden layer on the atoms, pooling, another on the crystal.

    Parameters
    ----------
    width, dropout
        As of :class:`SiteReadout`.
    attentive
        Whether the mean over the atoms has learned weights.
    """

    def __init__(self, width: int, dropout: float, *, attentive: bool) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(width, 1)
        self.attention = nn.Linear(width, width) if attentive else None

    def forward(self, x: Tensor, crystal: Tensor, counts: Tensor) -> Tensor:
        """Map (N, width) scalars of the atoms of B crystals to (B,)."""
        h = functional.silu(self.first(x))
        if self.attention is None:
            pooled = scatter_mean(h, crystal, counts)
        else:
            pooled = weighted_mean(h, self.attention(x), crystal, counts)
        out: Tensor = self.last(self.dropout(functional.silu(self.second(self.dropout(pooled)))))
        return out[:, 0]


def weighted_mean(h: Tensor, scores: Tensor, crystal: Tensor, counts: Tensor) -> Tensor:
    """Means of (N, D) features over the atoms of B crystals, weighted by a softmax of scores.

    Parameters
    ----------
    h, scores
        (N, D) each; every channel has its own weights.
    crystal, counts
        (N,) crystal of each atom and (B,) number of atoms.
    """
    index = crystal[:, None].expand_as(scores)
    highest = scores.new_full((len(counts), scores.shape[1]), -torch.inf)
    highest = highest.scatter_reduce(0, index, scores.detach(), "amax")
    weights = torch.exp(scores - highest[crystal])
    total = scatter_sum(weights, crystal, len(counts))
    return scatter_sum(weights * h, crystal, len(counts)) / total


class PropertyHeads(nn.Module):
    """Targets besides the energy, and standard errors.

    Parameters
    ----------
    width
        Scalars of an atom.
    crystal_targets, site_targets
        Names of the targets.
    uncertainties
        Targets of the crystal, the energy among them, whose standard errors are outputs too.
    dropout
        Share of hidden channels that are left out in training.
    attentive
        Targets of the crystal that few atoms may decide.
    """

    shift: Tensor
    scale: Tensor
    spread_factor: Tensor

    def __init__(
        self,
        width: int,
        crystal_targets: Sequence[str],
        site_targets: Sequence[str],
        uncertainties: Sequence[str],
        dropout: float,
        attentive: Sequence[str] = ATTENTIVE,
    ) -> None:
        super().__init__()
        self.targets = (*crystal_targets, *site_targets)
        self.uncertainties = tuple(uncertainties)
        readouts: dict[str, nn.Module] = {
            name: CrystalReadout(width, dropout, attentive=name in attentive)
            for name in crystal_targets
        }
        readouts |= {name: SiteReadout(width, dropout) for name in site_targets}
        self.readouts = nn.ModuleDict(readouts)
        self.register_buffer("shift", torch.zeros(len(self.targets), dtype=torch.float64))
        self.register_buffer("scale", torch.ones(len(self.targets), dtype=torch.float64))
        self.spreads = spread_heads(uncertainties, width)
        factor = torch.ones(len(self.uncertainties), dtype=torch.float64)
        self.register_buffer("spread_factor", factor)

    def forward(self, x: Tensor, crystal: Tensor, counts: Tensor) -> dict[str, Tensor]:
        """Outputs in physical units, logits of classes.

        Parameters
        ----------
        x
            (N, width) scalars of the atoms of B crystals.
        crystal, counts
            (N,) crystal of each atom and (B,) number of atoms.

        Returns
        -------
        dict
            (B,) for targets of crystals and standard errors, (N,) for targets of sites.
        """
        outputs = {}
        raws = self._raw(x, crystal, counts)
        for k, name in enumerate(self.targets):
            raw = raws[name]
            outputs[name] = raw * self.scale[k].to(raw.dtype) + self.shift[k].to(raw.dtype)
        for name, other in ADDED_TO.items():
            if name in outputs and other in outputs:
                outputs[name] = outputs[name] + outputs[other]
        if not self.uncertainties:
            return outputs
        pooled = scatter_mean(x, crystal, counts)
        return outputs | standard_errors(self.spreads, self.spread_factor, pooled)

    def _raw(self, x: Tensor, crystal: Tensor, counts: Tensor) -> dict[str, Tensor]:
        """What each readout gives, all together where nothing is to be differentiated."""
        if self.targets and not (self.training or torch.is_grad_enabled()):
            stacked = prepared(self.readouts, (self.readouts,), self._stacked)
            if stacked is not None:
                return stacked(x, crystal, counts)
        return {name: self.readouts[name](x, crystal, counts) for name in self.targets}

    def _stacked(self) -> StackedHeads:
        crystals = {n: r for n, r in self.readouts.items() if isinstance(r, CrystalReadout)}
        attentive = {n: r for n, r in crystals.items() if r.attention is not None}
        plain = {n: r for n, r in crystals.items() if r.attention is None}
        sites = {n: r for n, r in self.readouts.items() if n not in crystals}
        return StackedHeads(attentive, plain, sites)

    def take_units(self, source: PropertyHeads) -> None:
        """Adopt the units of targets that another network has too."""
        for k, name in enumerate(self.targets):
            if name in source.targets:
                place = source.targets.index(name)
                self.shift[k], self.scale[k] = source.shift[place], source.scale[place]


def spread_heads(names: Sequence[str], width: int) -> nn.ModuleDict:
    """Heads that read standard errors of some targets from (B, width) features of crystals."""
    return nn.ModuleDict({name: two_layer(width, _SPREAD_WIDTH, 1) for name in names})


def standard_errors(heads: nn.ModuleDict, factors: Tensor, features: Tensor) -> dict[str, Tensor]:
    """Standard errors (B,) of all targets that have a head, from (B, D) features of crystals.

    Parameters
    ----------
    heads
        See :func:`spread_heads`.
    factors
        By which the outputs of each are multiplied.
    features
        As many as the heads read.
    """
    found = {}
    for factor, (name, head) in zip(factors, heads.items(), strict=True):
        spread = functional.softplus(head(features)[:, 0])
        found[f"{name}{SPREAD}"] = spread * factor.to(spread.dtype)
    return found
