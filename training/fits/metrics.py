"""Scores, averaged over structures (never over batches)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase.geometry import cell_to_cellpar
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.geometry.drift import without_drift
from ase_ecn.geometry.strain import log_strain


def mean_absolute_error(prediction: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Mean absolute error over the entries whose truth is not NaN."""
    known = ~np.isnan(truth)
    return float(np.abs(prediction[known] - truth[known]).mean())


def roc_auc(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    # Tied scores share the mean of their ranks.
    _, first, counts = np.unique(ordered, return_index=True, return_counts=True)
    ranks = np.empty(len(score))
    ranks[order] = np.repeat(first + (counts + 1) / 2, counts)
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    rank_sum = ranks[positive].sum() - positives * (positives + 1) / 2
    return float(rank_sum / (positives * negatives))


def precision(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Share of the predicted ones that are true."""
    return float(truth[predicted].mean()) if predicted.any() else float("nan")


def lattice_parameter_errors(
    cells: NDArray[np.float64], true: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean absolute error of lengths (Å) and angles (degrees) per structure.

    Parameters
    ----------
    cells, true
        (B, 3, 3) lattices in the same basis.

    Returns
    -------
    lengths, angles
        (B,) each, the summands of eqs. 11 and 12 of the EMPNN paper.
    """
    errors = np.abs(_parameters(cells) - _parameters(true))
    return errors[:, :3].mean(axis=1), errors[:, 3:].mean(axis=1)


def relative_volume_errors(
    cells: NDArray[np.float64], true: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(B,) ``|V' - V| / V``."""
    ratio = np.linalg.det(cells) / np.linalg.det(true)
    return np.asarray(np.abs(np.abs(ratio) - 1))


def log_strain_errors(cells: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B,) norm of the logarithmic strain between two lattices in the same basis."""
    deformation = np.asarray(np.linalg.solve(cells, true), dtype=np.float64)
    return np.asarray(np.linalg.norm(log_strain(deformation), axis=(1, 2)))


def site_distances(crystals: Sequence[Crystal], ends: Sequence[Crystal]) -> NDArray[np.float64]:
    """(B,) mean distances in Å of atoms from their places, after the best rigid shift.

    Differences are of fractional coordinates, in the cells at the ends.
    """
    return np.array(
        [
            np.linalg.norm(
                without_drift(crystal.scaled_positions - end.scaled_positions) @ end.cell, axis=1
            ).mean()
            for crystal, end in zip(crystals, ends, strict=True)
        ]
    )


def relative_length_errors(
    cells: NDArray[np.float64], true: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(B,) mean of ``|a' - a| / a`` over the three lengths."""
    ours, theirs = np.linalg.norm(cells, axis=2), np.linalg.norm(true, axis=2)
    return np.asarray((np.abs(ours - theirs) / theirs).mean(axis=1))


def _parameters(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([cell_to_cellpar(cell) for cell in cells])
