"""Fit of an SO(3)-equivariant crystal network to energies, forces and stresses.

Each batch has crystals whose energies alone count, which costs little, and a share whose forces
and stresses count too. For these the network runs twice: once for energies and pulls p = dE/dv
of the bonds, which give the loss and its derivatives by E and p; and once with the bonds moving
along dL/dp. The gradient of dL/dE E + (dL/dp . d/dv) E by the weights is that of the loss.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from ase import units
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import DatasetError
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_network import SO3Network, forces_and_stress
from ase_ecn.training.data.held_out import held_out_compositions
from ase_ecn.training.data.labels import (
    HELD_OUT,
    LabelBatch,
    LabelData,
    PackedLabels,
    joined,
    load_labels,
)
from ase_ecn.training.fits.config import SO3Configuration
from ase_ecn.training.fits.loop import FitResult, Task, fit
from ase_ecn.training.fits.loss_weights import LabelWeights
from ase_ecn.training.fits.start import start_from

logger = logging.getLogger(__name__)

_MOST_FORCE = 20.0  # eV/Å, and
_MOST_STRESS = 100.0  # GPa: larger errors count as this
_EVALUATION_BATCH = 64
_CRYSTALS_FOR_UNITS = 60_000


def fit_so3(
    config: SO3Configuration, data: Path | None, out: Path, device: str
) -> tuple[SO3ECN, FitResult, list[LabelSource]]:
    """Fit an SO3ECN.

    Parameters
    ----------
    config
        What to fit to, and how.
    data
        Folder of data sets; only the teacher's labels need it.
    out
        For logs and states; an interrupted fit goes on.
    device
        Where to train.

    Returns
    -------
    model, result, sources
        The network with the best averaged weights, on the CPU, how the fit went, and the labels,
        the main ones first.

    Raises
    ------
    OptionError, DatasetError
        If there are no such labels.
    """
    model_config = config.model
    sources = label_sources(config, data)
    main = sources[0]
    torch.manual_seed(config.fit.seed)
    model = SO3ECN(model_config)
    set_units(model, main.labels, main.train)
    if config.init:
        start_from(model, config.init)
    model.to(device)

    def batches(rng: np.random.Generator) -> Iterator[tuple[LabelBatch | None, LabelBatch | None]]:
        for _ in range(config.batches_per_epoch):
            yield drawn(sources, rng, device)

    def loss(network: nn.Module, batch: tuple[LabelBatch | None, LabelBatch | None]) -> Tensor:
        assert isinstance(network, SO3ECN)
        return batch_loss(network, *batch, config.loss_weights)

    def validate(network: nn.Module) -> dict[str, float]:
        assert isinstance(network, SO3ECN)
        scores = label_scores(network, main.labels, main.held, device)
        weights = config.loss_weights
        total = (
            weights.energy * scores["energy_mae"]
            + weights.forces * scores["forces_mae"]
            + weights.stress * scores["stress_mae"]
        )
        return {**scores, "score": total}

    task = Task(
        batches=batches,
        batches_per_epoch=config.batches_per_epoch,
        loss=loss,
        validate=validate if len(main.held) else None,
        monitor="score",
    )
    result = fit(model, task, config.fit, out)
    model.load_state_dict(result.weights)
    return model.cpu().eval(), result, sources


@dataclass(frozen=True)
class LabelSource:
    """Labels of which each batch has some.

    Attributes
    ----------
    labels
        All of them.
    train, held
        Indices of crystals to train on, and of held-out ones to score.
    crystals, with_forces
        Crystals in a batch, and those of them whose forces and stresses count.
    """

    labels: PackedLabels
    train: NDArray[np.int64]
    held: NDArray[np.int64]
    crystals: int
    with_forces: int

    def draw(self, rng: np.random.Generator) -> tuple[LabelBatch | None, LabelBatch | None]:
        """Random crystals, with forces and with energies alone."""
        few = len(self.train) < self.crystals
        chosen = rng.choice(self.train, self.crystals, replace=few)
        moved, still = chosen[: self.with_forces], chosen[self.with_forces :]
        return (
            self.labels.batch(np.sort(moved)) if len(moved) else None,
            self.labels.batch(np.sort(still)) if len(still) else None,
        )


def label_sources(config: SO3Configuration, data: Path | None) -> list[LabelSource]:
    """Labels that a configuration names, the main ones first.

    Raises
    ------
    OptionError, DatasetError
        If there are no such labels, or none is left to train on.
    """
    size, seed = config.fit.batch_size, config.fit.seed
    return sources_of(config.data, config.model, (size, config.with_forces), seed, data)


def sources_of(
    section: LabelData,
    model: SO3ECNConfig,
    main: tuple[int, int],
    seed: int,
    data: Path | None,
) -> list[LabelSource]:
    """As :func:`label_sources`.

    Parameters
    ----------
    section, model
        Which labels, and the network that is fitted.
    main
        Crystals of the main labels in a batch, and those of them with forces.
    seed
        Says which of the held-out crystals are scored.
    data
        Folder of data sets.
    """
    keys: set[bytes] = set()
    for name in section.without:
        keys |= held_out_compositions(name, data)
    # Name, crystals, those with forces, and whether all compositions stay.
    sizes = [(section.name, *main, False)]
    sizes += [(p.name, p.crystals, p.with_forces, p.all_compositions) for p in section.further]
    sources = []
    for name, crystals, with_forces, all_compositions in sizes:
        labels = load_labels(name, data, model.cutoff, model.target)
        train, held = split_labels(labels, section.validation, seed)
        if keys and not all_compositions:
            left_out = labels.of_compositions(keys)[train]
            logger.info("%d of %d crystals of %s left out", left_out.sum(), len(train), name)
            train = train[~left_out]
        if not len(train):
            raise DatasetError(f"no labels of {name} are left to train on")
        sources.append(LabelSource(labels, train, held, crystals, with_forces))
    return sources


def drawn(
    sources: Sequence[LabelSource], rng: np.random.Generator, device: str
) -> tuple[LabelBatch | None, LabelBatch | None]:
    """Random crystals of all sources: those with forces, and those with energies alone."""
    parts = [source.draw(rng) for source in sources]
    moved, still = ([part for part in side if part] for side in zip(*parts, strict=True))
    return (
        _on(joined(moved), device) if moved else None,
        _on(joined(still), device) if still else None,
    )


def split_labels(
    labels: PackedLabels, most: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of crystals to train on, and of those of held-out sources, at most so many."""
    held = np.flatnonzero(labels.percent < HELD_OUT)
    train = np.flatnonzero(labels.percent >= HELD_OUT)
    return train, np.random.default_rng(seed).permutation(held)[:most]


def set_units(model: SO3ECN, labels: PackedLabels, train: NDArray[np.int64]) -> None:
    """Energies of elements by least squares, and the scale of what is left."""
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.permutation(train)[:_CRYSTALS_FOR_UNITS])
    sizes = labels.atoms[chosen + 1] - labels.atoms[chosen]
    counts = np.stack(
        [
            np.bincount(labels.numbers[labels.atoms[k] : labels.atoms[k + 1]], minlength=119)
            for k in chosen
        ]
    )
    shares, energies = counts / sizes[:, None], labels.energy[chosen]
    # Elements without labels stay at zero.
    rows = np.vstack([shares, 1e-3 * np.eye(119)])
    constants, *_ = np.linalg.lstsq(rows, np.concatenate([energies, np.zeros(119)]), rcond=None)
    model.element_energies.copy_(torch.as_tensor(constants))
    model.scale.fill_(float((energies - shares @ constants).std()) or 1.0)


def batch_loss(
    network: SO3ECN,
    moved: LabelBatch | None,
    still: LabelBatch | None,
    weights: LabelWeights,
) -> Tensor:
    """Loss of a batch, whose gradient by the weights is right; see above.

    Parameters
    ----------
    network
        In training.
    moved, still
        Crystals whose forces and stresses count, and those whose energies alone do.
    weights
        Of energies, forces and stresses.
    """
    crystals = sum(len(part.energy) for part in (moved, still) if part is not None)
    parts = []
    if still is not None:
        error = network.energies(still.graph) / still.graph.atom_counts - still.energy
        parts.append(error.abs().sum() * (weights.energy / crystals))
    if moved is not None:
        parts.append(_moved_loss(network, moved, weights, crystals))
    return torch.stack(parts).sum()


def _moved_loss(network: SO3ECN, batch: LabelBatch, weights: LabelWeights, crystals: int) -> Tensor:
    graph = batch.graph
    found = network.derivatives(graph)
    energies = found.energies.requires_grad_(True)
    pulls = found.pulls.requires_grad_(True)
    forces, stress = forces_and_stress(graph, pulls)
    error = (energies / graph.atom_counts - batch.energy).abs().sum() / crystals
    # Where a calculator gave no forces or no stress, there is nothing to learn.
    off = torch.nan_to_num(forces - batch.forces, nan=0.0)
    strained = torch.nan_to_num(stress - batch.stress, nan=0.0).abs() / units.GPa
    of_forces = off.norm(dim=1).clamp(max=_MOST_FORCE).mean()
    of_stress = strained.clamp(max=_MOST_STRESS).mean()
    value = weights.energy * error + weights.forces * of_forces + weights.stress * of_stress
    by_energy, by_pulls = torch.autograd.grad(value, (energies, pulls))
    again, rates = network.energies_moving(graph, by_pulls)
    surrogate = (again * by_energy).sum() + rates.sum()
    loss: Tensor = value.detach() + surrogate - surrogate.detach()
    return loss


def label_scores(
    network: SO3Network, labels: PackedLabels, indices: NDArray[np.int64], device: str
) -> dict[str, float]:
    """Mean absolute errors of energies (eV/atom), force (eV/Å) and stress components (GPa)."""
    errors: dict[str, list[Tensor]] = {"energy_mae": [], "forces_mae": [], "stress_mae": []}
    for start in range(0, len(indices), _EVALUATION_BATCH):
        # What is made in inference mode could not be differentiated.
        with torch.inference_mode(False):
            batch = _on(labels.batch(indices[start : start + _EVALUATION_BATCH]), device)
            energies, pulls = network.energies_and_pulls(batch.graph)
            forces, stress = forces_and_stress(batch.graph, pulls)
        errors["energy_mae"].append(energies / batch.graph.atom_counts - batch.energy)
        errors["forces_mae"].append((forces - batch.forces).flatten())
        errors["stress_mae"].append((stress - batch.stress).flatten() / units.GPa)
    return {name: _mean(torch.cat(parts)) for name, parts in errors.items()}


def _mean(errors: Tensor) -> float:
    """Mean absolute error of what is known, zero if nothing is."""
    return float(errors.double().abs().nanmean().nan_to_num(0.0))


def _on(batch: LabelBatch, device: str) -> LabelBatch:
    return batch if device == "cpu" else batch.to(device)
