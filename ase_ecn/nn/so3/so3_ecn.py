"""An SO(3)-equivariant crystal network: energy, forces, stress and properties of any crystal.

Features of an atom are scalars, vectors and tensors of higher degree, with some channels of each.
A layer mixes the channels, sums over the neighbours what the convolution makes of them and of the
bonds (:mod:`ase_ecn.nn.so3.convolution`), mixes again, normalises by the root mean square of all
degrees, and lets scalars gate the others. The energy is a sum of contributions of the atoms, read
from the last scalars, plus a constant of the element. All is smooth in the positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.bond_classes import CLASS_COUNTS, NONE
from ase_ecn.graphs.spheres import SphereArrays, SphereBatch
from ase_ecn.nn.layers import scatter_mean, scatter_sum
from ase_ecn.nn.network import Network, options
from ase_ecn.nn.so3.agreement import in_agreement
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.bonds import Bonds, Splines, describe, located, moving
from ase_ecn.nn.so3.convolution import convolve, convolve_moving
from ase_ecn.nn.so3.energy_pass import MOST_ATOMS, EnergyPass, Passes
from ase_ecn.nn.so3.heads import PropertyHeads
from ase_ecn.nn.so3.interaction import ELEMENTS, Interaction
from ase_ecn.nn.so3.layout import Layout
from ase_ecn.nn.so3.library import has_sequences, library
from ase_ecn.nn.so3.prepared import prepared
from ase_ecn.nn.so3.repulsion import Repulsion, repulsion
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.nn.so3.tensor_heads import AtomFeatures, BondList, TensorHeads, bond_list
from ase_ecn.nn.so3.tensor_numbers import with_absolute_errors
from ase_ecn.nn.so3.trunk import Trunk


@dataclass(frozen=True)
class Derivatives:
    """Energies of B crystals with N atoms and E bonds, and their derivatives.

    Attributes
    ----------
    energies
        (B,) float64, eV per cell.
    pulls
        (E, 3) derivatives of the energy by the bonds' vectors, eV/Å.
    features
        Of the atoms, which the heads read.
    """

    energies: Tensor
    pulls: Tensor
    features: AtomFeatures


class SO3ECN(SO3Network):
    """SO(3)-equivariant crystal network.

    Parameters
    ----------
    config
        The architecture.
    """

    config: SO3ECNConfig
    element_energies: Tensor
    scale: Tensor

    def __init__(self, config: SO3ECNConfig) -> None:
        super().__init__()
        self.config = config
        self.splines = Splines(config.first_knot, config.cutoff, config.intervals)
        width = config.widths[0]
        self.embedding = nn.Embedding(ELEMENTS, width)
        nn.init.normal_(self.embedding.weight)
        kinds = ["first", *["middle"] * (config.layers - 2), "last"]
        layouts = [Layout(kind, config.degree, config.widths) for kind in kinds]  # type: ignore[arg-type]
        classes = CLASS_COUNTS[config.classes]
        self.interactions = nn.ModuleList(
            Interaction(
                layout,
                config.intervals + 3,
                config.neighbors,
                classes,
                gains=config.element_gains,
            )
            for layout in layouts
        )
        self.hidden = nn.Linear(width, width)
        self.head = nn.Linear(width, 1)
        named = (config.crystal_targets, config.site_targets, config.uncertainties)
        read = (config.dropout, config.attentive)
        self.heads = PropertyHeads(width, *named, *read) if any(named) else None
        self.tensor_heads = TensorHeads.of(config) if config.tensor_targets else None
        self.register_buffer("element_energies", torch.zeros(ELEMENTS, dtype=torch.float64))
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))

    @classmethod
    def from_dict(cls, architecture: Mapping[str, Any]) -> SO3ECN:
        """Build from what ``config.to_dict()`` gave."""
        return cls(SO3ECNConfig(**options(dict(architecture))))

    def _apply(self, fn: Any, recurse: bool = True) -> SO3ECN:
        """Energies of elements and their scale stay in float64."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name in ("element_energies", "scale"):
            setattr(self, name, getattr(self, name).double())
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """The energy's name, and the further properties."""
        config = self.config
        further = (*config.crystal_targets, *config.site_targets, *config.tensor_targets)
        return (config.target, *further)

    @property
    def site_targets(self) -> tuple[str, ...]:
        """Those of the targets that each atom has a value of."""
        return self.config.site_targets

    @property
    def uncertainties(self) -> tuple[str, ...]:
        """Targets whose standard error is an output too."""
        return self.config.uncertainties

    def with_uncertainties(self, names: tuple[str, ...]) -> SO3ECN:
        """The same network with fresh heads of uncertainties."""
        wider = SO3ECN(replace(self.config, uncertainties=names))
        fresh = wider.state_dict()
        kept = {k: v for k, v in self.state_dict().items() if k in fresh and ".spread" not in k}
        wider.load_state_dict({**fresh, **kept})
        return wider.eval()

    def without_heads(self) -> SO3ECN:
        """The same network for energies alone."""
        plain = SO3ECN(replace(self.config.trunk, repulsion=self.config.repulsion))
        mine = self.state_dict()
        plain.load_state_dict({name: mine[name] for name in plain.state_dict()})
        return plain.eval()

    @property
    def spread_parts(self) -> tuple[nn.ModuleDict, Tensor]:
        """Heads of uncertainties, and the factors of their outputs."""
        if self.heads is None:
            raise OptionError("this network has no heads, so it states no uncertainties")
        return self.heads.spreads, self.heads.spread_factor

    def takes(self, source: Network) -> bool:
        """Whether the other has the same trunk: heads of other targets stay fresh.

        Gains of elements may be fresh too, as they change nothing before they are fitted.
        """
        if not isinstance(source, SO3ECN):
            return False
        gains = source.config.element_gains or self.config.element_gains
        return replace(source.config.trunk, element_gains=gains) == self.config.trunk

    def take_units(self, source: Network) -> None:
        """Adopt the scale of the energy, and the units of targets by their names."""
        assert isinstance(source, SO3ECN)
        self.scale.copy_(source.scale)
        if self.heads is not None and source.heads is not None:
            self.heads.take_units(source.heads)

    @property
    def architecture(self) -> SO3ECNConfig:
        """Its own."""
        return self.config

    def bonds(self, graph: SphereBatch) -> Bonds:
        """Harmonics and splines of a graph whose vectors have the type of the weights."""
        classes = None
        if self.config.classes != NONE:
            if graph.classes is None:
                raise OptionError(f"the bonds of these graphs have no {self.config.classes}")
            classes = graph.classes
        degree = self.config.degree
        return describe(graph.vector, graph.row, graph.neighbor, self.splines, degree, classes)

    def energies(self, graph: SphereBatch) -> Tensor:
        """(B,) energies in eV per cell, float64; differentiable by the weights."""
        contributions = self._contributions(self.scalars(graph))
        return self._total(graph, contributions, self._repulsion(graph))

    def scalars(self, graph: SphereBatch) -> Tensor:
        """(N, width) last scalars of the atoms; differentiable by the weights."""
        return self.features(graph).scalars

    def features(self, graph: SphereBatch) -> AtomFeatures:
        """What the heads read; differentiable by the weights."""
        one = None if torch.is_grad_enabled() else self._pass_for(graph)
        if one is not None:
            return one.features(SphereArrays.of(graph), earlier=self._reads_earlier)
        bonds = self.bonds(graph)
        trunk = None if torch.is_grad_enabled() else self._trunk()
        if trunk is not None:
            found = trunk.apply(graph.numbers, bonds)
            return AtomFeatures(found.scalars, found.earlier)
        return self._features(graph, bonds, bonds.y, bonds.h)

    def properties(self, graph: SphereBatch) -> dict[str, Tensor]:
        """All targets but forces and stress; differentiable by the weights."""
        return with_absolute_errors(self.properties_and_pooled(graph)[0])

    def properties_and_pulls(self, graph: SphereBatch) -> tuple[dict[str, Tensor], Tensor]:
        """All targets, and derivatives of the energy by the bonds."""
        found = self.derivatives(graph)
        outputs = {self.config.target: found.energies / graph.atom_counts}
        with torch.inference_mode():
            outputs |= in_agreement(self._further(graph, found.features.scalars))
            outputs |= self.tensors_of(graph, found.features)
            outputs = with_absolute_errors(outputs)
        return outputs, found.pulls

    def energies_and_pulls(self, graph: SphereBatch) -> tuple[Tensor, Tensor]:
        """Energies and their derivatives by the bonds."""
        found = self.derivatives(graph)
        return found.energies, found.pulls

    def properties_and_pooled(self, graph: SphereBatch) -> tuple[dict[str, Tensor], Tensor]:
        """All targets but forces and stress, and the means of the atoms' last scalars.

        Standard errors of what follows from tensors are relative.
        """
        features = self.features(graph)
        pooled = scatter_mean(features.scalars, graph.crystal_of_atom, graph.atom_counts)
        found = self.properties_of(graph, features.scalars) | self.tensors_of(graph, features)
        return found, pooled

    def properties_of(self, graph: SphereBatch, scalars: Tensor) -> dict[str, Tensor]:
        """As :meth:`properties` without tensors, from the (N, width) last scalars of the atoms.

        Standard errors of what follows from tensors are relative.
        """
        outputs = self.outputs_of(graph, scalars)
        return outputs if self.training else in_agreement(outputs)

    def outputs_of(self, graph: SphereBatch, scalars: Tensor) -> dict[str, Tensor]:
        """As :meth:`properties_of`, each as its head gives it, whatever the others say."""
        total = self._total(graph, self._contributions(scalars), self._repulsion(graph))
        energies = total / graph.atom_counts
        return {self.config.target: energies, **self._further(graph, scalars)}

    def tensors_of(
        self, graph: SphereBatch, features: AtomFeatures, bonds: BondList | None = None
    ) -> dict[str, Tensor]:
        """Response tensors, from the features of the atoms and, if it is known, the bond list."""
        if self.tensor_heads is None:
            return {}
        found: dict[str, Tensor] = self.tensor_heads(features, bonds or bond_list(graph))
        return found

    def derivatives(self, graph: SphereBatch) -> Derivatives:
        """Energies and their derivatives by the bonds' vectors; not differentiable any further.

        Raises
        ------
        OptionError
            If the network has classes of bonds.
        """
        if not self.gives_forces:
            raise OptionError(
                f"a network with the classes {self.config.classes!r} has no forces: its energy "
                f"jumps where the symmetry changes; forces need the classes {NONE!r}"
            )
        if (one := self._pass_for(graph)) is not None:
            return self._derivatives_by(one, graph)
        trunk = self._trunk()
        if trunk is not None:
            return self._derivatives_of(graph, trunk)
        # Also where the caller has turned gradients off.
        with torch.inference_mode(False), torch.enable_grad():
            bonds = self.bonds(graph)
            vector = bonds.vector.clone().requires_grad_(True)
            y, r = located(vector, bonds)
            features = self._features(graph, bonds, y, r, frozen=True)
            near = self._repulsion(graph)
            total = self._total(graph, self._contributions(features.scalars), near)
            (pulls,) = torch.autograd.grad(total.sum(), vector)
        if near is not None:
            pulls = pulls.index_add(0, near.bonds, near.pulls.to(pulls.dtype))
        return Derivatives(total.detach(), pulls, features.detached())

    def _derivatives_by(self, one: EnergyPass, graph: SphereBatch) -> Derivatives:
        """The derivatives, by one call in each direction."""
        arrays = SphereArrays.of(graph)
        energies, pulls, features = one.with_features(arrays, earlier=self._reads_earlier)
        with torch.inference_mode(False):
            return Derivatives(torch.from_numpy(energies), torch.from_numpy(pulls), features)

    def energy_passes(self) -> Passes | None:
        """Itself."""
        if not self.gives_forces or not has_sequences(library()):
            return None
        parts = (self.head, self.hidden, self.embedding, self.interactions)
        found = prepared(self.head, parts, lambda: EnergyPass(self))
        return None if found is None else [(1.0, found)]

    @property
    def _reads_earlier(self) -> bool:
        return self.tensor_heads is not None

    def _pass_for(self, graph: SphereBatch) -> EnergyPass | None:
        """What computes small batches; not in a fit, where each step would need another."""
        if self.training or len(graph.numbers) > MOST_ATOMS:
            return None
        passes = self.energy_passes()
        return None if passes is None else passes[0][1]

    def _trunk(self) -> Trunk | None:
        """Layers without gradients of the weights."""
        parts = (self.embedding, self.interactions)
        layers = cast("list[Interaction]", list(self.interactions))
        return prepared(self.interactions, parts, lambda: Trunk(self.embedding, layers))

    def _derivatives_of(self, graph: SphereBatch, trunk: Trunk) -> Derivatives:
        """The derivatives, without records of operations."""
        with torch.inference_mode(False), torch.no_grad():
            bonds = self.bonds(graph)
            found = trunk.apply(graph.numbers, bonds, record=True)
            hidden = self.hidden(found.scalars)
            gate = torch.sigmoid(hidden)
            active = hidden * gate
            near = self._repulsion(graph)
            total = self._total(graph, self.head(active)[:, 0], near)
            slope = (gate + active * (1 - gate)) * self.head.weight * self.scale.to(gate.dtype)
            pulls = trunk.pulls(found, slope @ self.hidden.weight, bonds)
            if near is not None:
                pulls = pulls.index_add(0, near.bonds, near.pulls.to(pulls.dtype))
            return Derivatives(total, pulls, AtomFeatures(found.scalars, found.earlier))

    def energies_moving(self, graph: SphereBatch, direction: Tensor) -> tuple[Tensor, Tensor]:
        """(B,) energies and their derivatives along (E, 3) directions of the bonds' vectors.

        Both can be differentiated by the weights; so a loss of the pulls is fitted.
        """
        bonds = self.bonds(graph)
        moved = moving(bonds, direction)
        x = {0: self.embedding(graph.numbers)[:, None, :]}
        xd = {0: torch.zeros_like(x[0])}
        for layer in self.interactions:
            assert isinstance(layer, Interaction)
            sums, rates = convolve_moving(
                layer.layout, bonds, moved, layer.radial, layer.mixed(x), layer.mixed(xd)
            )
            f = layer.joined(sums, x, graph.numbers)
            fd = layer.joined(rates, xd, graph.numbers, constants=False)
            x, xd = layer.activated_moving(f, fd)
        hidden = self.hidden(x[0][:, 0])
        hidden_d = xd[0][:, 0] @ self.hidden.weight.T
        sigmoid = torch.sigmoid(hidden)
        out = self.head(hidden * sigmoid)[:, 0]
        rate = (hidden_d * (sigmoid * (1 + hidden * (1 - sigmoid)))) @ self.head.weight[0]
        rate = rate.double() * self.scale
        slope = scatter_sum(rate, graph.crystal_of_atom, len(graph.atom_counts))
        if (near := self._repulsion(graph)) is not None:
            along = (near.pulls * direction.detach()[near.bonds]).sum(dim=1)
            slope = slope + near.of_crystals(graph, along)
        return self._total(graph, out, near), slope

    def _repulsion(self, graph: SphereBatch) -> Repulsion | None:
        share = self.config.repulsion
        return repulsion(graph, share) if share else None

    def _features(
        self, graph: SphereBatch, bonds: Bonds, y: Tensor, r: Tensor, *, frozen: bool = False
    ) -> AtomFeatures:
        """Features of the atoms; ``frozen`` tables are not differentiated."""
        x = {0: self.embedding(graph.numbers)[:, None, :]}
        earlier = x
        for layer in self.interactions:
            assert isinstance(layer, Interaction)
            earlier = x
            table = layer.radial.detach() if frozen else layer.radial
            sums = convolve(layer.layout, bonds, y, r, table, layer.mixed(x))
            f = layer.joined(sums, x, graph.numbers)
            x = layer.activated(f)
        return AtomFeatures(x[0][:, 0], earlier)

    def _contributions(self, scalars: Tensor) -> Tensor:
        """(N,) contributions of the atoms to the energy, in units of the scale."""
        out: Tensor = self.head(nn.functional.silu(self.hidden(scalars)))
        return out[:, 0]

    def _further(self, graph: SphereBatch, scalars: Tensor) -> dict[str, Tensor]:
        """Outputs of the heads."""
        if self.heads is None:
            return {}
        found: dict[str, Tensor] = self.heads(scalars, graph.crystal_of_atom, graph.atom_counts)
        return found

    def _total(self, graph: SphereBatch, contributions: Tensor, near: Repulsion | None) -> Tensor:
        energies = contributions.double() * self.scale + self.element_energies[graph.numbers]
        total = scatter_sum(energies, graph.crystal_of_atom, len(graph.atom_counts))
        return total if near is None else total + near.of_crystals(graph, near.energies)
