"""Test tables of networks that predict response tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.nn.so3.heads import standard_errors
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.properties import SPREAD
from ase_ecn.training.data.tensor_rows import TensorRows, load_tensor_rows
from ase_ecn.training.fits.fit_tensors import predicted_tensors
from ase_ecn.training.fits.tensor_losses import tensor_scores
from ase_ecn.training.release.calibrate import shares_in_intervals
from ase_ecn.training.release.calibrate_tensors import labelled_numbers, pooled_and_numbers


def evaluate_tensors(
    checkpoint: str | Path, data: Path, split: str, device: str
) -> dict[str, float]:
    """Errors of tensors and of the numbers that follow from them.

    Parameters
    ----------
    checkpoint, data, split, device
        As for :func:`ase_ecn.training.release.evaluate.evaluate`.

    Returns
    -------
    dict
        As of :func:`~ase_ecn.training.fits.tensor_losses.tensor_scores`; of numbers with stated
        uncertainties, the share of crystals in the intervals.
    """
    model = load_checkpoint(checkpoint, SO3Network).model.to(device)
    rows = load_tensor_rows(data, model.architecture.cutoff, split)
    scores = tensor_scores(predicted_tensors(model, rows, device), rows.labels)
    for name, curve in stated_reliability(model.cpu(), rows).items():
        scores |= {f"{name}_in_{float(k):.0%}_interval": v for k, v in curve.items()}
    return scores


def stated_reliability(model: SO3Network, rows: TensorRows) -> dict[str, dict[str, float]]:
    """Share of crystals whose label is in the interval of each level, by number."""
    if not model.uncertainties:
        return {}
    heads, factors = model.spread_parts
    pooled, numbers = pooled_and_numbers(model, rows)
    labels = labelled_numbers(rows)
    with torch.no_grad():
        relative = standard_errors(heads, factors, pooled)
    curves = {}
    for name in heads:
        known = ~np.isnan(labels[name])
        errors = np.abs(labels[name] / numbers[name] - 1)[known]
        stated = relative[f"{name}{SPREAD}"].double().numpy()[known]
        curves[name] = shares_in_intervals(errors, stated)
    return curves
