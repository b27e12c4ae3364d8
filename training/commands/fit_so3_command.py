"""``fit-so3``: an SO(3)-equivariant network, fitted to energies, forces and stresses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ase_ecn.training.commands.fitting import Fitted, fit_command
from ase_ecn.training.data.labels import HELD_OUT
from ase_ecn.training.fits.config import SO3Configuration
from ase_ecn.training.fits.fit_so3 import fit_so3


def _fit(config: SO3Configuration, data: Path, out: Path, device: str) -> Fitted:
    model, result, labels = fit_so3(config, data, out, device)
    held = int((labels.percent < HELD_OUT).sum())
    counts = {"train": len(labels) - held, "held out": held}
    return Fitted(model, result, np.unique(labels.numbers).tolist(), counts)


COMMAND = fit_command(
    "so3", "fit an SO(3)-equivariant network to energies, forces and stresses", _fit
)
