"""The networks that relax a crystal: an EMPNN and, where forces are followed, a potential."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ase_ecn.crystal import Crystal, CrystalLike, as_crystal
from ase_ecn.relaxation.cell_and_atoms import Method, check_method
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.surface import EnergySurface


@dataclass(frozen=True)
class RelaxingNetworks:
    """An EMPNN, and a potential whose forces are followed from there, if any."""

    network: StrainPredictor
    surface: EnergySurface | None

    def validated(self, structure: CrystalLike) -> Crystal:
        """A crystal of elements that all networks know.

        Raises
        ------
        CrystalError
            If it is no valid crystal, or has other elements.
        """
        elements = self.network.card.elements
        if self.surface is None:
            return as_crystal(structure, elements)
        crystal = as_crystal(structure, elements & self.surface.card.elements)
        self.surface.card.check_system(crystal.numbers)
        return crystal

    def provenance(self) -> dict[str, Any]:
        """Names and hashes of the checkpoints, for descriptions of a run."""
        found = dict(self.network.card.provenance())
        if self.surface is None:
            return found
        potential = self.surface.card.provenance()
        return found | {"method": "all", **{f"potential_{k}": v for k, v in potential.items()}}


def relaxing_networks(
    checkpoint: str | Path | StrainPredictor | None,
    potential: str | Path | EnergySurface | None,
    *,
    method: Method,
    positions: bool,
    device: str | torch.device | None,
    dtype: str = "float32",
) -> RelaxingNetworks:
    """Load the networks that a relaxation needs, unless they are loaded already.

    Raises
    ------
    CheckpointError
        If a checkpoint cannot be used, or does not give what is needed.
    OptionError
        If there is no such method, device or dtype.
    """
    check_method(method)
    if isinstance(checkpoint, StrainPredictor):
        network = checkpoint
        if positions:
            network.check_moves()
    else:
        network = StrainPredictor(checkpoint, device=device, dtype=dtype, positions=positions)
    if method != "all":
        return RelaxingNetworks(network, None)
    if not isinstance(potential, EnergySurface):
        potential = EnergySurface(potential, device=device, dtype=dtype)
    return RelaxingNetworks(network, potential)
