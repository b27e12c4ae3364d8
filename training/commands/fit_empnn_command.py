"""``fit-empnn``: an EMPNN, fitted to relaxed lattices."""

from __future__ import annotations

from pathlib import Path

from ase_ecn.training.commands.fitting import Fitted, fit_command
from ase_ecn.training.data.relaxed_lattices import load_crystals
from ase_ecn.training.fits.config import EMPNNConfiguration
from ase_ecn.training.fits.fit_empnn import fit_empnn


def _fit(config: EMPNNConfiguration, data: Path, out: Path, device: str) -> Fitted:
    model, result = fit_empnn(config, data, out, device)
    parts = {split: load_crystals(data, config.data.name, split) for split in ("train", "val")}
    elements = sorted({int(z) for crystal in parts["train"] for z in crystal.numbers})
    counts = {split: len(crystals) for split, crystals in parts.items()}
    return Fitted(model, result, elements, counts)


COMMAND = fit_command("empnn", "fit an EMPNN", _fit)
