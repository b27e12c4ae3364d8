"""Fit of the lattice network by denoising (section 6 of the EMPNN paper)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.lattice import LatticeBatch, lattice_batch
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import READERS
from ase_ecn.training.data.equilibrium import further_crystals
from ase_ecn.training.data.substitution import Pairs, training_pairs
from ase_ecn.training.fits import parallel
from ase_ecn.training.fits.loop import (
    FitOptions,
    FitResult,
    Task,
    batch_count,
    fit,
    shuffled_batches,
    start_from,
)
from ase_ecn.training.fits.losses import (
    LatticeLoss,
    lattice_loss,
    lattice_loss_named,
    position_loss,
)
from ase_ecn.training.fits.metrics import (
    lattice_parameter_errors,
    log_strain_errors,
    niggli_basis,
    relative_length_errors,
    relative_volume_errors,
)
from ase_ecn.training.fits.noise import NoiseSchedule, StartCells, rattled, start_cells

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
        Parsed YAML with ``model`` and what :func:`fit_lattice_network` reads; ``init`` to start
        from a checkpoint.
    data, out
        Folder of data sets, and for logs and states.
    device
        Where to train.

    Returns
    -------
    model, result
        The network with the best averaged weights, on the CPU, and how the fit went.
    """
    torch.manual_seed(FitOptions(**config["fit"]).seed)
    model = EMPNN(model_config(config["model"]))
    if "init" in config:
        start_from(model, config["init"])
    result = fit_lattice_network(model, config, data, out, device)
    return model, result


def fit_lattice_network(
    model: LatticeModel, config: dict[str, Any], data: Path, out: Path, device: str
) -> FitResult:
    """Fit any network that maps a :class:`LatticeBatch` to a list of (B, 3, 3) cells.

    Parameters
    ----------
    model
        Changed in place; ends with the best averaged weights, on the CPU.
    config
        ``data``: ``name``, and optionally ``train_crystals``, ``validation_crystals`` (how many),
        ``further_max_atoms``, the size of the largest crystals of other sets to add, the
        ``crystals_per_epoch`` drawn from all, ``substituted_share`` of each batch and the number of
        ``substituted_pairs`` to draw it from and their ``substituted_seed``; ``fit``; optionally
        ``noise`` (see :func:`ase_ecn.training.fits.noise.start_cells`), ``loss`` (a name),
        ``loss_offset``, ``unroll``, up to how many times the network is applied in training, and
        ``rattle``, by how many Å atoms are displaced along each axis for a network that moves them.
    data, out
        Folder of data sets, and for logs and states.
    device
        Where to train.

    Raises
    ------
    OptionError
        If an option has an unknown value.
    """
    options, section = FitOptions(**config["fit"]), config["data"]
    noise = start_cells(config.get("noise", {}))
    unroll = int(config.get("unroll", 1))
    share = float(section.get("substituted_share", 0.0))
    rattle = float(config.get("rattle", 0.0))
    moves_atoms = isinstance(model, EMPNN) and model.config.positions
    if moves_atoms and (unroll > 1 or share > 0):
        raise OptionError("positions cannot be fitted with unroll or substituted_share")
    if rattle < 0 or (rattle > 0) != moves_atoms:
        raise OptionError("rattle (Å, positive) goes with positions: true of the model")
    if unroll < 1:
        raise OptionError(f"unroll is {unroll}: a network is applied at least once")
    if not 0 <= share < 1:
        raise OptionError(f"substituted_share is {share}: it must be at least 0 and below 1")
    objective = LatticeObjective(
        _neighbors(model),
        device,
        str(config.get("loss", "relative-metric")),
        float(config.get("loss_offset", 0.05)),
    )
    lattice_loss_named(objective.loss)
    train = spread(load_crystals(data, section["name"], "train"), section.get("train_crystals"))
    if "further_max_atoms" in section:
        further = further_crystals(data, section["name"], int(section["further_max_atoms"]))
        train = train + [niggli_crystal(crystal) for crystal in further]
    val = load_crystals(data, section["name"], "val")
    val = val[:: max(1, len(val) // int(section.get("validation_crystals", 2000)))]
    pairs = Pairs([], np.empty((0, 3, 3)))
    if share > 0:
        count = int(section.get("substituted_pairs", 1000))
        seed = int(section.get("substituted_seed", 0))
        pairs = training_pairs(data, section["name"], count, seed)
    cells = np.stack([crystal.cell for crystal in train])
    substituted = round(share * options.batch_size) if pairs.crystals else 0
    own = options.batch_size - substituted
    shown = min(len(train), int(section.get("crystals_per_epoch", len(train))))

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        drawn = rng.permutation(len(train))[:shown]
        for places in shuffled_batches(shown, own, rng):
            indices = drawn[places]
            chosen = rng.integers(max(1, len(pairs.crystals)), size=substituted)
            extra = [pairs.crystals[i] for i in chosen]
            start = np.concatenate(
                [noise.apply(cells[indices], rng), *(c.cell[None] for c in extra)]
            )
            true = np.concatenate([cells[indices], *(pairs.true_cells[i][None] for i in chosen)])
            still = [train[i] for i in indices] + extra
            moved = [rattled(c, rattle, rng) for c in still] if moves_atoms else still
            mine = parallel.own_part(len(still))
            yield Batch(
                [moved[i] for i in mine],
                torch.as_tensor(start[mine], device=device),
                torch.as_tensor(true[mine], device=device),
                int(rng.integers(1, unroll + 1)) if unroll > 1 else 1,
                _way_back([(moved[i], still[i]) for i in mine], device) if moves_atoms else None,
            )

    model.to(device)
    task = Task(
        batches=batches,
        batches_per_epoch=batch_count(shown, own),
        loss=objective,
        validate=lambda network: _validate(network, val, noise, device, unroll),
        monitor="score",
    )
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    model.cpu().eval()
    return result


def _way_back(pairs: list[tuple[Crystal, Crystal]], device: str) -> Tensor:
    """Fractional displacements (N, 3) from the first crystal of each pair to the second."""
    parts = [there.scaled_positions - here.scaled_positions for here, there in pairs]
    return torch.as_tensor(np.concatenate(parts), device=device)


def spread(crystals: list[Crystal], count: int | None) -> list[Crystal]:
    """Return ``count`` crystals from all over the list, or all of it."""
    if count is None or count >= len(crystals):
        return crystals
    return [crystals[i] for i in np.linspace(0, len(crystals) - 1, int(count)).astype(int)]


def _neighbors(model: LatticeModel) -> int:
    return int(model.config.neighbors)  # type: ignore[union-attr, arg-type]


def model_config(section: dict[str, Any]) -> EMPNNConfig:
    """Architecture from the section ``model`` of a configuration."""
    options: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in section.items()
    }
    return EMPNNConfig(**options)


def denoise(
    model: LatticeModel,
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
                _neighbors(model),
                cells=torch.as_tensor(cells[part], device=device),
                device=device,
            )
            results.append(model(batch)[-1].double().cpu().numpy())
    return np.concatenate(results)


def denoising_scores(
    noisy: NDArray[np.float64], denoised: NDArray[np.float64], true: NDArray[np.float64]
) -> dict[str, float]:
    """Scores of denoised (B, 3, 3) cells, means over structures.

    Returns
    -------
    dict
        Improvement of lengths (Å) and angles (degrees), eqs. 11 and 12 of the EMPNN paper, the
        input noise in the same units, the share of it that is gone, and what remains as relative
        error of the volume and as norm of the logarithmic strain.
    """
    before = lattice_parameter_errors(noisy, true)
    after = lattice_parameter_errors(denoised, true)
    scores = {}
    for name, noise, error in zip(("lengths", "angles"), before, after, strict=True):
        scores[f"{name}_improvement"] = float((noise - error).mean())
        scores[f"{name}_noise"] = float(noise.mean())
        removed, total = float((noise - error).mean()), float(noise.mean())
        scores[f"{name}_removed"] = removed / total if total > 0 else float("nan")
    scores["volume_error"] = float(relative_volume_errors(denoised, true).mean())
    scores["log_strain"] = float(log_strain_errors(denoised, true).mean())
    return scores


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
    model: nn.Module, val: list[Crystal], noise: StartCells, device: str, applications: int
) -> dict[str, float]:
    """Scores after as many applications as the network was trained for at most."""
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
