"""Baselines for the prediction of properties, in the same harness as the ECN.

The networks see the same primitive cells, splits and labels, and are fitted by the same loop with
the same optimizer, schedule, averaging and loss. ``python -m reproduce baselines`` fits
them and prints the table of the paper with theirs below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.properties import of_output
from ase_ecn.training.fits.loop import FitOptions, Task, fit, shuffled_batches
from ase_ecn.training.fits.losses import multitask_loss
from ase_ecn.training.fits.metrics import mean_absolute_error, precision, roc_auc
from reproduce.baselines.models import NETWORKS, BaselineNetwork
from reproduce.baselines.neighbor_graphs import NeighborBatch, NeighborGraphs
from reproduce.baselines.parts import Labels, Part

LOSS_WEIGHTS = {"formation_energy": 1.5, "metal": 0.5}
"""As in the configuration of the bundled ECN."""


def table_scores(
    predictions: Labels, labels: Mapping[str, NDArray[np.float64]]
) -> dict[str, float]:
    """Scores of the paper's tables.

    Parameters
    ----------
    predictions
        (G,) by property, or (N,) for properties of atoms; probabilities for classes.
    labels
        Of the same shapes, NaN where unknown.

    Returns
    -------
    dict
        ``*_mae`` of each property and of the gaps of insulators, the ROC AUC of metals, and the
        precision of both classes at a probability of one half.
    """
    scores = {
        f"{name}_mae": mean_absolute_error(predicted, labels[name])
        for name, predicted in predictions.items()
        if not is_class(name)
    }
    if "metal" not in predictions:
        return scores
    known = ~np.isnan(labels["metal"])
    metal, probability = labels["metal"][known] > 0.5, predictions["metal"][known]
    scores["metal_auc"] = roc_auc(probability, metal)
    scores["metal_precision"] = precision(probability > 0.5, metal)
    scores["nonmetal_precision"] = precision(probability <= 0.5, ~metal)
    if "band_gap" in predictions:
        insulators = np.where(labels["metal"] > 0.5, np.nan, labels["band_gap"])
        scores["band_gap_mae_insulators"] = mean_absolute_error(predictions["band_gap"], insulators)
    return scores


def fit_network(
    name: str, train: Part, val: Part, options: FitOptions, out: Path, device: str = "cpu"
) -> tuple[BaselineNetwork, float]:
    """Fit one of :data:`~reproduce.baselines.models.NETWORKS`.

    Parameters
    ----------
    name
        Name of the network.
    train, val
        Data for the fit, and for choosing the best epoch.
    options, out, device
        As for :func:`ase_ecn.training.fits.loop.fit`, which continues where it was interrupted.

    Returns
    -------
    model, wall_time
        The network with the best averaged weights, and the time of the fit in seconds.
    """
    torch.manual_seed(options.seed)
    model: BaselineNetwork = NETWORKS[name](tuple(train.labels))
    classes = frozenset(filter(is_class, train.labels))
    model.set_units(train.labels, classes)
    model.to(device)
    scales = dict(zip(model.targets, model.scale.tolist(), strict=True))

    def batches(rng: np.random.Generator) -> Iterator[tuple[NeighborBatch, dict[str, Tensor]]]:
        for indices in shuffled_batches(len(train.graphs), options.batch_size, rng):
            labels = {
                k: torch.as_tensor(v, dtype=torch.float32, device=device)
                for k, v in train.labels_of(indices).items()
            }
            yield train.graphs.batch(indices, device=device), labels

    def loss(network: nn.Module, batch: tuple[NeighborBatch, dict[str, Tensor]]) -> Tensor:
        return multitask_loss(network(batch[0]), batch[1], scales, LOSS_WEIGHTS, classes)

    def validate(network: nn.Module) -> dict[str, float]:
        scores = table_scores(predict(network, val.graphs, device), val.labels)
        errors = {k: scores[f"{k}_mae"] / scales[k] for k in model.targets if not is_class(k)}
        areas = {k: 1 - scores[f"{k}_auc"] for k in model.targets if is_class(k)}
        return {**scores, "score": sum(errors.values()) + sum(areas.values())}

    task = Task(
        batches=batches,
        batches_per_epoch=-(-len(train.graphs) // options.batch_size),
        loss=loss,
        validate=validate,
        monitor="score",
    )
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    return model.eval(), result.wall_time


def predict(
    network: nn.Module, graphs: NeighborGraphs, device: str = "cpu", batch_size: int = 256
) -> Labels:
    """(G,) or (N,) predictions in physical units by property, probabilities for classes."""
    parts: list[dict[str, Tensor]] = []
    with torch.inference_mode():
        for start in range(0, len(graphs), batch_size):
            indices = np.arange(start, min(start + batch_size, len(graphs)))
            parts.append(network(graphs.batch(indices, device=device)))
    joined = {k: torch.cat([part[k] for part in parts]).double() for k in parts[0]}
    return {k: of_output(k).physical(v.cpu().numpy()) for k, v in joined.items()}


def is_class(name: str) -> bool:
    """Whether an output of a network is the probability of a class."""
    return of_output(name).kind == "class"
