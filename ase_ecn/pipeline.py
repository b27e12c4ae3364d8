"""A pipeline of batches: threads prepare the next ones while a device computes.

A batch passes three stages. It is *prepared* in a thread (graphs, on their way to the device),
*launched* (the device is told what to compute, and nobody waits), and *read* (results fetched and
turned into what is asked for) after the next batch has been launched, so that the device is never
without work for lack of the processor's answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from ase_ecn.errors import ASEECNError
from ase_ecn.execution import is_out_of_memory

Batch = TypeVar("Batch")
Made = TypeVar("Made")
Running = TypeVar("Running")
Result = TypeVar("Result")

AHEAD = 2
"""Batches that are prepared, or being prepared, while another one is computed."""


def made_ahead(
    make: Callable[[Batch], Made], batches: Iterable[Batch], ahead: int = AHEAD
) -> Generator[tuple[Batch, Future[Made]]]:
    """Apply a function in threads, never to more than a few batches before they are asked for.

    Parameters
    ----------
    make
        Function of one batch that is safe to call from threads.
    batches
        Taken one by one, in the thread of the caller, as there is room for them.
    ahead
        So many, each in a thread of its own.

    Yields
    ------
    batch, future
        In the order of the batches. The threads have ended when the iterator has, or is closed.
    """
    with ThreadPoolExecutor(ahead, "ase_ecn") as threads:
        waiting: deque[tuple[Batch, Future[Made]]] = deque()
        try:
            for batch in batches:
                waiting.append((batch, threads.submit(make, batch)))
                if len(waiting) > ahead:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            threads.shutdown(cancel_futures=True)


def in_pipeline(
    batches: Iterable[Batch],
    make: Callable[[Batch], Made],
    launch: Callable[[Made], Running],
    read: Callable[[Running], Result],
    plainly: Callable[[Batch], Result],
) -> Iterator[Result]:
    """Pass batches through the three stages.

    Parameters
    ----------
    batches
        Any number.
    make, launch, read
        The stages: ``make`` is called in threads, the others by the caller's.
    plainly
        Does the same for a batch without a pipeline: for those that were too large or that hold a
        crystal without a result, to find out which.

    Yields
    ------
    Result
        In the order of the batches. Unexpected errors are raised in their batch's turn.
    """
    running: tuple[Batch, Running | None] | None = None
    with closing(made_ahead(make, batches)) as ahead:
        for batch, made in ahead:
            launched = _unless_expected(lambda made: launch(made.result()), made)
            if running is not None:
                yield _read(*running, read, plainly)
            running = batch, launched
            del made, launched
        if running is not None:
            yield _read(*running, read, plainly)


def _read(
    batch: Batch,
    running: Running | None,
    read: Callable[[Running], Result],
    plainly: Callable[[Batch], Result],
) -> Result:
    found = None if running is None else _unless_expected(read, running)
    return plainly(batch) if found is None else found


def _unless_expected(stage: Callable[[Made], Result], of: Made) -> Result | None:
    """What a stage gives, or ``None`` where memory ran out or a crystal has no result."""
    try:
        return stage(of)
    except (ASEECNError, MemoryError, RuntimeError) as error:
        if not (isinstance(error, ASEECNError) or is_out_of_memory(error)):
            raise
    return None
