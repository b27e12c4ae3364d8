"""Fit of an SO(3)-equivariant network to DFT's energies and to further properties, all at once.

The trunk comes from a fit to a potential's labels (:mod:`ase_ecn.training.fits.fit_so3`), some of
which stay in each batch, with their forces, so that the network does not forget what crystals far
from their minimum are like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.heads import ADDED_TO
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.properties import FORMATION_ENERGY, of_output
from ase_ecn.training.data.dft_labels import ABOVE_HULL
from ase_ecn.training.data.labels import LabelBatch
from ase_ecn.training.data.property_rows import (
    PropertyBatch,
    PropertyRows,
    load_property_rows,
)
from ase_ecn.training.fits.config import PropertiesConfiguration
from ase_ecn.training.fits.fit_so3 import LabelSource, batch_loss, drawn, set_units, sources_of
from ase_ecn.training.fits.loop import (
    FitResult,
    Task,
    batch_count,
    fit,
    shuffled_batches,
)
from ase_ecn.training.fits.losses import multitask_loss
from ase_ecn.training.fits.scores import ecn_scores, gap_scores
from ase_ecn.training.fits.start import start_from

UNSTABLE = 0.1
"""eV/atom above the hull, from where a crystal is scored apart."""
_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Batch:
    """Crystals with DFT's labels; some of the teacher's, with forces and with energies alone."""

    rows: PropertyBatch
    teacher: tuple[LabelBatch | None, LabelBatch | None]


@dataclass(frozen=True)
class Fitted:
    """A fit: its network, how it went, rows to fit to and held out, and the teacher's labels."""

    model: SO3ECN
    result: FitResult
    rows: PropertyRows
    held: PropertyRows
    teacher: list[LabelSource]


def fit_properties(config: PropertiesConfiguration, data: Path, out: Path, device: str) -> Fitted:
    """Fit an SO3ECN with heads.

    Parameters
    ----------
    config
        What to fit to, and how.
    data
        Folder of data sets.
    out
        For logs and states; an interrupted fit goes on.
    device
        Where to train.

    Returns
    -------
    Fitted
        The network with the best averaged weights, on the CPU, and what it was fitted to.

    Raises
    ------
    OptionError, DatasetError
        If there are no such labels.
    """
    cutoff = config.model.cutoff
    rows = load_property_rows(data, config.data, cutoff, "train")
    held = load_property_rows(data, config.data, cutoff, "val")
    teacher = teacher_sources(config, data)
    model, result = fit_to_rows(config, rows, held, teacher, out, device)
    return Fitted(model, result, rows, held, teacher)


def teacher_sources(config: PropertiesConfiguration, data: Path) -> list[LabelSource]:
    """The teacher's labels that stay in the mix; forces of the main ones count."""
    share = (config.with_teacher, config.with_teacher)
    return sources_of(config.teacher, config.model, share, config.fit.seed, data)


def fit_to_rows(
    config: PropertiesConfiguration,
    rows: PropertyRows,
    held: PropertyRows,
    teacher: Sequence[LabelSource],
    out: Path,
    device: str,
) -> tuple[SO3ECN, FitResult]:
    """Fit to packed crystals.

    Parameters
    ----------
    config, out, device
        As for :func:`fit_properties`.
    rows, held
        To fit to, and to choose the best epoch by.
    teacher
        Kept in the mix.
    """
    options = config.fit
    torch.manual_seed(options.seed)
    model = SO3ECN(config.model)
    set_units(model, teacher[0].labels, teacher[0].train)
    set_head_units(model, rows)
    if config.init:
        start_from(model, config.init)
    model.to(device)
    scales = loss_scales(model)
    size = options.batch_size

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for indices in shuffled_batches(len(rows), size, rng):
            yield Batch(rows.batch(indices).to(device), drawn(teacher, rng, device))

    classes = frozenset(name for name in model.targets if of_output(name).kind == "class")

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(network, SO3ECN)
        outputs = network.properties(batch.rows.graph)
        labels = {name: batch.rows.labels[name] for name in network.targets}
        total = multitask_loss(outputs, labels, scales, config.loss_weights, classes)
        if batch.teacher == (None, None):
            return total
        return total + batch_loss(network, *batch.teacher, config.teacher_weights)

    def validate(network: nn.Module) -> dict[str, float]:
        assert isinstance(network, SO3ECN)
        predictions = predict_rows(network, held, device)
        scores = row_scores(predictions, held)
        weights = config.loss_weights
        total = 0.0
        for name in network.targets:
            error = scores.get(f"{name}_mae", 0.0) / scales[name]
            error += 1 - scores.get(f"{name}_auc", 1.0)
            total += weights.get(name, 1.0) * error
        return {**scores, "score": total}

    task = Task(
        batches=batches,
        batches_per_epoch=batch_count(len(rows), size),
        loss=loss,
        validate=validate,
        monitor="score",
    )
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    return model.cpu().eval(), result


def row_scores(
    predictions: Mapping[str, NDArray[np.float64]], rows: PropertyRows
) -> dict[str, float]:
    """Scores of the main set, and errors of energies of crystals far above the hull."""
    main = rows.of_main_set()
    scores = ecn_scores(predictions, main) | gap_scores(predictions, main)
    unstable = rows.targets[ABOVE_HULL] >= UNSTABLE
    error = (predictions[FORMATION_ENERGY] - rows.targets[FORMATION_ENERGY])[unstable]
    error = error[~np.isnan(error)]
    if len(error):
        scores["unstable_crystals"] = float(len(error))
        scores["unstable_formation_energy_mae"] = float(np.abs(error).mean())
        scores["unstable_formation_energy_bias"] = float(error.mean())
    return scores


def set_head_units(model: SO3ECN, rows: PropertyRows) -> None:
    """Shift and scale of the labels of each property, or of their difference to another.

    Raises
    ------
    OptionError
        If a property has no label.
    """
    if model.heads is None:
        return
    for k, name in enumerate(model.heads.targets):
        labels = rows.targets.get(name, rows.site_targets.get(name))
        other = ADDED_TO.get(name)
        if labels is not None and other is not None and other in model.heads.targets:
            labels = labels - rows.targets[other]
        if labels is None or np.isnan(labels).all():
            raise OptionError(f"the data have no labels of {name!r}")
        if of_output(name).kind != "class":
            model.heads.shift[k] = float(np.nanmean(labels))
            model.heads.scale[k] = float(np.nanstd(labels))


def loss_scales(model: SO3ECN) -> dict[str, float]:
    """Units of errors in the loss: 1 eV/atom of energies, the scales of the heads."""
    scales = {model.config.target: 1.0}
    if model.heads is not None:
        scales |= dict(zip(model.heads.targets, model.heads.scale.tolist(), strict=True))
    return scales


def predict_rows(
    model: SO3Network, rows: PropertyRows, device: str
) -> dict[str, NDArray[np.float64]]:
    """Predictions in physical units for all rows: (G,) and (N,), probabilities for classes."""
    parts: list[dict[str, NDArray[np.float64]]] = []
    with torch.inference_mode():
        for start in range(0, len(rows), _EVALUATION_BATCH):
            indices = np.arange(start, min(start + _EVALUATION_BATCH, len(rows)))
            outputs = model.properties(rows.packed.batch(indices).graph.to(device))
            parts.append({k: v.double().cpu().numpy() for k, v in outputs.items()})
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {name: of_output(name).physical(values) for name, values in joined.items()}
