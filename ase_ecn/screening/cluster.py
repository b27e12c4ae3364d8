"""Batches of crystals on processes of this machine or on a Dask cluster.

Workers compute batches, and one process writes all results. If a worker dies, another one computes
its batch; a crystal that kills workers even when it is computed alone is recorded as a failure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from ase_ecn.errors import OptionError

logger = logging.getLogger(__name__)

_BATCHES_PER_WORKER = 3
_CONNECT_S = 30
# A batch fails after so many deaths of local workers; a running cluster has its own setting.
_DEATHS = 2


class Labelled(Protocol):
    """A crystal to compute; it can be sent to another process."""

    @property
    def label(self) -> str:
        """Its name in messages."""
        ...


Task = TypeVar("Task", bound=Labelled)
Result = TypeVar("Result")


class Cluster(Generic[Task, Result]):
    """Workers for a computation; as a context manager it stops them, or disconnects, at the end.

    Parameters
    ----------
    compute
        Returns the results of a batch, in its order. It is sent to the workers.
    failed
        The result of a crystal that kills workers, from it and the reason.
    workers
        Processes to start here, one thread each.
    address
        Address of a running scheduler to use instead.

    Raises
    ------
    OptionError
        If Dask is not installed, or there is no scheduler at the address.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Task]], list[Result]],
        failed: Callable[[Task, str], Result],
        *,
        workers: int | None,
        address: str | None,
    ) -> None:
        try:
            import dask
            import distributed
        except ImportError as error:
            raise OptionError("workers need Dask: pip install 'ase-ecn[cluster]'") from error
        self._distributed = distributed
        self._compute = compute
        self._failed = failed
        self._local: Any = None
        try:
            if address is None:
                # By default a worker is killed when it exceeds its share of the memory, which Dask
                # derives from the number of threads: far too little here.
                with dask.config.set({"distributed.scheduler.allowed-failures": _DEATHS - 1}):
                    self._local = distributed.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        processes=True,
                        memory_limit=None,
                        dashboard_address=None,
                    )
            self._client = distributed.Client(
                self._local if address is None else address, timeout=_CONNECT_S
            )
        except (OSError, ValueError, TimeoutError) as error:
            if self._local is not None:
                self._local.close()
            raise OptionError(f"cannot connect to a cluster at {address}: {error}") from error

    def __enter__(self) -> Cluster[Task, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        if self._local is not None:
            self._local.close()

    def map(self, chunks: Iterator[Sequence[Task]]) -> Iterator[list[Result]]:
        """Results of the batches, in the order in which they are completed."""
        # A scheduler blames all that was waiting on a worker when it died, not only what it was
        # computing, so a crystal is guilty only if workers die while it is alone on the cluster.
        suspects: list[Task] = []
        yield from self._compute_together(chunks, suspects)
        for task in suspects:
            yield self._compute_alone(task)

    def _compute_together(
        self, chunks: Iterator[Sequence[Task]], suspects: list[Task]
    ) -> Iterator[list[Result]]:
        done = self._distributed.as_completed()
        batches: dict[Any, Sequence[Task]] = {}

        def submit(batch: Sequence[Task]) -> None:
            future = self._client.submit(self._compute, list(batch), pure=False)
            batches[future.key] = batch
            done.add(future)

        more = True
        while more or batches:
            while more and len(batches) < self._in_flight():
                batch = next(chunks, None)
                more = batch is not None
                if batch is not None:
                    submit(batch)
            if not batches:
                break
            future = next(done)
            batch = batches.pop(future.key)
            if self._deadly(future) is None:
                yield future.result()
            elif len(batch) == 1:
                suspects.extend(batch)
            else:
                for task in batch:
                    submit([task])

    def _compute_alone(self, task: Task) -> list[Result]:
        future = self._client.submit(self._compute, [task], pure=False)
        error = self._deadly(future)
        if error is None:
            results: list[Result] = future.result()
            return results
        logger.warning("%s kills the workers that compute it", task.label)
        return [self._failed(task, f"the workers that computed it died: {error}")]

    def _deadly(self, future: Any) -> Exception | None:
        """Wait for a computation; return its error if its workers died, and raise any other."""
        error: Exception | None = future.exception()
        if error is not None and not isinstance(error, self._distributed.scheduler.KilledWorker):
            raise error
        return error

    def _in_flight(self) -> int:
        # While the only worker is being restarted there is none, which must not end the screen.
        return _BATCHES_PER_WORKER * max(1, len(self._client.nthreads()))
