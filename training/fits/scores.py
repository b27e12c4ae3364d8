"""What fitted networks give for labelled data, and how far that is from the labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.properties import of_output
from ase_ecn.symmetry.colours import view_counts
from ase_ecn.training.data.cache import LabelledGraphs
from ase_ecn.training.data.datasets import METALLIC_GAP
from ase_ecn.training.fits.metrics import (
    lattice_parameter_errors,
    log_strain_errors,
    mean_absolute_error,
    precision,
    relative_volume_errors,
    roc_auc,
)


def network_outputs(
    model: nn.Module, labelled: LabelledGraphs, device: str, batch_size: int = 256
) -> dict[str, NDArray[np.float64]]:
    """What the network gives for all graphs: (G,) and (N,), logits for classes."""
    graphs = labelled.graphs
    # Lattices with as many views stay together: a batch costs as much as its most symmetric one.
    order = np.argsort(view_counts(graphs.translation_colours), kind="stable")
    parts: list[dict[str, NDArray[np.float64]]] = []
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            outputs = model(graphs.batch(order[start : start + batch_size], device=device))
            parts.append({k: v.double().cpu().numpy() for k, v in outputs.items()})
    found = {}
    for name in parts[0]:
        values = np.concatenate([part[name] for part in parts])
        found[name] = np.empty_like(values)
        found[name][order if len(values) == len(order) else graphs.atoms_of(order)] = values
    return found


def predict_graphs(
    model: nn.Module, labelled: LabelledGraphs, device: str, batch_size: int = 256
) -> dict[str, NDArray[np.float64]]:
    """Predictions in physical units for all graphs: (G,) and (N,), probabilities for classes."""
    outputs = network_outputs(model, labelled, device, batch_size)
    return {name: of_output(name).physical(values) for name, values in outputs.items()}


class Labels(Protocol):
    """Labels of G crystals with N atoms in all."""

    @property
    def targets(self) -> Mapping[str, NDArray[np.float64]]:
        """(G,) labels by name, NaN where missing."""

    @property
    def site_targets(self) -> Mapping[str, NDArray[np.float64]]:
        """(N,) labels by name, NaN where missing."""


def ecn_scores(
    predictions: Mapping[str, NDArray[np.float64]], labelled: Labels
) -> dict[str, float]:
    """Mean absolute errors, and the ROC AUC of classes."""
    scores = {}
    for name, predicted in predictions.items():
        truth = labelled.targets.get(name, labelled.site_targets.get(name))
        if truth is None:  # an uncertainty
            continue
        known = ~np.isnan(truth)
        if of_output(name).kind == "class":
            scores[f"{name}_auc"] = roc_auc(predicted[known], truth[known] > 0.5)
        else:
            scores[f"{name}_mae"] = mean_absolute_error(predicted, truth)
    return scores


def gap_scores(
    predictions: Mapping[str, NDArray[np.float64]], labelled: Labels
) -> dict[str, float]:
    """Errors of the gaps of insulators, and both precisions; nothing without gaps and metals."""
    scores = {}
    if "band_gap_hse" in predictions:
        hse = labelled.targets["band_gap_hse"]
        insulators = np.where(hse < METALLIC_GAP, np.nan, hse)
        scores["band_gap_hse_mae_insulators"] = mean_absolute_error(
            predictions["band_gap_hse"], insulators
        )
    if "band_gap" not in predictions or "metal" not in predictions:
        return scores
    gap, metal = labelled.targets["band_gap"], labelled.targets["metal"] > 0.5
    known = ~np.isnan(gap)
    called_metal = predictions["metal"][known] > 0.5
    insulators = np.where(metal, np.nan, gap)
    return scores | {
        "band_gap_mae_insulators": mean_absolute_error(predictions["band_gap"], insulators),
        "metal_precision": precision(called_metal, metal[known]),
        "nonmetal_precision": precision(~called_metal, ~metal[known]),
    }


def denoise(
    model: nn.Module,
    crystals: list[Crystal],
    cells: NDArray[np.float64],
    device: str,
    batch_size: int = 128,
) -> NDArray[np.float64]:
    """Apply the network once to crystals whose lattices were replaced by ``cells`` (B, 3, 3)."""
    results = []
    with torch.inference_mode():
        for start in range(0, len(crystals), batch_size):
            part = slice(start, start + batch_size)
            batch = lattice_batch(
                crystals[part],
                neighbors_of(model),
                cells=torch.as_tensor(cells[part], device=device),
                device=device,
            )
            results.append(model(batch)[-1].double().cpu().numpy())
    return np.concatenate(results)


def denoising_scores(
    noisy: NDArray[np.float64], denoised: NDArray[np.float64], true: NDArray[np.float64]
) -> dict[str, float]:
    """Scores of denoised (B, 3, 3) cells, means over structures.

    Returns
    -------
    dict
        Improvement of lengths (Å) and angles (degrees), eqs. 11 and 12 of the EMPNN paper, the
        input noise in the same units, the share of it that is gone, and what remains as relative
        error of the volume and as norm of the logarithmic strain.
    """
    before = lattice_parameter_errors(noisy, true)
    after = lattice_parameter_errors(denoised, true)
    scores = {}
    for name, noise, error in zip(("lengths", "angles"), before, after, strict=True):
        scores[f"{name}_improvement"] = float((noise - error).mean())
        scores[f"{name}_noise"] = float(noise.mean())
        removed, total = float((noise - error).mean()), float(noise.mean())
        scores[f"{name}_removed"] = removed / total if total > 0 else float("nan")
    scores["volume_error"] = float(relative_volume_errors(denoised, true).mean())
    scores["log_strain"] = float(log_strain_errors(denoised, true).mean())
    return scores


def neighbors_of(model: nn.Module) -> int:
    """Number of neighbours that a lattice network wants of each atom."""
    return int(model.config.neighbors)  # type: ignore[union-attr, arg-type]
