"""Scores of formation energies of hypothetical crystals: what a screen for stable ones gets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY, SPREAD
from ase_ecn.training.data.wbm import Hull, read_wbm
from ase_ecn.training.release.spread_heads import BOUND


@dataclass(frozen=True)
class ScreenScores:
    """What a screen for stable crystals gets.

    Attributes
    ----------
    mae, bias
        Of formation energies, eV/atom.
    f1, precision, recall
        Of "on or below the hull".
    kept
        Share of all crystals that must be kept to keep 90 % of the stable ones.
    covered
        Share whose energy is in its stated 90 % interval; ``None`` where none is stated.
    """

    mae: float
    bias: float
    f1: float
    precision: float
    recall: float
    kept: float
    covered: float | None = None


def screen_scores(
    predicted: NDArray[np.float64], true: NDArray[np.float64], hull: NDArray[np.float64]
) -> ScreenScores:
    """Scores of formation energies, (C,) each in eV/atom, beside the hull's."""
    above, stable = predicted - hull, true <= hull
    said = above <= 0
    hits = int((said & stable).sum())
    precision, recall = hits / max(said.sum(), 1), hits / max(stable.sum(), 1)
    limit = np.quantile(above[stable], 0.9, method="higher")
    return ScreenScores(
        float(np.abs(predicted - true).mean()),
        float((predicted - true).mean()),
        2 * precision * recall / max(precision + recall, 1e-12),
        float(precision),
        float(recall),
        float((above <= limit).mean()),
    )


def wbm_scores(predictor: PropertyPredictor, data: Path) -> tuple[ScreenScores, int]:
    """Scores on WBM's crystals of elements that the checkpoint knows, and their number."""
    crystals, true = read_wbm(data)
    known = set(predictor.card.elements)
    kept = [k for k, c in enumerate(crystals) if known.issuperset(c.numbers.tolist())]
    chosen = [crystals[k] for k in kept]
    found = predictor.predict(chosen, forces=False)
    predicted = np.array([p.formation_energy for p in found])
    hull = Hull(data)
    below = np.array([hull.energy(list(c.to_atoms().symbols)) for c in chosen])
    scores = screen_scores(predicted, true[kept], below)
    name = f"{FORMATION_ENERGY}{SPREAD}"
    if name in predictor.properties:
        stds = np.array([p[name] for p in found])
        covered = float((np.abs(predicted - true[kept]) <= BOUND * stds).mean())
        scores = replace(scores, covered=covered)
    return scores, len(kept)


def wbm_table(predictor: PropertyPredictor, data: Path) -> dict[str, float]:
    """The scores of :func:`wbm_scores` by the names that they have in cards."""
    screen, count = wbm_scores(predictor, data)
    table = {
        "wbm_crystals": count,
        "wbm_formation_energy_mae": screen.mae,
        "wbm_formation_energy_bias": screen.bias,
        "wbm_stable_f1": screen.f1,
        "wbm_stable_precision": screen.precision,
        "wbm_stable_recall": screen.recall,
        "wbm_kept_for_90_percent_of_stable": screen.kept,
    }
    if screen.covered is not None:
        table["wbm_in_90%_interval"] = screen.covered
    return table
