"""Fit of heads for response tensors on the trunk of an SO(3)-equivariant network.

There are few labels, so the trunk stays as a fit to energies and forces has made it: its features
are computed once, and what the network gave before remains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.graphs.spheres import SphereBatch
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.tensor_heads import AtomFeatures
from ase_ecn.training.data.tensor_rows import TensorRows, load_tensor_rows
from ase_ecn.training.fits.config import TensorsConfiguration
from ase_ecn.training.fits.loop import (
    FitResult,
    Task,
    batch_count,
    fit,
    shuffled_batches,
)
from ase_ecn.training.fits.start import start_from
from ase_ecn.training.fits.tensor_losses import tensor_loss, tensor_scores, units

_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Fitted:
    """A fit: its network, how it went, and rows to fit to and held out."""

    model: SO3ECN
    result: FitResult
    rows: TensorRows
    held: TensorRows


@dataclass(frozen=True)
class KnownFeatures:
    """Rows, and the trunk's features of their atoms."""

    rows: TensorRows
    features: AtomFeatures

    def of(self, indices: NDArray[np.int64]) -> AtomFeatures:
        """Features of the atoms of some crystals."""
        atoms = torch.from_numpy(self.rows.atoms_of(indices))
        earlier = {degree: part[atoms] for degree, part in self.features.earlier.items()}
        return AtomFeatures(self.features.scalars[atoms], earlier)


@dataclass(frozen=True)
class Batch:
    """Crystals, features of their atoms, and labels by name."""

    graph: SphereBatch
    features: AtomFeatures
    labels: dict[str, Tensor]


def fit_tensors(config: TensorsConfiguration, data: Path, out: Path, device: str) -> Fitted:
    """Fit the heads.

    Parameters
    ----------
    config
        What to fit to, and how; ``init`` has the trunk.
    data
        Folder of data sets.
    out
        For logs and states; an interrupted fit goes on.
    device
        Where to train.

    Returns
    -------
    Fitted
        The network with the best averaged heads, on the CPU, and what it was fitted to.
    """
    cutoff = config.model.cutoff
    rows = load_tensor_rows(data, cutoff, "train", config.data.further)
    held = load_tensor_rows(data, cutoff, "val")
    model, result = fit_to_rows(config, rows, held, out, device)
    return Fitted(model, result, rows, held)


def fit_to_rows(
    config: TensorsConfiguration, rows: TensorRows, held: TensorRows, out: Path, device: str
) -> tuple[SO3ECN, FitResult]:
    """Fit to packed crystals.

    Parameters
    ----------
    config, out, device
        As for :func:`fit_tensors`.
    rows, held
        To fit to, and to choose the best epoch by.
    """
    options = config.fit
    torch.manual_seed(options.seed)
    model = SO3ECN(config.model)
    if config.init:
        start_from(model, config.init)
    model.requires_grad_(False).to(device)
    assert model.tensor_heads is not None
    model.tensor_heads.requires_grad_(True)
    train, val = (KnownFeatures(part, trunk_features(model, part, device)) for part in (rows, held))
    scales = {name: s for name, s in units(rows.labels).items() if name in model.targets}
    size = options.batch_size

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for indices in shuffled_batches(len(rows), size, rng):
            made = rows.batch(indices)
            labels = {name: values.to(device) for name, values in made.labels.items()}
            yield Batch(made.graph.to(device), train.of(indices), labels)

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(network, SO3ECN)
        outputs = network.tensors_of(batch.graph, batch.features)
        return tensor_loss(outputs, batch.labels, scales, config.loss_weights)

    def validate(network: nn.Module) -> dict[str, float]:
        assert isinstance(network, SO3ECN)
        scores = tensor_scores(predicted(network, val, device), held.labels)
        lost = [1 - value for name, value in scores.items() if name.endswith("_skill")]
        return {**scores, "score": float(np.sum(lost)) + _logarithms(scores)}

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


def _logarithms(scores: Mapping[str, float]) -> float:
    """Errors of the logarithms of the moduli, in tenths of a decade."""
    names = ("log10_bulk_modulus_mae", "log10_shear_modulus_mae")
    return float(sum(scores.get(name, 0.0) for name in names)) / 0.1


def trunk_features(model: SO3ECN, rows: TensorRows, device: str) -> AtomFeatures:
    """Features of the atoms of all rows."""
    parts = []
    with torch.no_grad():
        for indices in _in_order(len(rows)):
            graph = rows.packed.batch(indices).graph.to(device)
            parts.append(model.features(graph).detached())
    degrees = parts[0].earlier
    earlier = {degree: torch.cat([part.earlier[degree] for part in parts]) for degree in degrees}
    return AtomFeatures(torch.cat([part.scalars for part in parts]), earlier)


def predicted(model: SO3ECN, known: KnownFeatures, device: str) -> dict[str, NDArray[np.float64]]:
    """(G, ...) tensors of all rows by name."""
    parts: list[dict[str, NDArray[np.float64]]] = []
    with torch.inference_mode():
        for indices in _in_order(len(known.rows)):
            graph = known.rows.packed.batch(indices).graph.to(device)
            outputs = model.tensors_of(graph, known.of(indices))
            parts.append({k: v.double().cpu().numpy() for k, v in outputs.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _in_order(size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, size, _EVALUATION_BATCH):
        yield np.arange(start, min(start + _EVALUATION_BATCH, size))
