"""Training in several processes, one for each device, which Lightning Fabric starts (DDP).

All processes run the same fit with the same random numbers. Each takes its part of every batch of
crystals and its share in the loss of the whole batch; gradients are summed, so that the weights
stay equal and are those of a single process. Without :func:`start` nothing
here does anything, and Lightning is not imported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn

from ase_ecn.errors import OptionError

if TYPE_CHECKING:
    from lightning_fabric.strategies.ddp import DDPStrategy

T = TypeVar("T")

# Belongs to the process, as the group of processes does that PyTorch keeps.
_strategy: DDPStrategy | None = None


def start(devices: int, device: str) -> str:
    """Start further processes, which run the same command, and join them.

    Parameters
    ----------
    devices
        Number of processes; 1 changes nothing.
    device
        Kind of device, ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    str
        The device of this process.

    Raises
    ------
    OptionError
        If there are not so many devices, or Lightning is missing.
    """
    global _strategy
    kind = torch.device(device).type
    if devices < 1:
        raise OptionError(f"the number of devices is {devices}: it must be at least 1")
    if devices == 1:
        return device
    if kind == "cuda" and devices > torch.cuda.device_count():
        raise OptionError(f"{devices} GPUs were asked for, there are {torch.cuda.device_count()}")
    if _strategy is not None:
        return str(_strategy.root_device)
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.strategies.ddp import DDPStrategy
    except ImportError as error:
        raise OptionError("several devices need pip install 'ase-ecn[training]'") from error
    strategy = DDPStrategy()
    Fabric(accelerator=kind, devices=devices, strategy=strategy).launch()
    _strategy = strategy
    if not is_first():
        logging.getLogger().setLevel(logging.WARNING)
    return str(strategy.root_device)


def processes() -> int:
    """How many processes share each batch."""
    return 1 if _strategy is None else int(_strategy.world_size)


def is_first() -> bool:
    """Whether this process writes files and speaks."""
    return _strategy is None or _strategy.global_rank == 0


def own_part(size: int) -> NDArray[np.int64]:
    """Indices below ``size`` that are this process's part; for a single process all of them."""
    rank = 0 if _strategy is None else int(_strategy.global_rank)
    return np.arange(rank, size, processes())


def total(value: float) -> float:
    """Sum of a number over the processes."""
    if _strategy is None:
        return value
    summed = torch.tensor(value, dtype=torch.float64, device=_strategy.root_device)
    distributed.all_reduce(summed)
    return float(summed)


def batch_mean(values: Tensor) -> Tensor:
    """Mean over the whole batch of which ``values`` (M, ...) are this process's part.

    What comes back is this process's share in it, so that the sum over the processes is the mean.
    Parts may have different sizes, and be empty.
    """
    if _strategy is None:
        return values.mean()
    return values.sum() / max(1.0, total(values.numel()))


def sum_gradients(model: nn.Module) -> None:
    """Give each weight the sum of its gradients in all processes, after ``backward``.

    Not by the hooks of ``DistributedDataParallel``, which start when a gradient is ready: a loss of
    forces differentiates twice, and the first time would set them off. A weight without a gradient
    in any process, such as those of a head without labels in this batch, is left without one.
    """
    if _strategy is None:
        return
    weights = [p for p in model.parameters() if p.requires_grad]
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in weights]
    known = torch.tensor([float(p.grad is not None) for p in weights], device=parts[0].device)
    flat = torch.cat([known, *(part.flatten() for part in parts)])
    distributed.all_reduce(flat)
    sizes = [len(weights), *(part.numel() for part in parts)]
    known, *summed = flat.split(sizes)
    for weight, has_gradient, values in zip(weights, known.tolist(), summed, strict=True):
        weight.grad = values.reshape(weight.shape).to(weight.dtype) if has_gradient else None


def from_first(compute: Callable[[], T]) -> T:
    """Compute in the first process and give the result to all."""
    if _strategy is None:
        return compute()
    found: list[Any] = [compute() if is_first() else None]
    distributed.broadcast_object_list(found, src=0, device=_strategy.root_device)
    result: T = found[0]
    return result


def begin(model: nn.Module, seed: int) -> None:
    """Let all processes begin a fit with the same weights, and other random numbers in dropout."""
    if _strategy is None:
        return
    for weight in model.parameters():
        distributed.broadcast(weight.data, src=0)
    torch.manual_seed(seed * processes() + int(_strategy.global_rank))
