"""Fit of heads for response tensors on the trunk of an SO(3)-equivariant network.

There are few labels, so the trunk begins as a fit to energies and forces has made it. It may stay
so: then its features are computed once, and what the network gave before remains. Or it is fitted
too, more slowly: its tensors are better, and its energies are lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.graphs.spheres import SphereBatch
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.nn.so3.tensor_heads import AtomFeatures
from ase_ecn.training.data.tensor_rows import (
    SHAPES,
    TensorRows,
    load_tensor_rows,
    rows_with_labels,
)
from ase_ecn.training.fits.config import TensorsConfiguration
from ase_ecn.training.fits.loop import (
    FitResult,
    Task,
    batch_count,
    fit,
    shuffled_batches,
)
from ase_ecn.training.fits.start import giving_energies, start_from
from ase_ecn.training.fits.tensor_losses import tensor_loss, tensor_scores, units

_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Fitted:
    """A fit: its network, how it went, and rows to fit to and held out."""

    model: SO3Network
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
    """Crystals, features of their atoms if they are known, and labels by name."""

    graph: SphereBatch
    features: AtomFeatures | None
    labels: dict[str, Tensor]


def fit_tensors(config: TensorsConfiguration, data: Path, out: Path, device: str) -> Fitted:
    """Fit the heads and, if the configuration says so, the trunk.

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
        The network with the best averaged weights, on the CPU, and what it was fitted to. If the
        trunk was fitted too, it is a member of an ensemble whose other member gives the energies
        of the checkpoint that the fit began with.
    """
    cutoff = config.model.cutoff
    rows = load_tensor_rows(data, cutoff, "train", config.data.further)
    held = load_tensor_rows(data, cutoff, "val")
    model, result = fit_to_rows(config, rows, held, out, device)
    if config.init and config.trunk_learning_rate:
        return Fitted(_with_energies(model, config.init), result, rows, held)
    return Fitted(model, result, rows, held)


def _with_energies(model: SO3ECN, init: str) -> SO3Ensemble:
    """The energies of the checkpoint that a fit began with, and the tensors of another."""
    source = giving_energies(init).network
    assert isinstance(source, SO3ECN)
    energies = source.without_heads()
    return SO3Ensemble([energies, model], {model.config.target: (1.0, 0.0)}).eval()


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
    groups = _fitted_groups(model, config.trunk_learning_rate)
    model.to(device)
    frozen = not config.trunk_learning_rate
    known = _known(model, rows, device) if frozen else None
    known_held = _known(model, held, device) if frozen else None
    scales = {name: s for name, s in units(rows.labels).items() if name in model.targets}
    size = options.batch_size
    useful = rows_with_labels(rows, config.model.tensor_targets)

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for places in shuffled_batches(len(useful), size, rng):
            indices = useful[places]
            made = rows.batch(indices)
            labels = {name: values.to(device) for name, values in made.labels.items()}
            yield Batch(made.graph.to(device), known.of(indices) if known else None, labels)

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(network, SO3ECN)
        features = network.features(batch.graph) if batch.features is None else batch.features
        outputs = network.tensors_of(batch.graph, features)
        return tensor_loss(outputs, batch.labels, scales, config.loss_weights)

    def validate(network: nn.Module) -> dict[str, float]:
        assert isinstance(network, SO3ECN)
        val = known_held or _known(network, held, device)
        scores = tensor_scores(predicted(network, val, device), held.labels)
        lost = [1 - value for name, value in scores.items() if name.endswith("_skill")]
        return {**scores, "score": float(np.sum(lost)) + _logarithms(scores)}

    task = Task(
        batches=batches,
        batches_per_epoch=batch_count(len(useful), size),
        loss=loss,
        validate=validate,
        monitor="score",
        groups=groups,
    )
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    return model.cpu().eval(), result


def _fitted_groups(model: SO3ECN, trunk_learning_rate: float) -> list[dict[str, Any]]:
    """Parameters that are fitted, for the optimizer; all others get no gradients."""
    assert model.tensor_heads is not None
    model.requires_grad_(False)
    groups: list[dict[str, Any]] = [{"params": list(model.tensor_heads.parameters())}]
    if trunk_learning_rate:
        trunk = [*model.embedding.parameters(), *model.interactions.parameters()]
        # Decay would draw it to zero instead of to where it began.
        groups.append({"params": trunk, "lr": trunk_learning_rate, "weight_decay": 0.0})
    for group in groups:
        for parameter in group["params"]:
            parameter.requires_grad_(True)
    return groups


def _known(model: SO3ECN, rows: TensorRows, device: str) -> KnownFeatures:
    return KnownFeatures(rows, trunk_features(model, rows, device))


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


def predicted_tensors(
    model: SO3Network, rows: TensorRows, device: str
) -> dict[str, NDArray[np.float64]]:
    """(G, ...) tensors of all rows by name, of any network or ensemble."""
    parts: list[dict[str, NDArray[np.float64]]] = []
    with torch.inference_mode():
        for indices in _in_order(len(rows)):
            outputs = model.properties(rows.packed.batch(indices).graph.to(device))
            known = [name for name in outputs if name in SHAPES]
            parts.append({k: outputs[k].double().cpu().numpy() for k in known})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _in_order(size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, size, _EVALUATION_BATCH):
        yield np.arange(start, min(start + _EVALUATION_BATCH, size))
