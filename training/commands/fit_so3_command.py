"""``fit-so3``: an SO(3)-equivariant network, fitted to energies, forces and stresses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ase_ecn.training.commands.fitting import Fitted, fit_command
from ase_ecn.training.data.labels import HELD_OUT
from ase_ecn.training.fits.config import SO3Configuration
from ase_ecn.training.fits.fit_so3 import fit_so3


def _fit(config: SO3Configuration, data: Path, out: Path, device: str) -> Fitted:
    model, result, sources = fit_so3(config, data, out, device)
    main, *further = sources
    counts = {"train": len(main.train), "held out": int((main.labels.percent < HELD_OUT).sum())}
    counts |= {
        f"train, {part.name}": len(source.train)
        for part, source in zip(config.data.further, further, strict=True)
    }
    elements = np.unique(np.concatenate([source.labels.numbers for source in sources])).tolist()
    return Fitted(model, result, elements, counts)


COMMAND = fit_command(
    "so3", "fit an SO(3)-equivariant network to energies, forces and stresses", _fit
)
