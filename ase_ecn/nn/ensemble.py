"""Several ECNs that predict as one: the mean of their outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch
from ase_ecn.graphs.voronoi import BondMode
from ase_ecn.nn.bond_network import BondNetwork
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.network import options
from ase_ecn.symmetry.colours import Group, Motif

_ROUNDING = 1e-6
_MAX_MEMBERS = 32


@dataclass(frozen=True)
class EnsembleConfig:
    """Architectures of the members of an :class:`ECNEnsemble`.

    Members see the same graphs, so they agree in bonds, cutoff, group and motif. A property is the
    mean over the members that predict it.

    Attributes
    ----------
    members
        The architectures.
    weights
        For some properties, the weights of the members in the mean; they are not negative, their
        sum is 1, and that of a member that doesn't predict the property is 0. The mean of the
        others is the plain one.
    spreads
        For some properties with an uncertainty, two factors: the uncertainty is the root of the
        sum of squares of the first times that which the members state, and the second times the
        standard deviation of the members, weighted as in the mean.
    """

    members: tuple[ECNConfig, ...]
    weights: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    spreads: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.members:
            raise OptionError("an ensemble needs members")
        self._check_weights()
        self._check_spreads()
        for name in ("bonds", "cutoff", "group", "motif"):
            if len({getattr(member, name) for member in self.members}) > 1:
                raise OptionError(f"the members of an ensemble must have the same {name}")

    def _check_weights(self) -> None:
        for name, weights in self.weights.items():
            if len(weights) != len(self.members):
                raise OptionError(
                    f"{len(weights)} weights of {name} for {len(self.members)} members"
                )
            # Written so that NaN is refused too.
            if not (min(weights) >= 0 and abs(sum(weights) - 1) < _ROUNDING):
                raise OptionError(f"weights of {name} must not be negative and sum up to 1")
            for member, weight in zip(self.members, weights, strict=True):
                if weight > 0 and name not in (*member.crystal_targets, *member.site_targets):
                    raise OptionError(f"weights of {name} for a member that doesn't predict it")

    def _check_spreads(self) -> None:
        for name, factors in self.spreads.items():
            if name not in self.uncertainties:
                raise OptionError(f"no member states an uncertainty of {name}")
            if len(factors) != 2 or not all(0 <= f < math.inf for f in factors) or not any(factors):
                raise OptionError(f"spreads of {name} must be two numbers >= 0, not both 0")

    @cached_property
    def crystal_targets(self) -> tuple[str, ...]:
        """Properties of the crystal that any member predicts."""
        return _union([member.crystal_targets for member in self.members])

    @cached_property
    def site_targets(self) -> tuple[str, ...]:
        """Properties of atoms that any member predicts."""
        return _union([member.site_targets for member in self.members])

    @cached_property
    def uncertainties(self) -> tuple[str, ...]:
        """Properties with an uncertainty."""
        return _union([member.uncertainties for member in self.members])

    @property
    def bonds(self) -> BondMode:
        """Kind of bonds."""
        return self.members[0].bonds

    @property
    def cutoff(self) -> float:
        """Length in Å at which radial bonds end."""
        return self.members[0].cutoff

    @property
    def group(self) -> Group:
        """Group that colours the lattice translations."""
        return self.members[0].group

    @property
    def motif(self) -> Motif:
        """Whether atoms choose their image."""
        return self.members[0].motif

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        content: dict[str, Any] = {"members": [member.to_dict() for member in self.members]}
        for name, factors in (("weights", self.weights), ("spreads", self.spreads)):
            if factors:
                content[name] = {k: list(v) for k, v in factors.items()}
        return content


class ECNEnsemble(BondNetwork):
    """Mean of several ECNs, with the interface of one.

    Parameters
    ----------
    members
        The networks.
    weights, spreads
        See :class:`EnsembleConfig`.
    """

    config: EnsembleConfig

    def __init__(
        self,
        members: Sequence[ECN],
        weights: Mapping[str, tuple[float, ...]] | None = None,
        spreads: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        super().__init__()
        configs = tuple(member.config for member in members)
        self.config = EnsembleConfig(configs, weights or {}, spreads or {})
        self.members = nn.ModuleList(members)

    @classmethod
    def from_dict(cls, architecture: Mapping[str, Any]) -> ECN | ECNEnsemble:
        """Build what the architecture in a card describes: without members a single ECN.

        Raises
        ------
        ValueError
            If there are more than 32 members.
        """
        if "members" not in architecture:
            return ECN.from_dict(architecture)
        if len(architecture["members"]) > _MAX_MEMBERS:
            raise ValueError(f"more than {_MAX_MEMBERS} members")
        members = [ECN.from_dict(member) for member in architecture["members"]]
        factors = (options(architecture.get(name, {})) for name in ("weights", "spreads"))
        return cls(members, *factors)

    @property
    def networks(self) -> tuple[ECN, ...]:
        """The members, by their type."""
        return tuple(cast("ECN", member) for member in self.members)

    @property
    def joint_spreads(self) -> Mapping[str, tuple[float, float]]:
        """Factors of uncertainties, see :class:`EnsembleConfig`."""
        return self.config.spreads

    def shares(self, name: str) -> tuple[float, ...]:
        """Weight of each member in the mean of a property."""
        if name in self.config.weights:
            return self.config.weights[name]
        having = [name in member.targets for member in self.networks]
        return tuple(has / sum(having) for has in having)

    def forward(self, batch: BondBatch) -> dict[str, Tensor]:
        """Mean of the members' outputs, see :meth:`ase_ecn.nn.ecn.ECN.forward`."""
        return self.mean([member(batch) for member in self.members])

    def mean(self, outputs: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Join the outputs of all members, in order."""
        joined, deviations = {}, {}
        for name in _union([tuple(output) for output in outputs]):
            having = [k for k, output in enumerate(outputs) if name in output]
            values = torch.stack([outputs[k][name] for k in having])
            shares = self.config.weights.get(name)
            weights = None if shares is None else values.new_tensor([shares[k] for k in having])
            joined[name] = _mean(values, weights)
            if name in self.config.spreads:
                deviations[name] = _mean((values - joined[name]).square_(), weights).sqrt_()
        for name, (stated, apart) in self.config.spreads.items():
            key = f"{name}_std"
            joined[key] = torch.hypot(stated * joined[key], apart * deviations[name])
        return joined


def _mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """Of (M, ...) values, over the members."""
    return values.mean(dim=0) if weights is None else torch.tensordot(weights, values, dims=1)


def _union(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(parts)))
