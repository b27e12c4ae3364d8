"""``fit-properties``: an SO(3)-equivariant network, fitted to DFT's labels of all properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ase_ecn.training.commands.fitting import Fitted, fit_command
from ase_ecn.training.data.property_rows import labelled_in_rows
from ase_ecn.training.fits.config import PropertiesConfiguration
from ase_ecn.training.fits.fit_properties import fit_properties


def _fit(config: PropertiesConfiguration, data: Path, out: Path, device: str) -> Fitted:
    fitted = fit_properties(config, data, out, device)
    packed = fitted.rows.packed
    kept = sum(len(source.train) for source in fitted.teacher)
    counts = {"train": len(packed), "val": len(fitted.held), "teacher": kept}
    numbers = [packed.numbers, *(source.labels.numbers for source in fitted.teacher)]
    elements = np.unique(np.concatenate(numbers)).tolist()
    return Fitted(fitted.model, fitted.result, elements, counts, labelled_in_rows(fitted.rows))


COMMAND = fit_command(
    "properties",
    "fit an SO(3)-equivariant network to DFT's energies and further properties",
    _fit,
)
