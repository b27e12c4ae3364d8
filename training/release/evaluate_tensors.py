"""Test tables of networks that predict response tensors."""

from __future__ import annotations

from pathlib import Path

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.training.data.tensor_rows import load_tensor_rows
from ase_ecn.training.fits.fit_tensors import KnownFeatures, predicted, trunk_features
from ase_ecn.training.fits.tensor_losses import tensor_scores


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
        As of :func:`~ase_ecn.training.fits.tensor_losses.tensor_scores`.
    """
    model = load_checkpoint(checkpoint, SO3ECN).model.to(device)
    rows = load_tensor_rows(data, model.config.cutoff, split)
    known = KnownFeatures(rows, trunk_features(model, rows, device))
    return tensor_scores(predicted(model, known, device), rows.labels)
