"""What an ECN and an ensemble of them share: which graphs they see, and how they predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.crystal import Crystal
from ase_ecn.domain import bond_domain_features
from ase_ecn.graphs.batch import BondBatch, PackedGraphs, bond_graphs, pack
from ase_ecn.graphs.voronoi import BondMode
from ase_ecn.nn.forces import energy_derivatives
from ase_ecn.nn.network import PropertyNetwork
from ase_ecn.properties import POTENTIAL_ENERGY
from ase_ecn.symmetry.colours import Group, Motif


class BondConfig(Protocol):
    """What the architecture of such a network says; see :class:`ase_ecn.nn.ecn.ECNConfig`."""

    @property
    def crystal_targets(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def site_targets(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def uncertainties(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def bonds(self) -> BondMode: ...  # noqa: D102

    @property
    def cutoff(self) -> float: ...  # noqa: D102

    @property
    def group(self) -> Group: ...  # noqa: D102

    @property
    def motif(self) -> Motif: ...  # noqa: D102

    def to_dict(self) -> dict[str, Any]: ...  # noqa: D102


@dataclass(frozen=True)
class ReadyGraphs:
    """Graphs that are where the weights are, for networks that give no derivatives."""

    batch: BondBatch


class BondNetwork(PropertyNetwork):
    """A network on the graph of a crystal's bonds, coloured by a group."""

    kind = "ecn"
    config: BondConfig

    if TYPE_CHECKING:

        def __call__(self, batch: BondBatch) -> dict[str, Tensor]: ...  # noqa: D102

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of all outputs, crystal targets first."""
        return self.config.crystal_targets + self.config.site_targets

    @property
    def site_targets(self) -> tuple[str, ...]:
        """Those of the targets that each atom has a value of."""
        return self.config.site_targets

    @property
    def uncertainties(self) -> tuple[str, ...]:
        """Targets whose standard error is an output too."""
        return self.config.uncertainties

    @property
    def joint_spreads(self) -> Mapping[str, tuple[float, float]]:
        """Factors of uncertainties, see :class:`ase_ecn.nn.ensemble.EnsembleConfig`."""
        return {}

    def shares(self, name: str) -> tuple[float, ...]:
        """Weight of each of the :attr:`networks` in the mean of a property."""
        del name
        return (1.0,)

    @property
    def networks(self) -> Sequence[BondNetwork]:
        """The members of an ensemble, or itself alone."""
        return (self,)

    @property
    def gives_forces(self) -> bool:
        """Whether the energy is a smooth function of the positions."""
        return self.config.bonds == "radial" and POTENTIAL_ENERGY in self.config.crystal_targets

    @property
    def batch_size(self) -> int:
        """Fewer crystals where derivatives are kept."""
        return 16 if self.gives_forces else super().batch_size

    @property
    def motif(self) -> Motif | None:
        """Which primitive cell is wanted; forces belong to the atoms and the frame as they are."""
        return None if self.gives_forces else self.config.motif

    def graphs(self, crystals: Sequence[Crystal]) -> PackedGraphs:
        """Graphs of the bonds."""
        config = self.config
        return pack(bond_graphs(crystals, config.bonds, config.cutoff), config.group)

    def ready(self, graphs: PackedGraphs) -> PackedGraphs | ReadyGraphs:
        """The batch on the device; derivatives need the cells too."""
        return graphs if self.gives_forces else ReadyGraphs(self.batch(graphs))

    def batch(self, graphs: PackedGraphs | ReadyGraphs) -> BondBatch:
        """All graphs, where the weights are and in their type."""
        if isinstance(graphs, ReadyGraphs):
            return graphs.batch
        everything = np.arange(len(graphs))
        return graphs.batch(everything, device=self.device, dtype=self.dtype)

    def predict(self, graphs: PackedGraphs | ReadyGraphs) -> Mapping[str, Tensor]:
        """Outputs in physical units, forces and stress among them if it gives any."""
        batch = self.batch(graphs)
        if isinstance(graphs, ReadyGraphs) or not self.gives_forces:
            with torch.inference_mode():
                return self(batch)
        volumes = np.abs(np.linalg.det(graphs.cells))
        found = energy_derivatives(
            self,
            batch,
            torch.as_tensor(volumes, device=self.device, dtype=self.dtype),
            POTENTIAL_ENERGY,
        )
        return {**found.outputs, "forces": found.forces, "stress": found.stress}

    def domain_features(self, graphs: PackedGraphs) -> Mapping[str, NDArray[np.float64]]:
        """Of the bonds; those within a radius say nothing."""
        return {} if self.config.bonds == "radial" else bond_domain_features(graphs)
