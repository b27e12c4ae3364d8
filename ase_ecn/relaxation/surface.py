"""A network's energy, forces and stress, which many relaxations follow at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ase_ecn.checkpoint import DEFAULT_POTENTIAL
from ase_ecn.crystal import Crystal
from ase_ecn.errors import CheckpointError, OverlappingAtomsError
from ase_ecn.execution import own_modes
from ase_ecn.loaded import LoadedNetwork
from ase_ecn.nn.network import PropertyNetwork
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.relaxation.force_course import ForceCourse, Pull
from ase_ecn.relaxation.search_ends import Beginning, Ending
from ase_ecn.relaxation.search_on_device import search_on_device


class EnergySurface(LoadedNetwork[PropertyNetwork]):
    """A network with forces, ready to be asked: loads the checkpoint once.

    Parameters
    ----------
    checkpoint
        Bundled name or path of a network that gives forces; ``None`` for ``"ecn-mp"``.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    dtype
        ``"float32"`` or ``"float64"`` for the network; geometry is float64 in any case.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used, or gives no forces.
    OptionError
        If the device or dtype does not exist.
    """

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
    ) -> None:
        super().__init__(checkpoint or DEFAULT_POTENTIAL, PropertyNetwork, device, dtype)
        if not self.model.gives_forces:
            raise CheckpointError(
                f"{self.card.name} gives no forces; to relax atoms, use a checkpoint that does, "
                f"such as {DEFAULT_POTENTIAL}"
            )

    def pulls(self, crystals: Sequence[Crystal]) -> list[Pull]:
        """Energy, forces and stress of each crystal; of infinite energy if its atoms overlap."""
        try:
            energies, forces, stress = (
                part.detach().double().cpu().numpy() for part in self.model.surface(crystals)
            )
        except OverlappingAtomsError:
            if len(crystals) > 1:  # only those who overlap are to suffer
                return [pull for crystal in crystals for pull in self.pulls([crystal])]
            return [Pull(np.inf, np.zeros((len(crystals[0]), 3)), np.zeros(6))]
        first = np.cumsum([0, *map(len, crystals)])
        return [
            Pull(float(energy), forces[first[k] : first[k + 1]], stress[k])
            for k, energy in enumerate(energies)
        ]

    def answers(self, courses: Sequence[ForceCourse]) -> list[Pull]:
        """What courses ask for."""
        return self.pulls([course.crystal for course in courses])

    @property
    def searches_on_device(self) -> bool:
        """Whether relaxations take all of their steps on the device before anything comes back.

        On a processor, where neighbours and what the network says are found in C, that gains
        nothing.
        """
        return self.device.type != "cpu" and isinstance(self.model, SO3Network)

    def endings(
        self, beginnings: Sequence[Beginning], *, fmax: float, pressure: float
    ) -> list[Ending]:
        """Where searches end that begin there, see :mod:`ase_ecn.relaxation.search_on_device`."""
        assert isinstance(self.model, SO3Network)
        with own_modes(self.device), torch.no_grad():
            return search_on_device(beginnings, self.model, fmax=fmax, pressure=pressure)
