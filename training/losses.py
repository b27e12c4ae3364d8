"""Losses of the two networks."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional


def multitask_loss(
    outputs: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    scales: Mapping[str, float],
    weights: Mapping[str, float],
    classes: frozenset[str],
) -> Tensor:
    """Weighted sum of masked losses: cross-entropy for classes, else L1 in units of the scale.

    Labels that are NaN count for nothing.
    """
    total = torch.zeros((), device=next(iter(outputs.values())).device)
    for name, label in labels.items():
        known = ~torch.isnan(label)
        prediction, truth = outputs[name][known], label[known]
        if len(truth) == 0:
            continue
        if name in classes:
            part = functional.binary_cross_entropy_with_logits(prediction, truth)
        else:
            part = (prediction - truth).abs().mean() / scales[name]
        total = total + weights.get(name, 1.0) * part
    return total


def relative_metric(predicted: Tensor, true: Tensor) -> Tensor:
    """``C = D D^T`` with ``D = predicted^-1 true`` for (B, 3, 3) cells of rows.

    ``C`` is the identity for equal lattices, independent of the choice of lattice vectors, and
    turns with the predicted lattice; its invariants are those of the relative metric ``G' G^-1``.
    """
    ratio: Tensor = torch.linalg.solve(predicted, true)
    return ratio @ ratio.transpose(1, 2)


def lattice_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """``||C - 1||`` (Frobenius) of the relative metric, (B,). Twice the strain for small ones."""
    eye = torch.eye(3, dtype=predicted.dtype, device=predicted.device)
    difference = relative_metric(predicted, true) - eye
    return torch.sqrt((difference * difference).sum(dim=(1, 2)) + 1e-10)
