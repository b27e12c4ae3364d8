"""Small SO(3)-equivariant networks with classes of bonds, from scratch, at equal epochs.

All kinds of classes see the same crystals in the same batches from the same first seed. Scores are
those of the validation split, of the averaged weights after the last epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.graphs.spheres import SphereBatch
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.tensor_rows import SHAPES
from ase_ecn.training.fits.loop import FitOptions, Task, fit_to_best
from ase_ecn.training.fits.tensor_losses import tensor_loss, tensor_scores, units
from reproduce.class_tables.targets import BAND_GAP, CUTOFF, TENSORS

WIDTHS, LAYERS = (32, 16, 16), 2
_BATCH = 32
_DECAY = 0.98


@dataclass(frozen=True)
class Batch:
    """Crystals, and labels (B, ...) by name."""

    graph: SphereBatch
    labels: dict[str, Tensor]


def architecture(target: str, classes: str) -> SO3ECNConfig:
    """The network of one row of the table."""
    plain = SO3ECNConfig(WIDTHS, LAYERS, CUTOFF, dropout=0.1, classes=classes)
    if target in TENSORS:
        return replace(plain, tensor_targets=(TENSORS[target],))
    return replace(plain, crystal_targets=(BAND_GAP,))


def prepared(dataset: Dataset, config: SO3ECNConfig) -> list[Batch]:
    """Batches of always the same crystals, with the classes of their bonds.

    The energies among the labels are without what depends on guessed oxidation states, which the
    network does not learn.
    """
    network = SO3ECN(config)
    order = np.random.default_rng(0).permutation(len(dataset))
    batches = []
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        graphs = network.graphs([dataset.crystals[k] for k in chosen])
        labels = {
            name: torch.as_tensor(dataset.targets[name][chosen]).float()
            for name in _labels_of(config)
        }
        if FORMATION_ENERGY in labels:
            labels[FORMATION_ENERGY] -= graphs.constants.float()
        batches.append(Batch(graphs.batch.to("cpu", torch.float32), labels))
    return batches


def _labels_of(config: SO3ECNConfig) -> tuple[str, ...]:
    # What is missing of other tensors is asked for by the loss.
    return tuple(SHAPES) if config.tensor_targets else (FORMATION_ENERGY, *config.crystal_targets)


def fitted(
    config: SO3ECNConfig, batches: Sequence[Batch], epochs: int, learning_rate: float, seed: int
) -> SO3ECN:
    """A network that was fitted to some batches."""
    torch.manual_seed(seed)
    model = SO3ECN(config)
    labels = joined_labels(batches)
    scales = units(labels) if config.tensor_targets else _set_units(model, batches, labels)
    scales = {name: scales[name] for name in scales if name in model.targets}

    def shuffled(rng: np.random.Generator) -> Iterator[Batch]:
        return iter([batches[k] for k in rng.permutation(len(batches))])

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(network, SO3ECN)
        if not config.tensor_targets:
            return _number_loss(network.properties(batch.graph), batch.labels, scales)
        outputs = network.tensors_of(batch.graph, network.features(batch.graph))
        return tensor_loss(outputs, batch.labels, scales, {})

    task = Task(shuffled, len(batches), loss, validate=None, monitor="")
    options = FitOptions(
        epochs, seed=seed, learning_rate=learning_rate, ema_decay=_DECAY, patience=epochs
    )
    with TemporaryDirectory() as folder:
        fit_to_best(model, task, options, Path(folder))
    return model


def joined_labels(batches: Sequence[Batch]) -> dict[str, NDArray[np.float64]]:
    """(G, ...) labels of all crystals, in the order of the batches."""
    names = batches[0].labels
    return {n: torch.cat([b.labels[n] for b in batches]).double().numpy() for n in names}


def scores(model: SO3ECN, batches: Sequence[Batch]) -> dict[str, float]:
    """Errors of a network: as :func:`tensor_scores` has them, or ``NAME_mae`` of numbers."""
    outputs = []
    with torch.inference_mode():
        for batch in batches:
            if model.tensor_heads is not None:
                found = model.tensors_of(batch.graph, model.features(batch.graph))
            else:
                found = model.properties(batch.graph)
            outputs.append({k: v.double().numpy() for k, v in found.items()})
    predictions = {n: np.concatenate([one[n] for one in outputs]) for n in outputs[0]}
    labels = joined_labels(batches)
    if model.tensor_heads is not None:
        return tensor_scores(predictions, labels)
    return {f"{n}_mae": float(np.abs(predictions[n] - v).mean()) for n, v in labels.items()}


def _number_loss(
    outputs: Mapping[str, Tensor], labels: Mapping[str, Tensor], scales: Mapping[str, float]
) -> Tensor:
    errors = [(outputs[n] - label).abs().mean() / scales[n] for n, label in labels.items()]
    return torch.stack(errors).sum()


def _set_units(
    model: SO3ECN, batches: Sequence[Batch], labels: Mapping[str, NDArray[np.float64]]
) -> dict[str, float]:
    """Energies of elements by least squares; the deviations of what the network learns of them."""
    shares = np.concatenate([_shares(batch.graph) for batch in batches])
    elements = shares.shape[1]
    # Elements without labels stay at zero.
    rows = np.vstack([shares, 1e-3 * np.eye(elements)])
    energies = labels[FORMATION_ENERGY]
    constants, *_ = np.linalg.lstsq(rows, np.append(energies, np.zeros(elements)), rcond=None)
    left = float((energies - shares @ constants).std())
    model.element_energies.copy_(torch.as_tensor(constants))
    model.scale.fill_(left)
    return {FORMATION_ENERGY: left, BAND_GAP: float(labels[BAND_GAP].std())}


def _shares(graph: SphereBatch) -> NDArray[np.float64]:
    counts = np.zeros((len(graph.atom_counts), 119))
    np.add.at(counts, (graph.crystal_of_atom.numpy(), graph.numbers.numpy()), 1.0)
    shares: NDArray[np.float64] = counts / counts.sum(axis=1, keepdims=True)
    return shares
