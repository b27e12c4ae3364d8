"""Fit of an SO(3)-equivariant crystal network to energies, forces and stresses.

Each batch has crystals whose energies alone count, which costs little, and a share whose forces
and stresses count too. For these the network runs twice: once for energies and pulls p = dE/dv
of the bonds, which give the loss and its derivatives by E and p; and once with the bonds moving
along dL/dp. The gradient of dL/dE E + (dL/dp . d/dv) E by the weights is that of the loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import units
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.network import SO3ECN, SO3ECNConfig, forces_and_stress
from ase_ecn.training.data.cache import cache_folder
from ase_ecn.training.data.labels import (
    HELD_OUT,
    LabelBatch,
    PackedLabels,
    packed_labels,
    read_labels,
    teacher_labels,
)
from ase_ecn.training.fits.loop import FitOptions, FitResult, Task, fit, start_from

_MOST_FORCE = 20.0  # eV/Å, and
_MOST_STRESS = 100.0  # GPa: larger errors count as this
_EVALUATION_BATCH = 64
_CRYSTALS_FOR_UNITS = 60_000


@dataclass(frozen=True)
class SO3FitConfig:
    """What a fit is told.

    Attributes
    ----------
    labels
        ``"teacher"``, or the path of a file of labelled crystals.
    model
        The architecture.
    fit
        Schedule; a batch has ``fit.batch_size`` crystals. What counts as an epoch is
        ``batches_per_epoch`` batches.
    with_forces
        Crystals of a batch whose forces and stresses count.
    batches_per_epoch
        After so many the network is scored and the state stored.
    loss_weights
        Of the mean absolute errors of energies (eV/atom), of the lengths of the errors of forces
        (eV/Å) and of stress components (GPa).
    validation
        Held-out crystals that are scored, at most.
    init
        A checkpoint to start from.
    """

    labels: str = "teacher"
    model: SO3ECNConfig = field(default_factory=SO3ECNConfig)
    fit: FitOptions = field(default_factory=lambda: FitOptions(epochs=40, batch_size=48))
    with_forces: int = 12
    batches_per_epoch: int = 2000
    loss_weights: tuple[float, float, float] = (1.0, 0.1, 0.01)
    validation: int = 2000
    init: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.with_forces <= self.fit.batch_size:
            raise OptionError(
                f"with_forces must be between 0 and batch_size, {self.fit.batch_size}; "
                f"got {self.with_forces}"
            )


def fit_so3(
    config: SO3FitConfig, data: Path | None, out: Path, device: str
) -> tuple[SO3ECN, FitResult, PackedLabels]:
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
    model, result, labels
        The network with the best averaged weights, on the CPU, how the fit went, and the labels.

    Raises
    ------
    OptionError, DatasetError
        If there are no such labels.
    """
    labels = _labels(config, data)
    train, held = split(labels, config.validation, config.fit.seed)
    torch.manual_seed(config.fit.seed)
    model = SO3ECN(config.model)
    set_units(model, labels, train)
    if config.init:
        start_from(model, config.init)
    model.to(device)
    size, forces = config.fit.batch_size, config.with_forces

    def batches(rng: np.random.Generator) -> Iterator[tuple[LabelBatch | None, LabelBatch | None]]:
        for _ in range(config.batches_per_epoch):
            chosen = np.sort(rng.choice(train, size, replace=len(train) < size))
            rng.shuffle(chosen)
            moved, still = chosen[:forces], chosen[forces:]
            yield (
                _on(labels.batch(moved), device) if forces else None,
                _on(labels.batch(still), device) if len(still) else None,
            )

    def loss(network: nn.Module, batch: tuple[LabelBatch | None, LabelBatch | None]) -> Tensor:
        assert isinstance(network, SO3ECN)
        return batch_loss(network, *batch, config.loss_weights)

    def validate(network: nn.Module) -> dict[str, float]:
        assert isinstance(network, SO3ECN)
        scores = label_scores(network, labels, held, device)
        weights = config.loss_weights
        total = sum(w * s for w, s in zip(weights, scores.values(), strict=True))
        return {**scores, "score": total}

    task = Task(
        batches=batches,
        batches_per_epoch=config.batches_per_epoch,
        loss=loss,
        validate=validate if len(held) else None,
        monitor="score",
    )
    result = fit(model, task, config.fit, out)
    model.load_state_dict(result.weights)
    return model.cpu().eval(), result, labels


def _labels(config: SO3FitConfig, data: Path | None) -> PackedLabels:
    cutoff, target = config.model.cutoff, config.model.target
    if config.labels != "teacher":
        path = Path(config.labels)
        rows = read_labels(path)
        stamp = path.stat() if path.is_file() else None
        key = path.name if stamp is None else f"{path.name}-{stamp.st_size}-{stamp.st_mtime_ns}"
        return packed_labels(key, rows, cutoff, target, cache_folder())
    if data is None:
        raise OptionError("the teacher's labels need the folder of data sets")
    return packed_labels("teacher", teacher_labels(data), cutoff, target, cache_folder())


def split(
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
    weights: tuple[float, float, float],
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
        parts.append(error.abs().sum() * (weights[0] / crystals))
    if moved is not None:
        parts.append(_moved_loss(network, moved, weights, crystals))
    return torch.stack(parts).sum()


def _moved_loss(
    network: SO3ECN, batch: LabelBatch, weights: tuple[float, float, float], crystals: int
) -> Tensor:
    graph = batch.graph
    found = network.derivatives(graph)
    energies = found.energies.requires_grad_(True)
    pulls = found.pulls.requires_grad_(True)
    forces, stress = forces_and_stress(graph, pulls)
    error = (energies / graph.atom_counts - batch.energy).abs().sum() / crystals
    of_forces = (forces - batch.forces).norm(dim=1).clamp(max=_MOST_FORCE).mean()
    of_stress = ((stress - batch.stress).abs() / units.GPa).clamp(max=_MOST_STRESS).mean()
    value = weights[0] * error + weights[1] * of_forces + weights[2] * of_stress
    by_energy, by_pulls = torch.autograd.grad(value, (energies, pulls))
    again, rates = network.energies_moving(graph, by_pulls)
    surrogate = (again * by_energy).sum() + rates.sum()
    loss: Tensor = value.detach() + surrogate - surrogate.detach()
    return loss


def label_scores(
    network: SO3ECN, labels: PackedLabels, indices: NDArray[np.int64], device: str
) -> dict[str, float]:
    """Mean absolute errors of energies (eV/atom), force (eV/Å) and stress components (GPa)."""
    errors: dict[str, list[Tensor]] = {"energy_mae": [], "forces_mae": [], "stress_mae": []}
    for start in range(0, len(indices), _EVALUATION_BATCH):
        batch = _on(labels.batch(indices[start : start + _EVALUATION_BATCH]), device)
        found = network.derivatives(batch.graph)
        forces, stress = forces_and_stress(batch.graph, found.pulls)
        errors["energy_mae"].append(found.energies / batch.graph.atom_counts - batch.energy)
        errors["forces_mae"].append((forces - batch.forces).flatten())
        errors["stress_mae"].append((stress - batch.stress).flatten() / units.GPa)
    return {name: float(torch.cat(parts).double().abs().mean()) for name, parts in errors.items()}


def _on(batch: LabelBatch, device: str) -> LabelBatch:
    return batch if device == "cpu" else batch.to(device)


def config_from_dict(content: dict[str, Any]) -> SO3FitConfig:
    """Configuration of a parsed YAML file.

    Raises
    ------
    OptionError
        If it has a key that is not known.
    """
    sections = {"model": SO3ECNConfig, "fit": FitOptions}
    given = {k: v for k, v in content.items() if k not in ("network", "name")}
    for name, kind in sections.items():
        if name in given:
            given[name] = _section(kind, name, given[name])
    return _section(SO3FitConfig, "the configuration", given)  # type: ignore[no-any-return]


def _section(kind: type[Any], name: str, content: dict[str, Any]) -> Any:
    known = kind.__dataclass_fields__
    unknown = [key for key in content if key not in known]
    if unknown:
        raise OptionError(f"unknown key {unknown[0]!r} in {name}; known are {', '.join(known)}")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()})
