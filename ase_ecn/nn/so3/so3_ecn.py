"""An SO(3)-equivariant crystal network: energies, forces and stresses of any crystal.

Features of an atom are scalars, vectors and tensors of higher degree, with some channels of each.
A layer mixes the channels, sums over the neighbours what the convolution makes of them and of the
bonds (:mod:`ase_ecn.nn.so3.convolution`), mixes again, normalises by the root mean square of all
degrees, and lets scalars gate the others. The energy is a sum of contributions of the atoms, read
from the last scalars, plus a constant of the element. All is smooth in the positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.corrections import (
    LONGEST_PEROXIDE_BOND,
    correction,
    oxide_kind,
    smooth_correction,
)
from ase_ecn.crystal import Crystal
from ase_ecn.domain import sphere_domain_features
from ase_ecn.errors import OptionError
from ase_ecn.graphs.bond_classes import CLASS_COUNTS, NONE, bond_classes
from ase_ecn.graphs.spheres import SphereBatch, sphere_batch
from ase_ecn.nn.network import PropertyNetwork, options
from ase_ecn.nn.so3.bonds import Bonds, Splines, describe, located, moving
from ase_ecn.nn.so3.convolution import convolve, convolve_moving
from ase_ecn.nn.so3.interaction import ELEMENTS, Interaction
from ase_ecn.nn.so3.layout import Layout
from ase_ecn.properties import FORMATION_ENERGY, POTENTIAL_ENERGY

_OXYGEN = 8
_LANES = 16
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
_ROWS, _COLUMNS = [3 * a + b for a, b in VOIGT], [3 * b + a for a, b in VOIGT]


@dataclass(frozen=True)
class SO3ECNConfig:
    """Architecture of an :class:`SO3ECN`.

    Attributes
    ----------
    widths
        Channels of degree 0, 1, ..., multiples of 16. Their number says the highest degree of
        features and harmonics, 2 or 3.
    layers
        Convolutions, at least two.
    cutoff
        Of the neighbours, Å.
    first_knot
        Å, where the radial splines begin; nearer atoms are refused.
    intervals
        Of the splines.
    neighbors
        Typical number of neighbours, by whose root sums are divided.
    target
        ``"formation_energy"`` in the Materials Project's convention, of which the network learns
        the part that is smooth in the composition (see :mod:`ase_ecn.corrections`), or
        ``"potential_energy"`` as the labels have it.
    classes
        Of bonds, which have radial functions of their own: ``"none"``, ``"colours"`` or
        ``"crystal_class"``, see :mod:`ase_ecn.graphs.bond_classes`. Only without classes are
        energies smooth, so others give no forces.
    """

    widths: tuple[int, ...] = (64, 32, 16)
    layers: int = 3
    cutoff: float = 5.0
    first_knot: float = 0.6
    intervals: int = 20
    neighbors: float = 30.0
    target: str = FORMATION_ENERGY
    classes: str = NONE

    def __post_init__(self) -> None:
        if len(self.widths) not in (3, 4) or any(w < 1 or w % _LANES for w in self.widths):
            raise OptionError(
                f"widths must be three or four multiples of {_LANES}, got {self.widths}"
            )
        if self.target not in (FORMATION_ENERGY, POTENTIAL_ENERGY):
            raise OptionError(
                f"target must be {FORMATION_ENERGY} or {POTENTIAL_ENERGY}, got {self.target!r}"
            )
        if self.classes not in CLASS_COUNTS:
            raise OptionError(
                f"classes must be one of {', '.join(CLASS_COUNTS)}, got {self.classes!r}"
            )
        if self.layers < 2:
            raise OptionError(f"at least two layers are needed, got {self.layers}")
        if not 0 < self.first_knot < self.cutoff or self.intervals < 1 or self.neighbors <= 0:
            raise OptionError("0 < first_knot < cutoff, intervals and neighbors > 0 are needed")

    @property
    def degree(self) -> int:
        """Highest degree of the features."""
        return len(self.widths) - 1

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return asdict(self)


@dataclass(frozen=True)
class EnergyGraphs:
    """B crystals, and (B,) constants in eV/atom that are added to what the network gives."""

    batch: SphereBatch
    constants: Tensor


@dataclass(frozen=True)
class Derivatives:
    """Energies of B crystals with N atoms and E bonds, and their derivatives.

    Attributes
    ----------
    energies
        (B,) float64, eV per cell.
    pulls
        (E, 3) derivatives of the energy by the bonds' vectors, eV/Å.
    """

    energies: Tensor
    pulls: Tensor


def forces_and_stress(graph: SphereBatch, pulls: Tensor) -> tuple[Tensor, Tensor]:
    """Forces (N, 3) in eV/Å and stresses (B, 6) in eV/Å³, in ASE's order, from the bonds' pulls.

    Parameters
    ----------
    graph
        The crystals.
    pulls
        (E, 3) derivatives of the energy by the bonds' vectors.
    """
    near = graph.atom_of_bond
    forces = torch.zeros(len(graph.numbers), 3, dtype=pulls.dtype, device=pulls.device)
    forces = forces.index_add(0, near, pulls).index_add(0, graph.neighbor.long(), -pulls)
    products = (pulls[:, :, None] * graph.vector.detach()[:, None, :]).flatten(1)
    virial = products.new_zeros(len(graph.volumes), 9)
    virial = virial.index_add(0, graph.crystal_of_atom[near], products)
    virial = (virial[:, _ROWS] + virial[:, _COLUMNS]) / 2
    return forces, virial / graph.volumes[:, None]


class SO3ECN(PropertyNetwork):
    """SO(3)-equivariant crystal network.

    Parameters
    ----------
    config
        The architecture.
    """

    kind = "so3"
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
            Interaction(layout, config.intervals + 3, config.neighbors, classes)
            for layout in layouts
        )
        self.hidden = nn.Linear(width, width)
        self.head = nn.Linear(width, 1)
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
        """The energy's name."""
        return (self.config.target,)

    @property
    def gives_forces(self) -> bool:
        """Without classes of bonds, which make energies jump."""
        return self.config.classes == NONE

    @property
    def batch_size(self) -> int:
        """As many as the caches hold."""
        return 64

    def graphs(self, crystals: Sequence[Crystal]) -> EnergyGraphs:
        """Neighbours within the cutoff, in float64.

        Raises
        ------
        OverlappingAtomsError
            If atoms are nearer than the splines reach.
        UnsupportedElementError
            If a formation energy is asked for of an element without a reference.
        """
        # What is made in inference mode could not be differentiated.
        with torch.inference_mode(False):
            batch = sphere_batch(
                crystals, self.config.cutoff, shortest=self.config.first_knot, dtype=torch.float64
            )
            if self.config.classes != NONE:
                batch = replace(batch, classes=bond_classes(self.config.classes, crystals, batch))
            constants = torch.zeros(len(crystals), dtype=torch.float64)
            if self.config.target == FORMATION_ENERGY:
                constants = torch.tensor(_rough_parts(crystals, batch), dtype=torch.float64)
        return EnergyGraphs(batch, constants)

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
        bonds = self.bonds(graph)
        return self._total(graph, self._contributions(graph, bonds, bonds.y, bonds.h))

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
        # Also where the caller has turned gradients off.
        with torch.inference_mode(False), torch.enable_grad():
            bonds = self.bonds(graph)
            vector = bonds.vector.clone().requires_grad_(True)
            y, r = located(vector, bonds)
            total = self._total(graph, self._contributions(graph, bonds, y, r, frozen=True))
            (pulls,) = torch.autograd.grad(total.sum(), vector)
        return Derivatives(total.detach(), pulls)

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
            f, fd = layer.joined(sums, x), layer.joined(rates, xd)
            f[0] = f[0] + layer.element(graph.numbers)[:, None, :]
            x, xd = layer.activated_moving(f, fd)
        hidden = self.hidden(x[0][:, 0])
        hidden_d = xd[0][:, 0] @ self.hidden.weight.T
        sigmoid = torch.sigmoid(hidden)
        out = self.head(hidden * sigmoid)[:, 0]
        rate = (hidden_d * (sigmoid * (1 + hidden * (1 - sigmoid)))) @ self.head.weight[0]
        rate = rate.double() * self.scale
        zeros = torch.zeros(len(graph.atom_counts), dtype=torch.float64, device=rate.device)
        return self._total(graph, out), zeros.index_add(0, graph.crystal_of_atom, rate)

    def _contributions(
        self, graph: SphereBatch, bonds: Bonds, y: Tensor, r: Tensor, *, frozen: bool = False
    ) -> Tensor:
        """(N,) outputs of the head; ``frozen`` tables are not differentiated."""
        x = {0: self.embedding(graph.numbers)[:, None, :]}
        for layer in self.interactions:
            assert isinstance(layer, Interaction)
            table = layer.radial.detach() if frozen else layer.radial
            sums = convolve(layer.layout, bonds, y, r, table, layer.mixed(x))
            f = layer.joined(sums, x)
            f[0] = f[0] + layer.element(graph.numbers)[:, None, :]
            x = layer.activated(f)
        out: Tensor = self.head(nn.functional.silu(self.hidden(x[0][:, 0])))
        return out[:, 0]

    def _total(self, graph: SphereBatch, contributions: Tensor) -> Tensor:
        energies = contributions.double() * self.scale + self.element_energies[graph.numbers]
        zeros = torch.zeros(len(graph.atom_counts), dtype=torch.float64, device=energies.device)
        return zeros.index_add(0, graph.crystal_of_atom, energies)

    def predict(self, graphs: EnergyGraphs) -> Mapping[str, Tensor]:
        """Energy in eV/atom and, without classes of bonds, forces and stress."""
        if not self.gives_forces:
            return self.predict_without_forces(graphs)
        with torch.inference_mode(False):
            graph = graphs.batch.to(self.device, self.dtype)
            found = self.derivatives(graph)
            forces, stress = forces_and_stress(graph, found.pulls)
        energy = self._per_atom(found.energies, graphs)
        return {self.config.target: energy, "forces": forces, "stress": stress}

    def surface(self, crystals: Sequence[Crystal]) -> tuple[Tensor, Tensor, Tensor]:
        """Without the parts of corrections that jump where atoms of oxygen become a peroxide's."""
        with torch.inference_mode(False):
            knot, cutoff = self.config.first_knot, self.config.cutoff
            batch = sphere_batch(crystals, cutoff, shortest=knot, dtype=torch.float64)
            graph = batch.to(self.device, self.dtype)
            found = self.derivatives(graph)
            return found.energies, *forces_and_stress(graph, found.pulls)

    def predict_without_forces(self, graphs: EnergyGraphs) -> Mapping[str, Tensor]:
        """Energy in eV/atom alone."""
        with torch.inference_mode():
            energies = self.energies(graphs.batch.to(self.device, self.dtype))
        return {self.config.target: self._per_atom(energies, graphs)}

    def _per_atom(self, energies: Tensor, graphs: EnergyGraphs) -> Tensor:
        counts = graphs.batch.atom_counts.to(self.device)
        return energies / counts + graphs.constants.to(self.device)

    def domain_features(self, graphs: EnergyGraphs) -> Mapping[str, NDArray[np.float64]]:
        """``packing`` and ``shortest_bond`` of each crystal, as of the bonds of an ECN."""
        return sphere_domain_features(graphs.batch)


def _rough_parts(crystals: Sequence[Crystal], batch: SphereBatch) -> list[float]:
    """Parts of the corrections that depend on guessed oxidation states, eV/atom."""
    bonded = _with_oxygen_bonds(batch)
    kinds = {k: oxide_kind(crystals[k]) for k in bonded}
    return [
        correction(crystal.numbers, oxide=kinds.get(k, "oxide"))
        - smooth_correction(crystal.numbers)
        for k, crystal in enumerate(crystals)
    ]


def _with_oxygen_bonds(batch: SphereBatch) -> list[int]:
    """Crystals with an O-O bond as short as that of a peroxide."""
    oxygen = batch.numbers == _OXYGEN
    if not oxygen.any():  # takes less time than looking at the bonds
        return []
    near, far = batch.atom_of_bond, batch.neighbor.long()
    short = (batch.vector**2).sum(dim=1) < LONGEST_PEROXIDE_BOND**2
    bonded = near[short & oxygen[near] & oxygen[far]]
    found: list[int] = batch.crystal_of_atom[bonded].unique().tolist()
    return found
