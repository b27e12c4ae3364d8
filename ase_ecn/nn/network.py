"""What a checkpoint can hold: the interface of networks, and of those that predict properties."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.crystal import Crystal
from ase_ecn.symmetry.colours import Motif


class NetworkConfig(Protocol):
    """Architecture of a network."""

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary, which the card keeps under ``architecture``."""


class Network(nn.Module, ABC):
    """Something with weights and an architecture that a checkpoint can hold.

    Attributes
    ----------
    kind
        Its name in :data:`ase_ecn.nn.registry.NETWORKS`, and in cards.
    gives
        What it gives, in a word for messages.
    config
        The architecture.
    """

    kind: ClassVar[str]
    gives: ClassVar[str]
    config: NetworkConfig

    @classmethod
    @abstractmethod
    def from_dict(cls, architecture: Mapping[str, Any]) -> Network:
        """Build a network, with any weights, from what ``config.to_dict()`` gave."""

    @property
    def networks(self) -> Sequence[Network]:
        """The members of an ensemble; any other network is the only one of itself."""
        return (self,)

    def takes(self, source: Network) -> bool:
        """Whether a fit of this network may start from the weights of another."""
        return type(source) is type(self) and source.config == self.config

    def take_units(self, source: Network) -> None:
        """Adopt, where a fit starts from another network, what belongs to single targets."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights."""
        return next(self.parameters()).dtype


@dataclass(frozen=True)
class Energies:
    """Energies of B crystals with N atoms in all.

    Attributes
    ----------
    values
        (B,) of the first target, eV/atom.
    features
        As :meth:`PropertyNetwork.domain_features` gives them.
    forces, stress
        (N, 3) in eV/Å and (B, 6) in eV/Å³, in ASE's order, if they were asked for.
    """

    values: NDArray[np.float64]
    features: Mapping[str, NDArray[np.float64]]
    forces: NDArray[np.float64] | None = None
    stress: NDArray[np.float64] | None = None


class PropertyNetwork(Network):
    """A network that predicts properties of crystals, of their atoms, or forces and stress.

    It says itself how crystals become its graphs, which nothing else looks into. Crystals come as
    they are, or as their primitive cells where :attr:`motif` says so; batches are made, values are
    brought back to the atoms of the input, and memory is watched over in
    :mod:`ase_ecn.prediction`.
    """

    gives = "properties"

    @property
    @abstractmethod
    def targets(self) -> tuple[str, ...]:
        """Names of the outputs, without uncertainties, forces and stress; see ``properties.py``."""

    @property
    def site_targets(self) -> tuple[str, ...]:
        """Those of the targets that each atom has a value of."""
        return ()

    @property
    def uncertainties(self) -> tuple[str, ...]:
        """Targets of crystals whose standard error is an output too, as ``NAME_std``."""
        return ()

    @property
    def gives_forces(self) -> bool:
        """Whether outputs hold ``forces`` and ``stress``, derivatives of ``potential_energy``."""
        return False

    @property
    def batch_size(self) -> int:
        """Crystals per pass that suit it, where nothing else is asked for."""
        return 256

    @property
    def motif(self) -> Motif | None:
        """Which primitive cell it wants to see; ``None`` for the crystals as they are."""
        return None

    @abstractmethod
    def graphs(self, crystals: Sequence[Crystal]) -> Any:
        """Make of B crystals what :meth:`predict` takes."""

    def ready(self, graphs: Any) -> Any:
        """Graphs of which as much is on the network's device as can be, without waiting for it.

        Called in threads. :meth:`predict` takes these graphs too; other methods may not.
        """
        return graphs

    @abstractmethod
    def predict(self, graphs: Any) -> Mapping[str, Tensor]:
        """Outputs in physical units, for prediction only.

        Parameters
        ----------
        graphs
            Of B crystals with N atoms in all.

        Returns
        -------
        dict
            (B,) for targets of crystals and their uncertainties, logits for classes, and (N,) for
            targets of sites; where the network gives forces, ``forces`` (N, 3) in eV/Å and
            ``stress`` (B, 6) in eV/Å³, in ASE's order. Any device and type.
        """

    def predict_without_forces(self, graphs: Any) -> Mapping[str, Tensor]:
        """As :meth:`predict`, without forces and stress; quicker for networks that give them."""
        found = self.predict(graphs)
        return {k: v for k, v in found.items() if k not in ("forces", "stress")}

    def surface(self, crystals: Sequence[Crystal]) -> tuple[Tensor, Tensor, Tensor]:
        """A smooth energy that crystals can be relaxed on; for networks that give forces.

        Parameters
        ----------
        crystals
            B crystals with N atoms in all.

        Returns
        -------
        energies, forces, stress
            (B,) in eV per cell, up to a constant of the composition, (N, 3) in eV/Å and (B, 6) in
            eV/Å³, in ASE's order.
        """
        found = self.predict(self.graphs(crystals))
        energy = found[self.targets[0]]
        counts = torch.tensor([len(c) for c in crystals], device=energy.device)
        return energy * counts, found["forces"], found["stress"]

    def energies_alone(self, crystals: Sequence[Crystal], *, forces: bool) -> Energies | None:
        """Nothing but the first target, an energy, and its derivatives.

        Parameters
        ----------
        crystals
            B crystals with N atoms in all.
        forces
            Whether forces and stresses are asked for too.

        Returns
        -------
        Energies or None
            As of :meth:`predict`; ``None`` where that takes no longer.
        """
        del crystals, forces
        return None

    def domain_features(self, graphs: Any) -> Mapping[str, NDArray[np.float64]]:
        """Numbers, (B,) each, by which :mod:`ase_ecn.domain` knows what is unusual."""
        del graphs
        return {}


def options(section: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a configuration from a dictionary that was JSON: lists are tuples there."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in section.items()}
