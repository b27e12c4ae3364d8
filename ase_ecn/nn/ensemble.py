"""Several ECNs that predict as one: the mean of their outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch
from ase_ecn.graphs.voronoi import BondMode
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.symmetry.colours import Group, Motif

_ROUNDING = 1e-6


@dataclass(frozen=True)
class EnsembleConfig:
    """Architectures of the members of an :class:`ECNEnsemble`.

    Members see the same graphs, so they agree in bonds, group and motif. A property is the mean
    over the members that predict it.

    Attributes
    ----------
    members
        The architectures.
    weights
        For some properties, the weights of the members in the mean; they are not negative, their
        sum is 1, and that of a member that doesn't predict the property is 0. The mean of the
        others is the plain one.
    """

    members: tuple[ECNConfig, ...]
    weights: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.members:
            raise OptionError("an ensemble needs members")
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
        for name in ("bonds", "group", "motif"):
            if len({getattr(member, name) for member in self.members}) > 1:
                raise OptionError(f"the members of an ensemble must have the same {name}")

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
    def group(self) -> Group:
        """Group that colours the lattice translations."""
        return self.members[0].group

    @property
    def motif(self) -> Motif:
        """Whether atoms choose their image."""
        return self.members[0].motif

    def to_dict(self) -> dict[str, object]:
        """Return a JSON-able dictionary."""
        members = [member.to_dict() for member in self.members]
        if not self.weights:
            return {"members": members}
        return {"members": members, "weights": {k: list(v) for k, v in self.weights.items()}}


class ECNEnsemble(nn.Module):
    """Mean of several ECNs, with the interface of one.

    Parameters
    ----------
    members
        The networks.
    weights
        See :class:`EnsembleConfig`.
    """

    def __init__(
        self, members: Sequence[ECN], weights: Mapping[str, tuple[float, ...]] | None = None
    ) -> None:
        super().__init__()
        self.config = EnsembleConfig(tuple(member.config for member in members), weights or {})
        self.members = nn.ModuleList(members)

    @property
    def networks(self) -> tuple[ECN, ...]:
        """The members, by their type."""
        return tuple(member for member in self.members if isinstance(member, ECN))

    def shares(self, name: str) -> tuple[float, ...]:
        """Weight of each member in the mean of a property."""
        if name in self.config.weights:
            return self.config.weights[name]
        having = [name in member.targets for member in self.networks]
        return tuple(has / sum(having) for has in having)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of all outputs, crystal targets first."""
        return self.config.crystal_targets + self.config.site_targets

    def forward(self, batch: BondBatch) -> dict[str, Tensor]:
        """Mean of the members' outputs, see :meth:`ase_ecn.nn.ecn.ECN.forward`."""
        return self.mean([member(batch) for member in self.members])

    def mean(self, outputs: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Join the outputs of all members, in order."""
        joined = {}
        for name in _union([tuple(output) for output in outputs]):
            having = [k for k, output in enumerate(outputs) if name in output]
            values = torch.stack([outputs[k][name] for k in having])
            if name in self.config.weights:
                weights = values.new_tensor([self.config.weights[name][k] for k in having])
                joined[name] = torch.tensordot(weights, values, dims=1)
            else:
                joined[name] = values.mean(dim=0)
        return joined


def _union(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(parts)))
