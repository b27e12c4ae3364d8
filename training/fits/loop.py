"""The training loop that both networks share.

AdamW or SOAP with a one-cycle schedule, gradient clipping, an exponential moving average of the
weights (the one that is validated and kept), early stopping, a learning curve in CSV and a state
from which an interrupted fit goes on.
"""

from __future__ import annotations

import csv
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from ase_ecn.errors import OptionError, StorageError
from ase_ecn.storage import replace_file, replacing, storing
from ase_ecn.training.fits import parallel
from ase_ecn.training.fits.optimizers import ADAMW, OPTIMIZERS, make_optimizer
from ase_ecn.training.fits.precision import FLOAT32, PRECISIONS, products_in
from ase_ecn.training.fits.typed import known_or_refused

logger = logging.getLogger(__name__)

B = TypeVar("B")


@dataclass(frozen=True)
class FitOptions:
    """How to fit.

    Attributes
    ----------
    epochs
        Number of passes through the data, at most.
    batch_size
        Crystals in a batch.
    seed
        Fixes the first weights and the order of the crystals.
    learning_rate
        Peak of the one-cycle schedule.
    weight_decay
        Decoupled from the gradient.
    clip
        Largest norm of a gradient.
    ema_decay
        Per step, for the averaged weights; less in the first steps, so that the average forgets
        where the weights began.
    patience
        Epochs without a better validation score before the fit stops.
    compile
        Use ``torch.compile`` for the training steps (needs a C++ compiler).
    optimizer
        ``adamw`` or ``soap``, see :func:`ase_ecn.training.fits.optimizers.make_optimizer`.
    precision
        ``float32``, or ``bfloat16`` for products of matrices in hidden layers, see
        :mod:`ase_ecn.training.fits.precision`.
    """

    epochs: int
    batch_size: int = 64
    seed: int = 0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    clip: float = 1.0
    ema_decay: float = 0.999
    patience: int = 10
    compile: bool = False
    optimizer: str = ADAMW
    precision: str = FLOAT32

    def __post_init__(self) -> None:
        known_or_refused("optimizer", [self.optimizer], OPTIMIZERS)
        known_or_refused("precision", [self.precision], PRECISIONS)
        for name in ("epochs", "batch_size", "patience"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} is {getattr(self, name)}; it must be positive")
        if not self.weight_decay >= 0:
            raise OptionError(f"weight_decay is {self.weight_decay}; it must not be negative")
        if not 0 <= self.ema_decay < 1:
            raise OptionError(f"ema_decay is {self.ema_decay}; it must be at least 0, and below 1")


@dataclass(frozen=True)
class Task(Generic[B]):
    """What a network is fitted to.

    Attributes
    ----------
    batches
        Maps a random generator to the batches of one epoch.
    batches_per_epoch
        Their number.
    loss
        Maps a network (or its compiled form) and a batch to a scalar.
    validate
        Maps the averaged network to named scores; ``None`` where nothing is held out, so that the
        last averaged weights are kept.
    monitor
        The score, smaller is better, that decides which weights are kept.
    groups
        Groups of the parameters, with ``lr`` and ``weight_decay`` of their own, as an optimizer
        takes them; ``None`` where all have those of the options.
    """

    batches: Callable[[np.random.Generator], Iterator[B]]
    batches_per_epoch: int
    loss: Callable[[nn.Module, B], Tensor]
    validate: Callable[[nn.Module], dict[str, float]] | None
    monitor: str
    groups: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class FitResult:
    """The best averaged weights, their validation scores, and seconds of wall time."""

    weights: dict[str, Tensor]
    validation: dict[str, float]
    epochs: int
    wall_time: float


def fit_to_best(model: nn.Module, task: Task[B], options: FitOptions, out: Path) -> FitResult:
    """:func:`fit`; the model ends with the best weights, on the CPU and ready to predict."""
    result = fit(model, task, options, out)
    model.load_state_dict(result.weights)
    model.cpu().eval()
    return result


def fit(model: nn.Module, task: Task[B], options: FitOptions, out: Path) -> FitResult:
    """Fit a network; go on where an earlier call with the same folder stopped.

    With several processes (see :mod:`ase_ecn.training.fits.parallel`), ``task.batches`` gives each
    its share of the same batches; only the first validates and writes.

    Parameters
    ----------
    model
        Changed in place.
    task
        Batches, loss and validation.
    options
        Schedule.
    out
        Folder for ``curve.csv`` and ``state.pt``.

    Returns
    -------
    FitResult
        With the weights of the best epoch by ``task.monitor``, or the last without validation.

    Raises
    ------
    StorageError
        If the folder cannot be written, or what an earlier call left there cannot be read. What
        was stored before stays, and the next call goes on from there.
    """
    with storing(out):
        out.mkdir(parents=True, exist_ok=True)
    average = AveragedModel(model, multi_avg_fn=_running_mean(options.ema_decay))
    parameters = task.groups or [{"params": list(model.parameters())}]
    optimizer = make_optimizer(
        options.optimizer, parameters, options.learning_rate, options.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=options.epochs * task.batches_per_epoch + 1,
        pct_start=0.15,
        div_factor=10,
        final_div_factor=200,
        cycle_momentum=options.optimizer == ADAMW,
    )
    progress = _Progress()
    parts: dict[str, Any] = {
        "model": model,
        "average": average,
        "optimizer": optimizer,
        "schedule": schedule,
    }
    state_file = out / "state.pt"
    if state_file.is_file():
        progress = _restore(state_file, parts)
        logger.info("going on after epoch %d", progress.epoch)
    if parallel.is_first():
        _keep_rows(out / "curve.csv", progress.epoch)
    parallel.begin(model, options.seed)
    step_model: Any = torch.compile(model, dynamic=True) if options.compile else model
    while progress.epoch < options.epochs and progress.stale < options.patience:
        begin = time.perf_counter()
        rng = np.random.default_rng([options.seed, progress.epoch])
        model.train()
        total = 0.0
        bar = tqdm(
            task.batches(rng),
            total=task.batches_per_epoch,
            desc=f"epoch {progress.epoch + 1}/{options.epochs}",
            disable=None if parallel.is_first() else True,
            leave=False,
        )
        for batch in bar:
            optimizer.zero_grad(set_to_none=True)
            with products_in(options.precision, model):
                loss = task.loss(step_model, batch)
                loss.backward()
            parallel.sum_gradients(model)
            nn.utils.clip_grad_norm_(model.parameters(), options.clip)
            optimizer.step()
            schedule.step()
            average.update_parameters(model)
            total += loss.item()
        average.eval()
        with torch.inference_mode():
            scores = _validated(task, average.module)
        progress.epoch += 1
        progress.wall_time += time.perf_counter() - begin
        progress.note(scores, task.monitor, average.module)
        row: dict[str, float] = {
            "epoch": progress.epoch,
            "learning_rate": float(schedule.get_last_lr()[0]),
            "train_loss": parallel.total(total) / task.batches_per_epoch,
            **scores,
            "seconds": round(time.perf_counter() - begin, 1),
        }
        if parallel.is_first():
            _append_row(out / "curve.csv", row)
            logger.info("%s", "  ".join(f"{k} {v:.5g}" for k, v in row.items()))
            _store(state_file, parts, progress)
    return FitResult(
        progress.best_weights, progress.best_scores, progress.epoch, progress.wall_time
    )


def _running_mean(decay: float) -> Callable[[Any, Any, Tensor | int], None]:
    """Exponential average that spans a tenth of the steps so far, until the decay spans less."""

    def update(average: Any, current: Any, steps: Tensor | int) -> None:
        n = int(steps)
        get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))(average, current, n)

    return update


def _validated(task: Task[B], model: nn.Module) -> dict[str, float]:
    validate = task.validate
    return {} if validate is None else parallel.from_first(lambda: validate(model))


class _Progress:
    """How far a fit has come, and the best weights so far."""

    def __init__(self) -> None:
        self.epoch = 0
        self.stale = 0
        self.wall_time = 0.0
        self.best = float("inf")
        self.best_scores: dict[str, float] = {}
        self.best_weights: dict[str, Tensor] = {}

    def note(self, scores: dict[str, float], monitor: str, model: nn.Module) -> None:
        self.stale += 1
        # Without scores each epoch counts as better, so the last one is kept.
        score = scores[monitor] if scores else self.best
        if not scores or score < self.best:
            self.best, self.best_scores, self.stale = score, scores, 0
            self.best_weights = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}


def _store(path: Path, parts: dict[str, Any], progress: _Progress) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    with replacing(path) as partial:
        try:
            torch.save({**state, "progress": vars(progress), "random": _random_state()}, partial)
        except RuntimeError as error:  # so PyTorch tells of a full disk
            raise OSError(str(error)) from error


def _restore(path: Path, parts: dict[str, Any]) -> _Progress:
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        for name, part in parts.items():
            part.load_state_dict(state[name])
    except Exception as error:  # PyTorch raises anything for a damaged file
        raise StorageError(
            f"cannot go on from {path}, which is damaged or of another network; without it the "
            f"fit begins anew: {error}"
        ) from error
    progress = _Progress()
    vars(progress).update(state["progress"])
    if "random" in state:
        _set_random_state(state["random"])
    return progress


def _random_state() -> dict[str, Any]:
    """Of dropout, which draws from PyTorch's own generators."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def _set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def _append_row(path: Path, row: dict[str, float]) -> None:
    with storing(path):
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)


def _keep_rows(path: Path, epochs: int) -> None:
    """Forget epochs of the learning curve that a killed process did not store and does again."""
    if not epochs:  # not even the header is sure to be whole
        with storing(path):
            path.unlink(missing_ok=True)
    elif path.is_file():
        lines = path.read_bytes().splitlines(keepends=True)
        if len(lines) > 1 + epochs:
            replace_file(path, b"".join(lines[: 1 + epochs]))


def shuffled_batches(
    size: int, batch_size: int, rng: np.random.Generator
) -> Iterator[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Random batches of indices that together hold each of ``size`` items once.

    Where several processes share each batch, a last one with fewer items than processes is left
    out.
    """
    order = rng.permutation(size)
    for start in range(0, size, batch_size)[: batch_count(size, batch_size)]:
        yield order[start : start + batch_size]


def batch_count(size: int, batch_size: int) -> int:
    """Number of batches that :func:`shuffled_batches` makes.

    Raises
    ------
    OptionError
        If a batch has fewer items than there are processes.
    """
    if batch_size < parallel.processes():
        raise OptionError(
            f"batches of {batch_size} cannot be shared by {parallel.processes()} processes"
        )
    count = -(-size // batch_size)
    left = size - (count - 1) * batch_size
    return count if left >= parallel.processes() else count - 1
