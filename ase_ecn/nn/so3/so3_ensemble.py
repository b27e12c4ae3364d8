"""Several SO(3)-equivariant networks that predict as one: weighted means of their outputs.

A network that knows hypothetical crystals by energies and forces, and another that spends its
weights on gaps and moments, or on response tensors, serve all properties better than either. Only
members whose energies count are differentiated for forces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.spheres import SphereBatch
from ase_ecn.nn.layers import scatter_mean
from ase_ecn.nn.network import options
from ase_ecn.nn.so3.agreement import in_agreement, mean_of_probabilities
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.energy_pass import Passes
from ase_ecn.nn.so3.heads import spread_heads, standard_errors
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.nn.so3.tensor_heads import AtomFeatures, bond_list
from ase_ecn.nn.so3.tensor_numbers import tensor_numbers, with_absolute_errors
from ase_ecn.properties import of_output
from ase_ecn.response import STATED

_ROUNDING = 1e-6
_MAX_MEMBERS = 32
_RESOLUTION = 1e-3
"""Disagreement below this, in the unit of the property, is none; of what follows from tensors, as
a share of it."""
_COMMON = ("cutoff", "first_knot", "classes", "target")


@dataclass(frozen=True)
class SO3EnsembleConfig:
    """Architectures of the members of an :class:`SO3Ensemble`.

    Members see the same graphs, so they agree in cutoff, first knot, classes and target.

    Attributes
    ----------
    members
        The architectures, without uncertainties.
    weights
        For some targets, the weights of the members in the mean; they are not negative, their sum
        is 1, and that of a member without the target is 0. The mean of the others is the plain one.
    uncertainties
        Targets of the crystal whose standard error is predicted too, as ``NAME_std``; of tensors,
        numbers that follow from them (:data:`ase_ecn.response.STATED`).
    """

    members: tuple[SO3ECNConfig, ...]
    weights: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    uncertainties: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.members) < 2:
            raise OptionError("an ensemble needs at least two members")
        for name in _COMMON:
            if len({getattr(member, name) for member in self.members}) > 1:
                raise OptionError(f"the members of an ensemble must have the same {name}")
        if any(member.uncertainties for member in self.members):
            raise OptionError("members of an ensemble have no uncertainties")
        for name, weights in self.weights.items():
            self._check_weights(name, weights)
        stated = (n for name in self.tensor_targets for n in STATED.get(name, ()))
        possible = (self.members[0].target, *self.crystal_targets, *stated)
        if not set(self.uncertainties) <= set(possible):
            raise OptionError(f"uncertainties are of targets of the crystal: {possible}")

    def _check_weights(self, name: str, weights: tuple[float, ...]) -> None:
        if len(weights) != len(self.members):
            raise OptionError(f"{len(weights)} weights of {name} for {len(self.members)} members")
        # Written so that NaN is refused too.
        if not (min(weights) >= 0 and abs(sum(weights) - 1) < _ROUNDING):
            raise OptionError(f"weights of {name} must not be negative and sum up to 1")
        for weight, having in zip(weights, self._having(name), strict=True):
            if weight > 0 and not having:
                raise OptionError(f"weights of {name} for a member that doesn't predict it")

    def _having(self, name: str) -> list[bool]:
        return [
            name in (member.target, *further)
            for member in self.members
            for further in [(*member.crystal_targets, *member.site_targets, *member.tensor_targets)]
        ]

    def shares(self, name: str) -> tuple[float, ...]:
        """Weight of each member in the mean of a target."""
        if name in self.weights:
            return self.weights[name]
        having = self._having(name)
        return tuple(has / sum(having) for has in having)

    @property
    def crystal_targets(self) -> tuple[str, ...]:
        """Properties of the crystal besides the energy that any member predicts."""
        return tuple(dict.fromkeys(t for m in self.members for t in m.crystal_targets))

    @property
    def site_targets(self) -> tuple[str, ...]:
        """Properties of atoms that any member predicts."""
        return tuple(dict.fromkeys(t for m in self.members for t in m.site_targets))

    @property
    def tensor_targets(self) -> tuple[str, ...]:
        """Response tensors that any member predicts."""
        return tuple(dict.fromkeys(t for m in self.members for t in m.tensor_targets))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {
            "members": [member.to_dict() for member in self.members],
            "weights": {name: list(weights) for name, weights in self.weights.items()},
            "uncertainties": list(self.uncertainties),
        }


class SO3Ensemble(SO3Network):
    """Mean of several :class:`SO3ECN`, with the interface of one.

    Parameters
    ----------
    members
        The networks; uncertainties of theirs must have been left out.
    weights, uncertainties
        See :class:`SO3EnsembleConfig`.
    """

    config: SO3EnsembleConfig
    spread_factor: Tensor

    def __init__(
        self,
        members: Sequence[SO3ECN],
        weights: Mapping[str, tuple[float, ...]] | None = None,
        uncertainties: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        configs = tuple(member.config for member in members)
        self.config = SO3EnsembleConfig(configs, weights or {}, uncertainties)
        self.members = nn.ModuleList(members)
        width = sum(config.widths[0] for config in configs) + len(uncertainties)
        self.spreads = spread_heads(uncertainties, width)
        self.register_buffer("spread_factor", torch.ones(len(uncertainties), dtype=torch.float64))

    @classmethod
    def from_dict(cls, architecture: Mapping[str, Any]) -> SO3ECN | SO3Ensemble:
        """Build what the architecture in a card describes: without members a single SO3ECN.

        Raises
        ------
        ValueError
            If there are more than 32 members.
        """
        if "members" not in architecture:
            return SO3ECN.from_dict(architecture)
        if len(architecture["members"]) > _MAX_MEMBERS:
            raise ValueError(f"more than {_MAX_MEMBERS} members")
        members = [SO3ECN.from_dict(member) for member in architecture["members"]]
        weights = options(architecture.get("weights", {}))
        return cls(members, weights, tuple(architecture.get("uncertainties", ())))

    @property
    def networks(self) -> tuple[SO3ECN, ...]:
        """The members, by their type."""
        return tuple(cast("SO3ECN", member) for member in self.members)

    @property
    def architecture(self) -> SO3ECNConfig:
        """That of the first member, with which all agree in graphs and kind of energy."""
        return self.config.members[0]

    @property
    def targets(self) -> tuple[str, ...]:
        """The energy's name, and the further properties."""
        config = self.config
        further = (*config.crystal_targets, *config.site_targets, *config.tensor_targets)
        return (self.architecture.target, *further)

    @property
    def site_targets(self) -> tuple[str, ...]:
        """Those of the targets that each atom has a value of."""
        return self.config.site_targets

    @property
    def uncertainties(self) -> tuple[str, ...]:
        """Targets whose standard error is an output too."""
        return self.config.uncertainties

    def with_uncertainties(self, names: tuple[str, ...]) -> SO3Ensemble:
        """The same members with fresh heads of uncertainties."""
        return SO3Ensemble(self.networks, self.config.weights, names).eval()

    @property
    def spread_parts(self) -> tuple[nn.ModuleDict, Tensor]:
        """Heads of uncertainties, and the factors of their outputs."""
        return self.spreads, self.spread_factor

    def properties(self, graph: SphereBatch) -> dict[str, Tensor]:
        """Means of all targets but forces and stress, and their standard errors."""
        return with_absolute_errors(self.properties_and_pooled(graph)[0])

    def properties_and_pooled(self, graph: SphereBatch) -> tuple[dict[str, Tensor], Tensor]:
        """Means, and what heads of uncertainties read of all members and of their disagreement.

        Standard errors of what follows from tensors are relative.
        """
        return self._joined(graph, [member.features(graph) for member in self.networks])

    def properties_and_pulls(self, graph: SphereBatch) -> tuple[dict[str, Tensor], Tensor]:
        """All targets, and derivatives of the mean energy by the bonds."""
        features, pulls = [], torch.zeros_like(graph.vector)
        for member, share in self._members_and_shares():
            if share:
                found = member.derivatives(graph)
                pulls = pulls + share * found.pulls
                features.append(found.features)
            else:
                with torch.inference_mode():
                    features.append(member.features(graph))
        with torch.inference_mode():
            return with_absolute_errors(self._joined(graph, features)[0]), pulls

    def energies_and_pulls(self, graph: SphereBatch) -> tuple[Tensor, Tensor]:
        """Mean energies and their derivatives by the bonds, from those members that count."""
        found = [
            (share, *member.energies_and_pulls(graph))
            for member, share in self._members_and_shares()
            if share
        ]
        energies = torch.stack([share * energy for share, energy, _ in found]).sum(dim=0)
        return energies, torch.stack([share * pulls for share, _, pulls in found]).sum(dim=0)

    def energies(self, graph: SphereBatch) -> Tensor:
        """Mean energies, of those members that count."""
        found = [share * m.energies(graph) for m, share in self._members_and_shares() if share]
        return torch.stack(found).sum(dim=0)

    def energy_passes(self) -> Passes | None:
        """Those of the members that count."""
        found = []
        for member, share in self._members_and_shares():
            if share:
                passes = member.energy_passes()
                if passes is None:
                    return None
                found += [(share, one) for _, one in passes]
        return found

    def _members_and_shares(self) -> list[tuple[SO3ECN, float]]:
        shares = self.config.shares(self.architecture.target)
        return list(zip(self.networks, shares, strict=True))

    def _joined(
        self, graph: SphereBatch, features: Sequence[AtomFeatures]
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Means of the outputs, and (B, D) features for heads of uncertainties."""
        bonds = bond_list(graph) if self.config.tensor_targets else None
        found = [
            member.outputs_of(graph, x.scalars) | member.tensors_of(graph, x, bonds)
            for member, x in zip(self.networks, features, strict=True)
        ]
        means, apart = {}, {}
        for name in self.targets:
            shares = self.config.shares(name)
            having = [k for k, outputs in enumerate(found) if name in outputs]
            values = torch.stack([found[k][name] for k in having])
            means[name] = _mean(name, values, [shares[k] for k in having])
            if name in self.uncertainties:
                apart[name] = _disagreement(values)
            if name in STATED:
                numbers = [tensor_numbers({name: value}) for value in values]
                for number in set(STATED[name]) & set(self.uncertainties):
                    of_members = torch.stack([one[number] for one in numbers])
                    apart[number] = _disagreement(of_members / of_members.mean(dim=0))
        means = in_agreement(means)
        pooled = [
            scatter_mean(x.scalars, graph.crystal_of_atom, graph.atom_counts) for x in features
        ]
        disagreement = [apart[name].to(pooled[0].dtype)[:, None] for name in self.uncertainties]
        read = torch.cat([*pooled, *disagreement], dim=1)
        stated = standard_errors(self.spreads, self.spread_factor, read)
        return means | stated, read


def _disagreement(values: Tensor) -> Tensor:
    """(B,) logarithm of the standard deviation of (M, B) values of the members."""
    return torch.log(values.std(dim=0, correction=0) + _RESOLUTION)


def _mean(name: str, values: Tensor, shares: Sequence[float]) -> Tensor:
    """Of the outputs (M, B) of a property; of classes, of their probabilities."""
    if of_output(name).kind == "class":
        return mean_of_probabilities(values, shares)
    # Plain numbers go to a GPU without waiting for it.
    weighted = [share * value for share, value in zip(shares, values, strict=True)]
    return torch.stack(weighted).sum(dim=0)
