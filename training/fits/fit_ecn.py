"""Fit of the Equivariant Crystal Network on MP-20 and site moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.properties import of_output
from ase_ecn.training.data.cache import LabelledGraphs, labelled_graphs
from ase_ecn.training.data.datasets import (
    Dataset,
)
from ase_ecn.training.data.elements import network_properties
from ase_ecn.training.fits import parallel
from ase_ecn.training.fits.config import ECNConfiguration
from ase_ecn.training.fits.loop import (
    FitResult,
    Task,
    batch_count,
    fit_to_best,
    shuffled_batches,
)
from ase_ecn.training.fits.losses import multitask_loss
from ase_ecn.training.fits.scores import ecn_scores, predict_graphs
from ase_ecn.training.fits.start import start_from


@dataclass(frozen=True)
class Batch:
    """Graphs and (B,) or (N,) labels.

    The last crystals may be further views of others, whose numbers ``twins`` holds in order.
    """

    graphs: BondBatch
    labels: dict[str, Tensor]
    twins: Tensor | None = None


def fit_ecn(config: ECNConfiguration, data: Path, out: Path, device: str) -> tuple[ECN, FitResult]:
    """Fit as a configuration says.

    Parameters
    ----------
    config
        What to fit to what.
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
    train = config.load(data, "train")
    val = None if config.data.with_val else config.load(data, "val")
    return fit_to_graphs(config, train, val, out, device)


def fit_to_graphs(
    config: ECNConfiguration,
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

    Raises
    ------
    OptionError
        If a target has no label.
    """
    options, section = config.fit, config.data
    torch.manual_seed(options.seed)
    model = ECN(config.model)
    _check_labels(config.model, train)
    _set_units(model, train)
    if model.config.features == "properties":
        model.embedding.table.copy_(torch.as_tensor(network_properties()))
    if config.init:
        start_from(model, config.init)
    model.to(device)
    scales = dict(zip(model.targets, model.scale.tolist(), strict=True))
    classes = frozenset(name for name in model.targets if of_output(name).kind == "class")
    sizes = np.diff(train.graphs.atom_offsets)

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for indices in shuffled_batches(len(train.graphs), options.batch_size, rng):
            twins = np.flatnonzero(sizes[indices] <= section.twin_atoms)
            both = np.concatenate([indices, indices[twins]])
            large = rng.random(len(both)) < section.supercell_views
            large[twins], large[len(indices) :] = False, True
            mine, my_twins = _shared(len(indices), twins)
            batch = make_batch(train, both[mine], model.config, device)
            graphs = _large_supercells(_one_view(batch.graphs, rng), large[mine])
            yield replace(batch, graphs=graphs, twins=torch.as_tensor(my_twins, device=device))

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        outputs = network(batch.graphs)
        total = multitask_loss(outputs, batch.labels, scales, config.loss_weights, classes)
        if batch.twins is not None and parallel.total(len(batch.twins)):
            crystal_outputs = {k: outputs[k] for k in model.config.crystal_targets}
            total = total + section.twin_weight * twin_differences(
                crystal_outputs, batch.twins, scales
            )
        return total

    task = Task(
        batches=batches,
        batches_per_epoch=batch_count(len(train.graphs), options.batch_size),
        loss=loss,
        validate=None if val is None else partial(_validate, val=val, scales=scales, device=device),
        monitor="score",
    )
    return model, fit_to_best(model, task, options, out)


def labelled_graphs_for(dataset: Dataset, config: ECNConfig) -> LabelledGraphs:
    """Labelled graphs as a network wants them, not cached."""
    labelled = labelled_graphs(dataset, config.bonds, config.motif)
    return replace(labelled, graphs=labelled.graphs.with_group(config.group))


def _check_labels(config: ECNConfig, train: LabelledGraphs) -> None:
    for of, targets, labels in (
        ("crystals", config.crystal_targets, train.targets),
        ("atoms", config.site_targets, train.site_targets),
    ):
        for name in targets:
            if name not in labels or np.isnan(labels[name]).all():
                there = [k for k, v in labels.items() if not np.isnan(v).all()]
                raise OptionError(
                    f"the data have no labels of {of} called {name!r}; there are "
                    f"{', '.join(there) or 'none'}"
                )


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


def _validate(
    model: nn.Module, *, val: LabelledGraphs, scales: dict[str, float], device: str
) -> dict[str, float]:
    scores = ecn_scores(predict_graphs(model, val, device), val)
    total = sum(v / scales[k.removesuffix("_mae")] for k, v in scores.items() if k.endswith("_mae"))
    total += sum(1 - v for k, v in scores.items() if k.endswith("_auc"))
    return {**scores, "score": total}
