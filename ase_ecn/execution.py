"""Where and how networks compute: device, precision, threads, and batches that fit into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from ase_ecn.errors import OptionError

Item = TypeVar("Item")
Result = TypeVar("Result")

# OpenMP's threads do not survive a fork, and a child that waits for them waits for ever.
if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


@contextmanager
def own_modes(device: torch.device) -> Iterator[None]:
    """Compute as always, whatever modes of PyTorch the caller is in.

    Without it, tensors that are kept would be unfit for gradients if they were made within the
    caller's ``torch.inference_mode()``, and products would lose digits within ``torch.autocast()``.
    """
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast(device.type, enabled=False),
    ):
        yield


def resolve_device(device: str | torch.device | None) -> torch.device:
    """Return the requested device, by default CUDA if available, otherwise the CPU.

    Raises
    ------
    OptionError
        If there is no such device here.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise OptionError(f"device {device!r} cannot be used: {error}") from None
    return resolved


def resolve_dtype(dtype: str) -> torch.dtype:
    """Return the torch dtype for ``"float32"`` or ``"float64"``; others are an OptionError."""
    known = {"float32": torch.float32, "float64": torch.float64}
    if dtype not in known:
        raise OptionError(f"unknown dtype {dtype!r}; known are {', '.join(known)}")
    return known[dtype]


def in_threads(work: Callable[[Item], Result], batches: Sequence[Item]) -> list[Result]:
    """Apply a function to batches, in as many threads as PyTorch is allowed.

    Each thread computes its batch alone: operations on a few thousand bonds are too short to be
    shared well. The same batches, if several, give the same bits with any number.

    Parameters
    ----------
    work
        Function of one batch that depends on nothing else and is safe to call from threads.
    batches
        Any number; for one, or where PyTorch has one thread, no thread is started.

    Returns
    -------
    list
        Results in the order of the batches. The first error in this order is raised.
    """
    count = min(torch.get_num_threads(), len(batches))
    if count < 2:
        return [work(batch) for batch in batches]
    with own_threads(count) as threads:
        return list(threads.map(work, batches))


@contextmanager
def own_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """So many threads, in each of which PyTorch computes alone."""
    allowed = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(count, "ase_ecn", torch.set_num_threads, (1,)) as threads:
            yield threads
    finally:
        # What a thread sets holds for threads that come later, and for products everywhere.
        torch.set_num_threads(allowed)


def in_halves(
    work: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    alone: Callable[[Item], Result],
    halving: Callable[[Sequence[Item]], None] | None = None,
) -> list[Result]:
    """Apply a function to a batch at once, or to its halves if memory runs out.

    Parameters
    ----------
    work
        Function of a batch that gives a result for each of its items.
    items
        At least one.
    alone
        Gives the result of an item, or raises, that does not fit into memory even alone.
    halving
        Called with each batch that did not fit.

    Returns
    -------
    list
        Results in the order of the items.
    """
    try:
        return list(work(items))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
    # Outside of the handler, which holds the failed pass's tensors by its traceback.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if len(items) == 1:
        return [alone(items[0])]
    if halving is not None:
        halving(items)
    half = len(items) // 2
    first = in_halves(work, items[:half], alone, halving)
    return first + in_halves(work, items[half:], alone, halving)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of a GPU."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    # PyTorch's allocator for the CPU has no exception of its own.
    message = str(error).lower()
    return "out of memory" in message or "can't allocate memory" in message
