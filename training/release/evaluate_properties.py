"""Test tables of SO(3)-equivariant networks with heads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.labels import load_labels
from ase_ecn.training.data.property_rows import PropertyRows, load_property_rows
from ase_ecn.training.fits.config import PropertiesConfiguration, config_of_card
from ase_ecn.training.fits.fit_properties import predict_rows, row_scores
from ase_ecn.training.fits.fit_so3 import label_scores, split_labels
from ase_ecn.training.release.calibrate import reliability
from ase_ecn.training.release.screen_scores import wbm_table


def evaluate_properties(
    checkpoint: str | Path, data: Path, split: str, device: str
) -> dict[str, float]:
    """Mean errors of all properties, and how often labels are in the stated intervals.

    Parameters
    ----------
    checkpoint, data, device
        As for :func:`ase_ecn.training.release.evaluate.evaluate`.
    split
        ``"val"``, with errors of energies, forces and stresses of the teacher's held-out labels;
        ``"test"``, with formation energies of hypothetical crystals (WBM). Where the network was
        fitted to everything, these alone are a test.

    Returns
    -------
    dict
        Scores by name. What changes without the labels that other sources contradict
        (:mod:`ase_ecn.training.data.audit`) is given again, its name ending in ``_audited``.
    """
    loaded = load_checkpoint(checkpoint, SO3Network)
    config = config_of_card(loaded.card.content, PropertiesConfiguration)
    if split == "test":
        scores = wbm_table(PropertyPredictor(checkpoint, device=device), data)
    else:
        scores = teacher_scores(loaded.model, config, data, device)
    if split == "test" and config.data.everything:
        return scores
    rows = load_property_rows(data, config.data, config.model.cutoff, split)
    predictions = predict_rows(loaded.model.to(device), rows, device)
    scores |= row_scores(predictions, rows)
    bias = predictions[FORMATION_ENERGY] - rows.of_main_set().targets[FORMATION_ENERGY]
    scores["formation_energy_bias"] = float(np.nanmean(bias))
    for name, curve in reliability(predictions, rows.of_main_set()).items():
        scores |= {f"{name}_in_{float(k):.0%}_interval": v for k, v in curve.items()}
    return scores | audited_scores(predictions, rows)


def teacher_scores(
    model: SO3Network, config: PropertiesConfiguration, data: Path, device: str
) -> dict[str, float]:
    """Errors of the teacher's labels of crystals made of prototypes that were held out."""
    section, network = config.teacher, config.model
    labels = load_labels(section.name, data, network.cutoff, network.target)
    _, held = split_labels(labels, section.validation, config.fit.seed)
    scores = label_scores(model.to(device), labels, held, device)
    return {f"teacher_{name}": value for name, value in scores.items()}


def audited_scores(
    predictions: Mapping[str, NDArray[np.float64]], rows: PropertyRows
) -> dict[str, float]:
    """Those scores that change without the contradicted labels, as ``NAME_audited``."""
    before, after = (row_scores(predictions, r) for r in (rows, rows.without_audited()))
    return {f"{name}_audited": v for name, v in after.items() if v != before[name]}
