"""``fit-pes``: an ECN, fitted to energies, forces and stresses."""

from __future__ import annotations

from pathlib import Path

from ase_ecn.training.commands.fitting import Fitted, fit_command
from ase_ecn.training.data.force_sets import chemical_systems, load_force_data
from ase_ecn.training.fits.config import PESConfiguration
from ase_ecn.training.fits.fit_pes import fit_pes


def _fit(config: PESConfiguration, data: Path, out: Path, device: str) -> Fitted:
    model, result = fit_pes(config, data, out, device)
    parts = {split: load_force_data(data, config.data, split) for split in ("train", "val")}
    systems = chemical_systems(parts["train"].crystals)
    elements = sorted({z for system in systems for z in system})
    counts = {split: len(part) for split, part in parts.items()}
    return Fitted(model, result, elements, counts, systems=systems)


COMMAND = fit_command("pes", "fit an ECN to energies, forces and stresses", _fit)
