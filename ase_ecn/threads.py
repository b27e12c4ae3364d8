"""Batches computed by several threads, where one network would leave processors idle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Batch = TypeVar("Batch")
Result = TypeVar("Result")


def in_threads(work: Callable[[Batch], Result], batches: Sequence[Batch]) -> list[Result]:
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
    allowed = torch.get_num_threads()
    if min(allowed, len(batches)) < 2:
        return [work(batch) for batch in batches]
    try:
        with ThreadPoolExecutor(
            min(allowed, len(batches)), "ase_ecn", torch.set_num_threads, (1,)
        ) as threads:
            return list(threads.map(work, batches))
    finally:
        # What a thread sets holds for threads that come later, and for products everywhere.
        torch.set_num_threads(allowed)
