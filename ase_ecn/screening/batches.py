"""All unfinished crystals of an input, computed in batches and written as they are completed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from ase import Atoms
from tqdm import tqdm

from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.execution import own_threads
from ase_ecn.readers import Source
from ase_ecn.screening.cluster import Cluster
from ase_ecn.screening.compute import Outcome
from ase_ecn.screening.store import Store


@dataclass(frozen=True)
class Execution:
    """How crystals are computed.

    Attributes
    ----------
    batch_size
        Crystals that are computed and written together.
    workers
        Processes to start on this machine.
    cluster
        Address of the scheduler of a running Dask cluster to use instead.
    retry_failed
        Repeat crystals that failed before.
    progress
        Show a progress bar.
    """

    batch_size: int
    workers: int | None = None
    cluster: str | None = None
    retry_failed: bool = False
    progress: bool = False

    @property
    def remote(self) -> bool:
        """Whether other processes compute."""
        return bool(self.workers or self.cluster)

    def check(self) -> None:
        """Raise an :class:`~ase_ecn.errors.OptionError` for values that are not allowed."""
        for name, number in (("batch_size", self.batch_size), ("workers", self.workers)):
            if number is not None and number < 1:
                raise OptionError(f"{name} must be at least 1, got {number}")
        if self.workers and self.cluster:
            raise OptionError(
                "use either workers (started here) or cluster (already running), not both"
            )


def compute_all(
    compute: Callable[[Sequence[Source]], list[Outcome]],
    sources: Iterator[Source],
    store: Store,
    execution: Execution,
    write: Callable[[Sequence[Outcome]], None],
    total: int | None,
    threads: int = 1,
) -> int:
    """Compute the crystals that the store does not have yet; return their number.

    Parameters
    ----------
    compute
        Returns the outcomes of a batch, in its order. Must be picklable if ``execution`` is
        remote.
    sources
        The input.
    store
        Knows which crystals are finished.
    execution
        Where and how.
    write
        Stores the outcomes of a batch.
    total
        Number of crystals, for the progress bar; ``None`` if unknown.
    threads
        In which batches are computed here, while those before them are written.
    """
    disable = not execution.progress
    with tqdm(total=total, disable=disable, unit=" crystals", smoothing=0) as bar:
        chunks = _chunks(sources, execution.batch_size, store, execution.retry_failed, bar)
        if not execution.remote:
            # Closed at once where writing fails, so that no thread goes on.
            with closing(_abreast(compute, chunks, threads)) as results:
                return _write_all(results, write, bar)
        with Cluster(
            compute, _failed, workers=execution.workers, address=execution.cluster
        ) as remote:
            return _write_all(remote.map(chunks), write, bar)


def _abreast(
    compute: Callable[[Sequence[Source]], list[Outcome]],
    chunks: Iterator[list[Source]],
    threads: int,
) -> Generator[list[Outcome], None, None]:
    """Outcomes of the batches, in their order; each is the work of one thread.

    Structures are loaded here, since readers need not be safe to use from several threads.
    """
    if threads < 2:
        yield from map(compute, chunks)
        return
    waiting: deque[Future[list[Outcome]]] = deque()
    with own_threads(threads) as pool:
        try:
            for chunk in chunks:
                waiting.append(pool.submit(compute, [_loaded(source) for source in chunk]))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _loaded(source: Source) -> Source:
    """The same, with its structure, or the reason why there is none, in memory."""
    try:
        return replace(source, load=partial(_given, source.load()))
    except ASEECNError as error:
        return replace(source, load=partial(_refused, error))


def _given(atoms: Atoms) -> Atoms:
    return atoms


def _refused(error: ASEECNError) -> Atoms:
    raise error


def _failed(source: Source, reason: str) -> Outcome:
    return Outcome(source, error=reason)


def _write_all(
    results: Iterator[list[Outcome]], write: Callable[[Sequence[Outcome]], None], bar: Any
) -> int:
    computed = 0
    for outcomes in results:
        write(outcomes)
        computed += len(outcomes)
        bar.update(len(outcomes))
    return computed


def _chunks(
    sources: Iterator[Source], size: int, store: Store, retry_failed: bool, bar: Any
) -> Iterator[list[Source]]:
    """Batches of crystals that are not finished."""
    waiting: list[Source] = []
    for read in iter(partial(_take, sources, size), []):
        left = store.pending(read, retry_failed)
        # What was finished before counts neither for the rate nor for the remaining time.
        if not bar.disable:
            bar.initial += len(read) - len(left)
            bar.n += len(read) - len(left)
            bar.refresh()
        waiting += left
        while len(waiting) >= size:
            yield waiting[:size]
            waiting = waiting[size:]
    if waiting:
        yield waiting


def _take(sources: Iterator[Source], size: int) -> list[Source]:
    return list(islice(sources, size))
