"""Fit of the lattice network by denoising (section 6 of the EMPNN paper)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import LatticeBatch, lattice_batch
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.training.cache import cached_dataset
from ase_ecn.training.datasets import READERS
from ase_ecn.training.fit import FitOptions, FitResult, Task, fit, shuffled_batches, start_from
from ase_ecn.training.losses import lattice_loss
from ase_ecn.training.metrics import (
    lattice_parameter_errors,
    niggli_basis,
    relative_length_errors,
)
from ase_ecn.training.noise import NoiseSchedule, gaussian_noise


@dataclass(frozen=True)
class Batch:
    """Deformed crystals, their true cells (B, 3, 3), and the weight of each in the loss."""

    crystals: LatticeBatch
    true_cells: Tensor
    weights: Tensor


def load_crystals(data: Path, name: str, split: str) -> list[Crystal]:
    """Crystals of one split in the Niggli basis, in which CDVAE and the paper use them."""
    dataset = cached_dataset(f"{name}-{split}", lambda: READERS[name](data, split))
    return [niggli_crystal(crystal) for crystal in dataset.crystals]


def niggli_crystal(crystal: Crystal) -> Crystal:
    """Return the same crystal with Niggli-reduced lattice vectors."""
    basis = niggli_basis(crystal.cell)
    return Crystal(
        crystal.numbers, basis @ crystal.cell, crystal.scaled_positions @ np.linalg.inv(basis)
    )


def fit_empnn(
    config: dict[str, Any], data: Path, out: Path, device: str
) -> tuple[EMPNN, FitResult]:
    """Fit as a configuration says.

    Parameters
    ----------
    config
        Parsed YAML with ``model``, ``data``, ``noise``, ``fit``, ``loss_offset``; ``init`` to
        start from a checkpoint.
    data, out
        Folder of data sets, and for logs and states.
    device
        Where to train.

    Returns
    -------
    model, result
        The network with the best averaged weights, on the CPU, and how the fit went.
    """
    options = FitOptions(**config["fit"])
    torch.manual_seed(options.seed)
    train = load_crystals(data, config["data"]["name"], "train")
    val = load_crystals(data, config["data"]["name"], "val")
    val = val[:: max(1, len(val) // int(config["data"].get("validation_crystals", 2000)))]
    model = EMPNN(model_config(config["model"]))
    if "init" in config:
        start_from(model, config["init"])
    model.to(device)
    schedule = NoiseSchedule(**config.get("noise", {}))
    offset = float(config.get("loss_offset", 0.05))
    cells = np.stack([crystal.cell for crystal in train])

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for indices in shuffled_batches(len(train), options.batch_size, rng):
            noisy = schedule.apply(cells[indices], rng)
            yield _make_batch([train[i] for i in indices], noisy, model.config, device, offset)

    task = Task(
        batches=batches,
        batches_per_epoch=-(-len(train) // options.batch_size),
        loss=_loss,
        validate=lambda network: _validate(network, val, device),
        monitor="score",
    )
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    return model.cpu().eval(), result


def model_config(section: dict[str, Any]) -> EMPNNConfig:
    """Architecture from the section ``model`` of a configuration."""
    options: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in section.items()
    }
    return EMPNNConfig(**options)


def _make_batch(
    crystals: list[Crystal],
    noisy: NDArray[np.float64],
    config: EMPNNConfig,
    device: str,
    offset: float,
) -> Batch:
    true = torch.as_tensor(np.stack([c.cell for c in crystals]), device=device)
    deformed = torch.as_tensor(noisy, device=device)
    # Without this weight the strongly deformed crystals would drown the nearly relaxed ones,
    # and those are what decides whether a relaxed crystal stays where it is.
    weights = 1 / torch.sqrt(lattice_loss(deformed, true) + offset)
    batch = lattice_batch(crystals, config.neighbors, cells=deformed, device=device)
    return Batch(batch, true.float(), weights.float())


def _loss(network: nn.Module, batch: Batch) -> Tensor:
    outputs = network(batch.crystals)
    losses = torch.stack([lattice_loss(cells, batch.true_cells) for cells in outputs])
    return (losses.mean(dim=0) * batch.weights).mean()


def denoise(
    model: EMPNN,
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
                model.config.neighbors,
                cells=torch.as_tensor(cells[part], device=device),
                device=device,
            )
            results.append(model(batch)[-1].double().cpu().numpy())
    return np.concatenate(results)


def denoising_scores(
    noisy: NDArray[np.float64], denoised: NDArray[np.float64], true: NDArray[np.float64]
) -> dict[str, float]:
    """Improvement of lengths (Å) and angles (degrees), eqs. 11 and 12, and the input noise."""
    before = lattice_parameter_errors(noisy, true)
    after = lattice_parameter_errors(denoised, true)
    return {
        "lengths_improvement": float((before[0] - after[0]).mean()),
        "angles_improvement": float((before[1] - after[1]).mean()),
        "lengths_noise": float(before[0].mean()),
        "angles_noise": float(before[1].mean()),
    }


def _validate(model: nn.Module, val: list[Crystal], device: str) -> dict[str, float]:
    assert isinstance(model, EMPNN)
    true = np.stack([crystal.cell for crystal in val])
    noisy = gaussian_noise(true, 0.1, np.random.default_rng(1))
    scores = denoising_scores(noisy, denoise(model, val, noisy, device), true)
    moved = relative_length_errors(denoise(model, val, true, device), true).mean()
    remaining = 1 - scores["lengths_improvement"] / scores["lengths_noise"]
    # One per cent of movement of a relaxed cell weighs as much as a tenth of the noise.
    return {**scores, "moved": float(moved), "score": float(remaining + 10 * moved)}
