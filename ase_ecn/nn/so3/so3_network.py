"""What an SO(3)-equivariant network and an ensemble of them share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.crystal import Crystal
from ase_ecn.domain import sphere_arrays_domain_features, sphere_domain_features
from ase_ecn.graphs.bond_classes import NONE, bond_classes
from ase_ecn.graphs.spheres import SphereArrays, SphereBatch, sphere_arrays
from ase_ecn.graphs.transfer import placed
from ase_ecn.nn.layers import scatter_sum
from ase_ecn.nn.network import Energies, PropertyNetwork
from ase_ecn.nn.segments import segment_sums
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.energy_pass import (
    MOST_ATOMS,
    Passes,
    forces_and_stress_by_c,
    mean_energies,
    mean_energies_and_pulls,
)
from ase_ecn.nn.so3.guesses import guessed_parts
from ase_ecn.nn.so3.library import has_sequences, in_c, library, threads_for_c
from ase_ecn.properties import FORMATION_ENERGY

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
_PLACES = [(3 * a + b, 3 * b + a) for a, b in VOIGT]


@dataclass(frozen=True)
class EnergyGraphs:
    """B crystals, and (B,) constants in eV/atom that are added to what the network gives."""

    batch: SphereBatch
    constants: Tensor


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
    forces = segment_sums(pulls, graph.row, near)
    forces = forces - scatter_sum(pulls, graph.neighbor.long(), len(graph.numbers))
    products = (pulls[:, :, None] * graph.vector.detach()[:, None, :]).flatten(1)
    of_atoms = segment_sums(products, graph.row, near)
    virial = scatter_sum(of_atoms, graph.crystal_of_atom, len(graph.volumes))
    virial = torch.stack([(virial[:, a] + virial[:, b]) / 2 for a, b in _PLACES], dim=1)
    return forces, virial / graph.volumes[:, None]


def _forces_and_stress(graph: SphereBatch, pulls: Tensor) -> tuple[Tensor, Tensor]:
    """As :func:`forces_and_stress`, by a C function where there is one; no derivatives."""
    if not in_c(pulls) or not has_sequences(library()):
        return forces_and_stress(graph, pulls)
    found = forces_and_stress_by_c(SphereArrays.of(graph), pulls.detach().numpy())
    forces, stress = (torch.from_numpy(part).to(pulls.dtype) for part in found)
    return forces, stress


class SO3Network(PropertyNetwork):
    """Predicts from the neighbours within a cutoff; its energy has derivatives."""

    kind = "so3"

    @property
    @abstractmethod
    def architecture(self) -> SO3ECNConfig:
        """Says what the graphs are, and what the energy is."""

    @abstractmethod
    def properties(self, graph: SphereBatch) -> dict[str, Tensor]:
        """All targets but forces and stress; differentiable by the weights.

        Returns
        -------
        dict
            As of :meth:`predict`, but for the energy the part that the network learns, without
            what depends on guessed oxidation states.
        """

    @abstractmethod
    def properties_and_pulls(self, graph: SphereBatch) -> tuple[dict[str, Tensor], Tensor]:
        """What :meth:`properties` gives, and (E, 3) derivatives of the energy by the bonds, eV/Å.

        None of it can be differentiated any further.
        """

    @abstractmethod
    def energies_and_pulls(self, graph: SphereBatch) -> tuple[Tensor, Tensor]:
        """(B,) energies in eV per cell, float64, and their (E, 3) derivatives by the bonds."""

    @abstractmethod
    def properties_and_pooled(self, graph: SphereBatch) -> tuple[dict[str, Tensor], Tensor]:
        """What :meth:`properties` gives, and (B, D) features that heads of uncertainties read."""

    @abstractmethod
    def with_uncertainties(self, names: tuple[str, ...]) -> SO3Network:
        """The same network with fresh heads of uncertainties of some targets of the crystal."""

    @property
    @abstractmethod
    def spread_parts(self) -> tuple[nn.ModuleDict, Tensor]:
        """Heads of uncertainties, and the factors of their outputs."""

    @property
    def gives_forces(self) -> bool:
        """Without classes of bonds, which make energies jump."""
        return self.architecture.classes == NONE

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
        config = self.architecture
        # What is made in inference mode could not be differentiated.
        with torch.inference_mode(False):
            arrays = self._arrays(crystals)
            batch = arrays.batch(dtype=torch.float64)
            if config.classes != NONE:
                batch = replace(batch, classes=bond_classes(config.classes, crystals, batch))
            constants = torch.zeros(len(crystals), dtype=torch.float64)
            if config.target == FORMATION_ENERGY:
                constants = torch.tensor(guessed_parts(crystals, arrays), dtype=torch.float64)
        return EnergyGraphs(batch, constants)

    def ready(self, graphs: EnergyGraphs) -> EnergyGraphs:
        """The graphs on the device, by one transfer."""
        with torch.inference_mode(False):
            tensors = {**graphs.batch.tensors(self.dtype), "constants": graphs.constants}
            moved = placed(tensors, self.device)
        constants = moved.pop("constants")
        return EnergyGraphs(SphereBatch.of(moved), constants)

    def predict(self, graphs: EnergyGraphs) -> Mapping[str, Tensor]:
        """Energy in eV/atom, what the heads give and, without classes, forces and stress."""
        if not self.gives_forces:
            return self.predict_without_forces(graphs)
        with torch.inference_mode(False), self._threads():
            graph = graphs.batch.to(self.device, self.dtype)
            found, pulls = self.properties_and_pulls(graph)
            forces, stress = _forces_and_stress(graph, pulls)
        return {**self._with_constants(found, graphs), "forces": forces, "stress": stress}

    def predict_without_forces(self, graphs: EnergyGraphs) -> Mapping[str, Tensor]:
        """Energy in eV/atom and what the heads give."""
        with torch.inference_mode(), self._threads():
            found = self.properties(graphs.batch.to(self.device, self.dtype))
        return self._with_constants(found, graphs)

    def _with_constants(
        self, found: Mapping[str, Tensor], graphs: EnergyGraphs
    ) -> dict[str, Tensor]:
        target = self.architecture.target
        return {**found, target: found[target] + graphs.constants.to(self.device)}

    def surface(self, crystals: Sequence[Crystal]) -> tuple[Tensor, Tensor, Tensor]:
        """Without the parts of corrections that jump where atoms of oxygen become a peroxide's."""
        with torch.inference_mode(False):
            arrays = self._arrays(crystals)
            with self._threads():
                found = self._derivatives(arrays)
            return tuple(torch.from_numpy(part) for part in found)  # type: ignore[return-value]

    def surface_of(self, graph: SphereBatch) -> tuple[Tensor, Tensor, Tensor]:
        """As :meth:`surface`, of graphs on the network's device, where the result stays.

        Their vectors and volumes have the type of the weights.
        """
        with torch.inference_mode(False), self._threads():
            energies, pulls = self.energies_and_pulls(graph)
            return energies, *_forces_and_stress(graph, pulls)

    def energies_alone(self, crystals: Sequence[Crystal], *, forces: bool) -> Energies | None:
        """Of those members alone whose energies count; none without forces."""
        if not self.gives_forces:
            return None
        with torch.inference_mode(False):
            arrays = self._arrays(crystals)
            with self._threads():
                found = self._derivatives(arrays) if forces else (self._energies(arrays),)
        values = found[0] / arrays.atom_counts
        if self.architecture.target == FORMATION_ENERGY:
            values = values + guessed_parts(crystals, arrays)
        return Energies(values, sphere_arrays_domain_features(arrays), *found[1:])

    @abstractmethod
    def energies(self, graph: SphereBatch) -> Tensor:
        """(B,) energies in eV per cell, float64; differentiable by the weights."""

    @abstractmethod
    def energy_passes(self) -> Passes | None:
        """What gives energies of small batches without PyTorch; ``None`` where C cannot."""

    def _threads(self) -> AbstractContextManager[None]:
        return threads_for_c() if self.device.type == "cpu" else nullcontext()

    def _arrays(self, crystals: Sequence[Crystal]) -> SphereArrays:
        config = self.architecture
        return sphere_arrays(crystals, config.cutoff, shortest=config.first_knot)

    def _passes_for(self, arrays: SphereArrays) -> Passes | None:
        return self.energy_passes() if len(arrays.numbers) <= MOST_ATOMS else None

    def _energies(self, arrays: SphereArrays) -> NDArray[np.float64]:
        if (passes := self._passes_for(arrays)) is not None:
            return mean_energies(passes, arrays)
        with torch.no_grad():
            graph = arrays.batch(dtype=torch.float64).to(self.device, self.dtype)
            return self.energies(graph).cpu().numpy()

    def _derivatives(self, arrays: SphereArrays) -> tuple[NDArray[np.float64], ...]:
        """Energies (B,) in eV per cell, forces and stress."""
        if (passes := self._passes_for(arrays)) is not None:
            energies, pulls = mean_energies_and_pulls(passes, arrays)
            return energies, *forces_and_stress_by_c(arrays, pulls)
        graph = arrays.batch(dtype=torch.float64).to(self.device, self.dtype)
        found, by_bonds = self.energies_and_pulls(graph)
        parts = (found, *_forces_and_stress(graph, by_bonds))
        return tuple(part.detach().double().cpu().numpy() for part in parts)

    def domain_features(self, graphs: EnergyGraphs) -> Mapping[str, NDArray[np.float64]]:
        """``packing`` and ``shortest_bond`` of each crystal, as of the bonds of an ECN."""
        return sphere_domain_features(graphs.batch)
