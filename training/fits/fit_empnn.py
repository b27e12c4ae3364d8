"""Fit of the lattice network by denoising (section 6 of the EMPNN paper)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import LatticeBatch, lattice_batch
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.training.data.equilibrium import further_crystals
from ase_ecn.training.data.relaxed_lattices import (
    LatticeData,
    load_crystals,
    niggli_crystal,
    spread,
)
from ase_ecn.training.data.substitution import Pairs, training_pairs
from ase_ecn.training.fits import parallel
from ase_ecn.training.fits.config import EMPNNConfiguration, LatticeConfiguration
from ase_ecn.training.fits.loop import (
    FitResult,
    Task,
    batch_count,
    fit_to_best,
    shuffled_batches,
    start_from,
)
from ase_ecn.training.fits.losses import (
    LatticeLoss,
    lattice_loss,
    lattice_loss_named,
    position_loss,
)
from ase_ecn.training.fits.metrics import relative_length_errors
from ase_ecn.training.fits.noise import NoiseSchedule, rattled
from ase_ecn.training.fits.scores import denoise, denoising_scores, neighbors_of

LatticeModel: TypeAlias = nn.Module
"""Any network with ``config.neighbors`` that maps a :class:`LatticeBatch` to a list of cells, the
final one last."""

MAX_UNROLLED_LOSS = 2.0
"""Relative metric (see :func:`ase_ecn.training.fits.losses.lattice_loss`) beyond which a network
that is applied again in training starts over: such a cell teaches nothing about relaxed ones."""


@dataclass(frozen=True)
class Batch:
    """Crystals that start from other cells than their own.

    Attributes
    ----------
    crystals
        B crystals.
    start
        (B, 3, 3) cells to start from.
    true_cells
        (B, 3, 3) cells to end with.
    applications
        How often the network is applied.
    shift
        (N, 3) fractional displacements that take the atoms to where they belong, if the network
        moves atoms.
    """

    crystals: list[Crystal]
    start: Tensor
    true_cells: Tensor
    applications: int = 1
    shift: Tensor | None = None


@dataclass(frozen=True)
class LatticeObjective:
    """What a lattice network is trained on: the loss of all layers of all its applications.

    Attributes
    ----------
    neighbors
        Of the graphs.
    device
        Where to train.
    loss
        Name among :data:`ase_ecn.training.fits.losses.LATTICE_LOSSES`.
    offset
        The loss of a crystal is divided by the root of its noise plus this.
    """

    neighbors: int
    device: str
    loss: str = "relative-metric"
    offset: float = 0.05

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Mean over crystals, layers and applications.

        Between two applications the cells are detached and their neighbours found anew, as when
        a relaxation repeats the network. So each application learns from the cells that the
        network itself makes, at a cost that grows linearly with their number.
        """
        loss = lattice_loss_named(self.loss)
        cells, total = batch.start, torch.zeros((), device=self.device)
        true = batch.true_cells.float()
        for application in range(batch.applications):
            if application > 0:
                cells = self._where_to_go_on(cells, batch)
            graph = lattice_batch(batch.crystals, self.neighbors, cells=cells, device=self.device)
            if batch.shift is None:
                outputs = network(graph)
                losses = torch.stack([loss(output, true) for output in outputs]).mean(dim=0)
            else:
                outputs, losses = self._with_positions(network, graph, batch, loss)
            # Without this weight the strongly deformed crystals would drown the nearly relaxed
            # ones, and those are what decides whether a relaxed crystal stays where it is.
            noise = lattice_loss(cells, batch.true_cells)
            weights = 1 / torch.sqrt(noise + self.offset)
            total = total + parallel.batch_mean(losses * weights.float())
            cells = outputs[-1].detach().double()
        return total / batch.applications

    def _with_positions(
        self, network: nn.Module, graph: LatticeBatch, batch: Batch, loss: LatticeLoss
    ) -> tuple[list[Tensor], Tensor]:
        """Cells after each layer, and the losses (B,) of cells and atoms together."""
        steps: list[tuple[Tensor, Tensor]] = network.steps(graph)  # type: ignore[operator]
        assert batch.shift is not None
        true, shift = batch.true_cells.float(), batch.shift.float()
        counts = torch.tensor([len(crystal) for crystal in batch.crystals], device=self.device)
        crystal = torch.repeat_interleave(torch.arange(len(counts), device=self.device), counts)
        losses = [
            loss(cells, true) + position_loss(moved - shift, true, crystal)
            for cells, moved in steps
        ]
        return [cells for cells, _ in steps], torch.stack(losses).mean(dim=0)

    def _where_to_go_on(self, cells: Tensor, batch: Batch) -> Tensor:
        error = lattice_loss(cells, batch.true_cells)
        # An error that is not a number is not below the limit either.
        usable = (error < MAX_UNROLLED_LOSS) | (error < lattice_loss(batch.start, batch.true_cells))
        return torch.where(usable[:, None, None], cells, batch.start)


def fit_empnn(
    config: EMPNNConfiguration, data: Path, out: Path, device: str
) -> tuple[EMPNN, FitResult]:
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
    """
    torch.manual_seed(config.fit.seed)
    model = EMPNN(config.model)
    if config.init:
        start_from(model, config.init)
    result = fit_lattice_network(model, config, data, out, device)
    return model, result


def fit_lattice_network(
    model: LatticeModel, config: LatticeConfiguration, data: Path, out: Path, device: str
) -> FitResult:
    """Fit any network that maps a :class:`LatticeBatch` to a list of (B, 3, 3) cells.

    Parameters
    ----------
    model
        Changed in place; ends with the best averaged weights, on the CPU.
    config
        What to fit it to.
    data, out
        Folder of data sets, and for logs and states.
    device
        Where to train.
    """
    section = config.data
    val = load_crystals(data, section.name, "val")
    val = val[:: max(1, len(val) // section.validation_crystals)]
    batches = _Batches(config, _training_crystals(section, data), _pairs(section, data), device)
    model.to(device)
    task = Task(
        batches=batches,
        batches_per_epoch=batch_count(batches.shown, batches.own),
        loss=LatticeObjective(neighbors_of(model), device, config.loss, config.loss_offset),
        validate=partial(_validate, val=val, config=config, device=device),
        monitor="score",
    )
    return fit_to_best(model, task, config.fit, out)


def _training_crystals(section: LatticeData, data: Path) -> list[Crystal]:
    train = spread(load_crystals(data, section.name, "train"), section.train_crystals)
    if section.further_max_atoms is None:
        return train
    further = further_crystals(data, section.name, section.further_max_atoms)
    return train + [niggli_crystal(crystal) for crystal in further]


def _pairs(section: LatticeData, data: Path) -> Pairs:
    if section.substituted_share == 0:
        return Pairs([], np.empty((0, 3, 3)))
    return training_pairs(data, section.name, section.substituted_pairs, section.substituted_seed)


class _Batches:
    """Deformed crystals, and substituted prototypes, of one epoch.

    Attributes
    ----------
    shown
        Number of crystals of an epoch.
    own
        Number of them in a batch; the others are substituted prototypes.
    """

    def __init__(
        self, config: LatticeConfiguration, train: list[Crystal], pairs: Pairs, device: str
    ) -> None:
        self._config = config
        self._train = train
        self._cells = np.stack([crystal.cell for crystal in train])
        self._pairs = pairs
        self._device = device
        size, share = config.fit.batch_size, config.data.substituted_share
        self._substituted = round(share * size) if pairs.crystals else 0
        self.own = size - self._substituted
        self.shown = min(len(train), config.data.crystals_per_epoch or len(train))

    def __call__(self, rng: np.random.Generator) -> Iterator[Batch]:
        config, device, pairs = self._config, self._device, self._pairs
        drawn = rng.permutation(len(self._train))[: self.shown]
        for places in shuffled_batches(self.shown, self.own, rng):
            cells = self._cells[drawn[places]]
            chosen = rng.integers(max(1, len(pairs.crystals)), size=self._substituted)
            extra = [pairs.crystals[i] for i in chosen]
            start = np.concatenate([config.noise.apply(cells, rng), *(c.cell[None] for c in extra)])
            true = np.concatenate([cells, *(pairs.true_cells[i][None] for i in chosen)])
            still = [self._train[i] for i in drawn[places]] + extra
            moved = still
            if config.moves_atoms:
                moved = [rattled(crystal, config.rattle, rng) for crystal in still]
            mine = parallel.own_part(len(still))
            yield Batch(
                [moved[i] for i in mine],
                torch.as_tensor(start[mine], device=device),
                torch.as_tensor(true[mine], device=device),
                int(rng.integers(1, config.unroll + 1)) if config.unroll > 1 else 1,
                _way_back([(moved[i], still[i]) for i in mine], device)
                if config.moves_atoms
                else None,
            )


def _way_back(pairs: list[tuple[Crystal, Crystal]], device: str) -> Tensor:
    """Fractional displacements (N, 3) from the first crystal of each pair to the second."""
    parts = [there.scaled_positions - here.scaled_positions for here, there in pairs]
    return torch.as_tensor(np.concatenate(parts), device=device)


def _denoised_again(
    model: LatticeModel,
    crystals: list[Crystal],
    cells: NDArray[np.float64],
    device: str,
    applications: int,
) -> NDArray[np.float64]:
    """Cells (B, 3, 3) after some applications; those that run away are not taken further."""
    true = torch.as_tensor(np.stack([crystal.cell for crystal in crystals]))
    cells = denoise(model, crystals, cells, device)
    for _ in range(applications - 1):
        near = (lattice_loss(torch.as_tensor(cells), true) < MAX_UNROLLED_LOSS).numpy()
        chosen = [crystal for crystal, usable in zip(crystals, near, strict=True) if usable]
        cells = cells.copy()
        cells[near] = denoise(model, chosen, cells[near], device)
    return cells


def _validate(
    model: nn.Module, *, val: list[Crystal], config: LatticeConfiguration, device: str
) -> dict[str, float]:
    """Scores after as many applications as the network was trained for at most."""
    noise, applications = config.noise, config.unroll
    true = np.stack([crystal.cell for crystal in val])
    noisy = noise.validation(true, np.random.default_rng(1))
    cells = _denoised_again(model, val, noisy, device, applications)
    scores = denoising_scores(noisy, cells, true)
    remaining = 1 - scores["lengths_improvement"] / scores["lengths_noise"]
    if not isinstance(noise, NoiseSchedule):
        return {**scores, "score": float(remaining)}
    relaxed = _denoised_again(model, val, true, device, applications)
    moved = relative_length_errors(relaxed, true).mean()
    # One per cent of movement of a relaxed cell weighs as much as a tenth of the noise.
    return {**scores, "moved": float(moved), "score": float(remaining + 10 * moved)}
