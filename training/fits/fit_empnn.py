"""Fit of the lattice network by denoising (section 6 of the EMPNN paper)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
from ase_ecn.training.data.relaxation_pairs import Pairs, relaxation_pairs
from ase_ecn.training.data.relaxed_lattices import (
    LatticeData,
    load_crystals,
    niggli_crystal,
    spread,
)
from ase_ecn.training.data.substitution import training_pairs
from ase_ecn.training.fits import parallel
from ase_ecn.training.fits.config import EMPNNConfiguration, LatticeConfiguration
from ase_ecn.training.fits.loop import (
    FitResult,
    Task,
    batch_count,
    fit_to_best,
    shuffled_batches,
)
from ase_ecn.training.fits.losses import (
    lattice_loss,
    lattice_loss_named,
    position_loss,
)
from ase_ecn.training.fits.metrics import relative_length_errors
from ase_ecn.training.fits.moving_scores import moving_scores
from ase_ecn.training.fits.noise import NoiseSchedule, rattled_by_degrees
from ase_ecn.training.fits.scores import denoise, denoising_scores, neighbors_of
from ase_ecn.training.fits.start import start_from

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

    def crystal_of_atom(self) -> Tensor:
        """(N,) crystal of each atom."""
        counts = torch.tensor([len(crystal) for crystal in self.crystals])
        return torch.repeat_interleave(counts).to(self.start.device)

    def moved(self, cells: Tensor, displacements: Tensor | None) -> Batch:
        """The same from other (B, 3, 3) cells and, by (N, 3) fractions of them, other places."""
        if displacements is None or self.shift is None:
            return replace(self, start=cells)
        parts = np.split(
            displacements.cpu().numpy(), np.cumsum([len(c) for c in self.crystals])[:-1]
        )
        crystals = [
            Crystal(c.numbers, c.cell, c.scaled_positions + part)
            for c, part in zip(self.crystals, parts, strict=True)
        ]
        return replace(self, crystals=crystals, start=cells, shift=self.shift - displacements)

    def distances(self) -> Tensor:
        """(B,) how far it is from start to end: the loss of cells and, if they move, of atoms."""
        error = lattice_loss(self.start, self.true_cells)
        if self.shift is None:
            return error
        return error + position_loss(self.shift, self.true_cells, self.crystal_of_atom())


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

        Between two applications cells and places are detached and neighbours found anew, as when
        a relaxation repeats the network. So each application learns from the crystals that the
        network itself makes, at a cost that grows linearly with their number.
        """
        now, total = batch, torch.zeros((), device=self.device)
        for application in range(batch.applications):
            graph = lattice_batch(now.crystals, self.neighbors, cells=now.start, device=self.device)
            steps, losses = self._steps(network, graph, now)
            # Without this weight the strongly deformed crystals would drown the nearly relaxed
            # ones, and those are what decides whether a relaxed crystal stays where it is.
            weights = 1 / torch.sqrt(now.distances() + self.offset)
            total = total + parallel.batch_mean(losses * weights.float())
            if application + 1 < batch.applications:
                now = _where_to_go_on(now, batch, *steps)
        return total / batch.applications

    def _steps(
        self, network: nn.Module, graph: LatticeBatch, batch: Batch
    ) -> tuple[tuple[Tensor, Tensor | None], Tensor]:
        """Cells and displacements after the last layer, and the losses (B,) of all layers."""
        loss = lattice_loss_named(self.loss)
        true = batch.true_cells.float()
        if batch.shift is None:
            outputs: list[Tensor] = network(graph)
            losses = torch.stack([loss(output, true) for output in outputs])
            return (outputs[-1], None), losses.mean(dim=0)
        steps: list[tuple[Tensor, Tensor]] = network.steps(graph)  # type: ignore[operator]
        shift, crystal = batch.shift.float(), batch.crystal_of_atom()
        losses = torch.stack(
            [
                loss(cells, true) + position_loss(moved - shift, true, crystal)
                for cells, moved in steps
            ]
        )
        return steps[-1], losses.mean(dim=0)


def _where_to_go_on(now: Batch, begun: Batch, cells: Tensor, displacements: Tensor | None) -> Batch:
    """What the next application starts from: where the last one led, unless it ran away."""
    cells = cells.detach().double()
    error = lattice_loss(cells, begun.true_cells)
    # An error that is not a number is not below the limit either.
    usable = (error < MAX_UNROLLED_LOSS) | (error < lattice_loss(begun.start, begun.true_cells))
    cells = torch.where(usable[:, None, None], cells, begun.start)
    if displacements is None or now.shift is None or begun.shift is None:
        return now.moved(cells, None)
    back = now.shift - begun.shift  # to where this batch has begun
    displacements = displacements.detach().double()
    usable_atoms = usable[now.crystal_of_atom()][:, None]
    return now.moved(cells, torch.where(usable_atoms, displacements, back))


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
        validate=_validation(config, val, data, device),
        monitor="score",
    )
    return fit_to_best(model, task, config.fit, out)


def _training_crystals(section: LatticeData, data: Path) -> list[Crystal]:
    train = spread(load_crystals(data, section.name, "train"), section.train_crystals)
    if section.further_max_atoms is None:
        return train
    further = further_crystals(data, section.name, section.further_max_atoms)
    return train + [niggli_crystal(crystal) for crystal in further]


def _pairs(section: LatticeData, data: Path) -> list[tuple[Pairs, float]]:
    """Pairs of start and end, and their share of each batch."""
    found = []
    if section.substituted_share > 0:
        count, seed = section.substituted_pairs, section.substituted_seed
        found.append((training_pairs(data, section.name, count, seed), section.substituted_share))
    if section.relaxations_share > 0:
        found.append((relaxation_pairs(data, "train"), section.relaxations_share))
    return found


class _Batches:
    """Deformed crystals, and pairs of start and end, of one epoch.

    Attributes
    ----------
    shown
        Number of crystals of an epoch.
    own
        Number of them in a batch; the others are pairs.
    """

    def __init__(
        self,
        config: LatticeConfiguration,
        train: list[Crystal],
        pairs: list[tuple[Pairs, float]],
        device: str,
    ) -> None:
        self._config = config
        self._train = train
        self._cells = np.stack([crystal.cell for crystal in train])
        self._device = device
        size = config.fit.batch_size
        self._pairs = [(one, round(share * size)) for one, share in pairs if len(one)]
        self.own = size - sum(count for _, count in self._pairs)
        self.shown = min(len(train), config.data.crystals_per_epoch or len(train))

    def __call__(self, rng: np.random.Generator) -> Iterator[Batch]:
        config, device = self._config, self._device
        drawn = rng.permutation(len(self._train))[: self.shown]
        for places in shuffled_batches(self.shown, self.own, rng):
            still = [self._train[i] for i in drawn[places]]
            starts, ends = self._drawn_pairs(rng)
            cells = self._cells[drawn[places]]
            start = np.concatenate(
                [config.noise.apply(cells, rng), *(c.cell[None] for c in starts)]
            )
            true = np.concatenate([cells, *(c.cell[None] for c in ends)])
            moved = still
            if config.moves_atoms:
                moved = rattled_by_degrees(still, config.rattle, rng)
            begun, ended = moved + starts, still + ends
            mine = parallel.own_part(len(begun))
            yield Batch(
                [begun[i] for i in mine],
                torch.as_tensor(start[mine], device=device),
                torch.as_tensor(true[mine], device=device),
                int(rng.integers(1, config.unroll + 1)) if config.unroll > 1 else 1,
                _way_back([(begun[i], ended[i]) for i in mine], device)
                if config.moves_atoms
                else None,
            )

    def _drawn_pairs(self, rng: np.random.Generator) -> tuple[list[Crystal], list[Crystal]]:
        starts, ends = [], []
        for pairs, count in self._pairs:
            chosen = rng.integers(len(pairs), size=count)
            starts += [pairs.crystals[i] for i in chosen]
            ends += [pairs.ends[i] for i in chosen]
        return starts, ends


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


def _validation(
    config: LatticeConfiguration, val: list[Crystal], data: Path, device: str
) -> Callable[[nn.Module], dict[str, float]]:
    if not config.moves_atoms:
        return partial(_validate, val=val, config=config, device=device)
    return partial(
        moving_scores,
        still=val,
        pairs=relaxation_pairs(data, "val").spread(config.data.validation_crystals),
        applications=config.unroll,
        device=device,
    )


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
