"""Fit of the Equivariant Crystal Network on MP-20 and site moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.graphs.batch import BondBatch
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.properties import of_output
from ase_ecn.symmetry.colours import view_counts
from ase_ecn.training.data.cache import LabelledGraphs, labelled_graphs
from ase_ecn.training.data.datasets import (
    Dataset,
)
from ase_ecn.training.data.ecn_data import load_ecn_data, trains_on_val
from ase_ecn.training.data.elements import network_properties
from ase_ecn.training.fits import parallel
from ase_ecn.training.fits.loop import (
    FitOptions,
    FitResult,
    Task,
    batch_count,
    fit,
    shuffled_batches,
    start_from,
)
from ase_ecn.training.fits.losses import multitask_loss
from ase_ecn.training.fits.metrics import mean_absolute_error, roc_auc


@dataclass(frozen=True)
class Batch:
    """Graphs and (B,) or (N,) labels.

    The last crystals may be further views of others, whose numbers ``twins`` holds in order.
    """

    graphs: BondBatch
    labels: dict[str, Tensor]
    twins: Tensor | None = None


def fit_ecn(config: dict[str, Any], data: Path, out: Path, device: str) -> tuple[ECN, FitResult]:
    """Fit as a configuration says.

    Parameters
    ----------
    config
        Parsed YAML with ``model``, ``data``, ``fit``, ``loss_weights``; ``init`` to start from a
        checkpoint.
    data, out
        Folder of data sets, and for logs and states.
    device
        Where to train.

    Returns
    -------
    model, result
        The network with the best averaged weights (the last ones where the validation split is
        trained on too), on the CPU, and how the fit went.
    """
    train = load_ecn_data(data, config, "train")
    val = None if trains_on_val(config) else load_ecn_data(data, config, "val")
    return fit_to_graphs(config, train, val, out, device)


def fit_to_graphs(
    config: dict[str, Any],
    train: LabelledGraphs,
    val: LabelledGraphs | None,
    out: Path,
    device: str,
) -> tuple[ECN, FitResult]:
    """Fit to labelled graphs, whose translations are coloured by the network's group.

    Parameters
    ----------
    config, out, device
        As for :func:`fit_ecn`.
    train, val
        To fit to, and to choose the best epoch by; without the latter the last one counts.
    """
    options = FitOptions(**config["fit"])
    torch.manual_seed(options.seed)
    model = ECN(model_config(config["model"]))
    _set_units(model, train)
    if model.config.features == "properties":
        model.embedding.table.copy_(torch.as_tensor(network_properties()))
    if "init" in config:
        start_from(model, config["init"])
    model.to(device)
    scales = dict(zip(model.targets, model.scale.tolist(), strict=True))
    views = float(config["data"].get("supercell_views", 0.5))
    largest_twin = int(config["data"].get("twin_atoms", 0))
    twin_weight = float(config["data"].get("twin_weight", 1.0))
    weights = config.get("loss_weights", {})
    classes = frozenset(name for name in model.targets if of_output(name).kind == "class")
    sizes = np.diff(train.graphs.atom_offsets)

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for indices in shuffled_batches(len(train.graphs), options.batch_size, rng):
            twins = np.flatnonzero(sizes[indices] <= largest_twin)
            both = np.concatenate([indices, indices[twins]])
            large = rng.random(len(both)) < views
            large[twins], large[len(indices) :] = False, True
            mine, my_twins = _shared(len(indices), twins)
            batch = make_batch(train, both[mine], model.config, device)
            graphs = _large_supercells(_one_view(batch.graphs, rng), large[mine])
            yield replace(batch, graphs=graphs, twins=torch.as_tensor(my_twins, device=device))

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        outputs = network(batch.graphs)
        total = multitask_loss(outputs, batch.labels, scales, weights, classes)
        if batch.twins is not None and parallel.total(len(batch.twins)):
            crystal_outputs = {k: outputs[k] for k in model.config.crystal_targets}
            total = total + twin_weight * twin_differences(crystal_outputs, batch.twins, scales)
        return total

    task = Task(
        batches=batches,
        batches_per_epoch=batch_count(len(train.graphs), options.batch_size),
        loss=loss,
        validate=None if val is None else partial(_validate, val=val, scales=scales, device=device),
        monitor="score",
    )
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    return model.cpu().eval(), result


def model_config(section: dict[str, Any]) -> ECNConfig:
    """Architecture from the section ``model`` of a configuration."""
    options: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in section.items()
    }
    return ECNConfig(**options)


def labelled_graphs_for(dataset: Dataset, config: ECNConfig) -> LabelledGraphs:
    """Labelled graphs as a network wants them, not cached."""
    labelled = labelled_graphs(dataset, config.bonds, config.motif)
    return replace(labelled, graphs=labelled.graphs.with_group(config.group))


def _set_units(model: ECN, train: LabelledGraphs) -> None:
    for k, name in enumerate(model.targets):
        if of_output(name).kind == "class":
            continue
        labels = train.targets.get(name, train.site_targets.get(name))
        assert labels is not None
        model.shift[k] = float(np.nanmean(labels))
        model.scale[k] = float(np.nanstd(labels))


def make_batch(
    labelled: LabelledGraphs, indices: NDArray[np.int64], config: ECNConfig, device: str
) -> Batch:
    """Tensors for some crystals with the labels that the network predicts."""
    graphs = labelled.graphs.batch(indices, device=device)
    atoms = labelled.graphs.atoms_of(indices)
    labels = {name: labelled.targets[name][indices] for name in config.crystal_targets}
    labels |= {name: labelled.site_targets[name][atoms] for name in config.site_targets}
    return Batch(
        graphs,
        {k: torch.as_tensor(v, dtype=torch.float32, device=device) for k, v in labels.items()},
    )


def _shared(size: int, twins: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Select this process's part of a batch of ``size`` crystals and second views of some.

    Returns
    -------
    mine
        Places in the batch, second views last.
    my_twins
        Those of ``mine`` that have a second view, in its order.
    """
    first = parallel.own_part(size)
    with_view = np.isin(twins, first)
    mine = np.concatenate([first, size + np.flatnonzero(with_view)])
    return mine, np.searchsorted(first, twins[with_view])


def _large_supercells(graphs: BondBatch, chosen: NDArray[np.bool_]) -> BondBatch:
    """Show some crystals as supercells so large that no bond joins an atom to its own image.

    The graph of such a supercell has the same quotient but other colours, so this costs nothing
    and teaches the network to give both views the same properties.
    """
    device = graphs.source.device
    large = torch.as_tensor(chosen).to(device)[graphs.crystal_of_atom[graphs.source]]
    return replace(graphs, own_image=graphs.own_image & ~large)


def _one_view(graphs: BondBatch, rng: np.random.Generator) -> BondBatch:
    """Names of the axes drawn at random, where the network would average over them."""
    views = graphs.translation_colours.shape[1]
    if views == 1:
        return graphs
    view = int(rng.integers(views))
    return replace(graphs, translation_colours=graphs.translation_colours[:, view : view + 1])


def twin_differences(outputs: dict[str, Tensor], twins: Tensor, scales: dict[str, float]) -> Tensor:
    """How much two views of the same crystals differ: the mean over crystals, summed over targets.

    Parameters
    ----------
    outputs
        (B,) for each crystal target; the last are the second views.
    twins
        (T,) crystals that have a second view, in the order of the second views.
    scales
        Units of the targets.
    """
    parts = [
        parallel.batch_mean((output[twins] - output[len(output) - len(twins) :]).abs())
        / scales[name]
        for name, output in outputs.items()
    ]
    return torch.stack(parts).sum()


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


def ecn_scores(
    predictions: dict[str, NDArray[np.float64]], labelled: LabelledGraphs
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


def _validate(
    model: nn.Module, *, val: LabelledGraphs, scales: dict[str, float], device: str
) -> dict[str, float]:
    scores = ecn_scores(predict_graphs(model, val, device), val)
    total = sum(v / scales[k.removesuffix("_mae")] for k, v in scores.items() if k.endswith("_mae"))
    total += sum(1 - v for k, v in scores.items() if k.endswith("_auc"))
    return {**scores, "score": total}
