"""Fit of an ECN with radial bonds to energies, forces and stresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch, PackedGraphs, bond_graph, pack
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.forces import EnergyDerivatives, energy_derivatives
from ase_ecn.properties import POTENTIAL_ENERGY as ENERGY
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.force_sets import load_force_data
from ase_ecn.training.fits import parallel
from ase_ecn.training.fits.config import PESConfiguration
from ase_ecn.training.fits.loop import (
    FitResult,
    Task,
    batch_count,
    fit_to_best,
    shuffled_batches,
)
from ase_ecn.training.fits.loss_weights import ForceWeights
from ase_ecn.training.fits.sampling import Batches, bond_batches
from ase_ecn.training.fits.start import start_from

_SOFTENING = 0.01
_EVALUATION_BATCH = 4


@dataclass(frozen=True)
class Labelled:
    """Graphs of crystals, as they are, with their labels."""

    graphs: PackedGraphs
    volumes: NDArray[np.float64]
    dataset: Dataset


@dataclass(frozen=True)
class ForceBatch:
    """B crystals with N atoms; (B,) energies in eV/atom, (N, 3) forces and (B, 6) stresses."""

    graphs: BondBatch
    volumes: Tensor
    energy: Tensor
    forces: Tensor
    stress: Tensor


def fit_pes(config: PESConfiguration, data: Path, out: Path, device: str) -> tuple[ECN, FitResult]:
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
        The network with the best averaged weights, on the CPU, and how the fit went.

    Raises
    ------
    OptionError
        If the network is not one whose energy can be differentiated.
    """
    parts = [load_force_data(data, config.data, split) for split in ("train", "val")]
    return fit_to_forces(config, parts[0], parts[1], out, device)


def fit_to_forces(
    config: PESConfiguration, train: Dataset, val: Dataset, out: Path, device: str
) -> tuple[ECN, FitResult]:
    """Fit to crystals with ``potential_energy``, ``forces`` and ``stress``; see :func:`fit_pes`."""
    options, architecture = config.fit, config.model
    torch.manual_seed(options.seed)
    check_architecture(architecture)
    model = ECN(architecture)
    _set_units(model, train)
    if config.init:
        start_from(model, config.init)
    model.to(device)
    weights = config.loss_weights
    labelled, held_out = (label_graphs(part, architecture) for part in (train, val))

    count, drawn = _batches(train.crystals, labelled, config)

    def batches(rng: np.random.Generator) -> Iterator[ForceBatch]:
        for indices in drawn(rng):
            yield make_force_batch(labelled, indices[parallel.own_part(len(indices))], device)

    def loss(network: nn.Module, batch: ForceBatch) -> Tensor:
        found = energy_derivatives(
            network, batch.graphs, batch.volumes, ENERGY, differentiable=True
        )
        return force_loss(found, batch, weights)

    def validate(network: nn.Module) -> dict[str, float]:
        scores = _scores(network, held_out, device)
        total = weights.energy * scores[f"{ENERGY}_mae"] + weights.forces * scores["forces_mae"]
        return {**scores, "score": total}

    task = Task(
        batches=batches,
        batches_per_epoch=count,
        loss=loss,
        validate=validate,
        monitor="score",
    )
    return model, fit_to_best(model, task, options, out)


def _batches(
    crystals: Sequence[Crystal], labelled: Labelled, config: PESConfiguration
) -> tuple[int, Batches]:
    """Number of batches of an epoch, and what draws the indices of their crystals."""
    if config.sampling is not None:
        bonds = np.diff(labelled.graphs.bond_offsets)
        return bond_batches(crystals, bonds, config.sampling)
    size, batch_size = len(crystals), config.fit.batch_size
    return batch_count(size, batch_size), lambda rng: shuffled_batches(size, batch_size, rng)


def check_architecture(config: ECNConfig) -> None:
    """Refuse networks whose energy is not smooth or not extensive.

    Raises
    ------
    OptionError
        Saying what the network needs.
    """
    if config.bonds != "radial" or config.readout != "contributions":
        raise OptionError("forces need bonds: radial and readout: contributions")


def force_loss(found: EnergyDerivatives, batch: ForceBatch, weights: ForceWeights) -> Tensor:
    """Weighted errors of energies (eV/atom), forces (eV/Å) and virials (eV/atom).

    Lengths of the errors rather than squares, so that soft crystals count as much as stiff ones;
    the virial is the stress times the volume of an atom.
    """
    per_atom = (batch.volumes / batch.graphs.atom_counts)[:, None]
    energy = found.outputs[ENERGY] - batch.energy
    return (
        weights.energy * parallel.batch_mean(_lengths(energy[:, None]))
        + weights.forces * parallel.batch_mean(_lengths(found.forces - batch.forces))
        + weights.virial * parallel.batch_mean(_lengths((found.stress - batch.stress) * per_atom))
    )


def _lengths(errors: Tensor) -> Tensor:
    return torch.sqrt((errors * errors).sum(dim=1) + _SOFTENING**2)


def label_graphs(dataset: Dataset, config: ECNConfig) -> Labelled:
    """Graphs of all crystals as they are, without reduction to primitive cells."""
    graphs = [bond_graph(crystal, config.bonds, config.cutoff) for crystal in dataset.crystals]
    volumes = np.array([crystal.volume for crystal in dataset.crystals])
    return Labelled(pack(graphs, config.group), volumes, dataset)


def make_force_batch(labelled: Labelled, indices: NDArray[np.int64], device: str) -> ForceBatch:
    """Tensors for some crystals with their labels."""
    atoms = labelled.graphs.atoms_of(indices)
    targets, sites = labelled.dataset.targets, labelled.dataset.site_targets

    def tensor(values: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    return ForceBatch(
        labelled.graphs.batch(indices, device=device),
        tensor(labelled.volumes[indices]),
        tensor(targets[ENERGY][indices]),
        tensor(sites["forces"][atoms]),
        tensor(targets["stress"][indices]),
    )


def pes_scores(model: ECN, dataset: Dataset, device: str) -> dict[str, float]:
    """Mean absolute errors of energies (eV/atom), force and stress components (eV/Å, eV/Å³)."""
    return _scores(model, label_graphs(dataset, model.config), device)


def _scores(network: nn.Module, labelled: Labelled, device: str) -> dict[str, float]:
    errors: dict[str, list[Tensor]] = {f"{ENERGY}_mae": [], "forces_mae": [], "stress_mae": []}
    # What is made in inference mode could not be differentiated.
    with torch.inference_mode(False):
        for start in range(0, len(labelled.graphs), _EVALUATION_BATCH):
            stop = min(start + _EVALUATION_BATCH, len(labelled.graphs))
            batch = make_force_batch(labelled, np.arange(start, stop), device)
            found = energy_derivatives(network, batch.graphs, batch.volumes, ENERGY)
            errors[f"{ENERGY}_mae"].append(found.outputs[ENERGY] - batch.energy)
            errors["forces_mae"].append((found.forces - batch.forces).flatten())
            errors["stress_mae"].append((found.stress - batch.stress).flatten())
    return {name: float(torch.cat(parts).abs().double().mean()) for name, parts in errors.items()}


def _set_units(model: ECN, train: Dataset) -> None:
    """Constants of the elements from a linear fit of the energies; the unit from the forces."""
    counts = np.stack([np.bincount(c.numbers, minlength=119) / len(c) for c in train.crystals])
    constants, *_ = np.linalg.lstsq(counts, train.targets[ENERGY], rcond=None)
    model.element_constants[0] = torch.as_tensor(constants)
    model.scale[0] = float(np.sqrt((train.site_targets["forces"] ** 2).mean()))
