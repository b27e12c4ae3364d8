"""``fit-tensors``: heads for response tensors, on the trunk of another checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ase_ecn.training.commands.fitting import Fitted, fit_command
from ase_ecn.training.data.tensor_rows import labelled_elements
from ase_ecn.training.fits.config import TensorsConfiguration
from ase_ecn.training.fits.fit_tensors import fit_tensors
from ase_ecn.training.fits.start import beginning


def _fit(config: TensorsConfiguration, data: Path, out: Path, device: str) -> Fitted:
    fitted = fit_tensors(config, data, out, device)
    counts = {"train": len(fitted.rows), "val": len(fitted.held)}
    counts |= {
        f"train, {name}": int(np.isfinite(values.reshape(len(values), -1)).all(axis=1).sum())
        for name, values in fitted.rows.labels.items()
    }
    elements = np.unique(fitted.rows.packed.numbers).tolist()
    if config.init:  # what the trunk gives, it gives for all that it has seen
        elements = sorted(beginning(config.init).content["elements"])
    labelled = labelled_elements(fitted.rows)
    known = {name: labelled[name] for name in config.model.tensor_targets}
    return Fitted(fitted.model, fitted.result, elements, counts, known)


COMMAND = fit_command(
    "tensors", "fit heads for response tensors on the trunk of another checkpoint", _fit
)
"""The command."""
