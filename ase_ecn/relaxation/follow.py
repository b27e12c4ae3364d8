"""Many courses at once: batches of similar memory, of which those that have stopped leave."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch
from tqdm import tqdm

from ase_ecn.execution import in_halves, in_threads
from ase_ecn.relaxation.course import Course
from ase_ecn.relaxation.stopping import OUT_OF_MEMORY

logger = logging.getLogger(__name__)

AnyCourse = TypeVar("AnyCourse", bound=Course[Any])

_BATCH_LOAD = 4096
_LEAST_PER_THREAD = 16


def follow(
    courses: Sequence[AnyCourse],
    ask: Callable[[Sequence[AnyCourse]], Sequence[Any]],
    *,
    batch_size: int,
    progress: bool = False,
    threaded: bool = False,
) -> None:
    """Let each course take the network's answers until it stops.

    Parameters
    ----------
    courses
        Any number; they are changed.
    ask
        Answers of the network for a batch of courses. Where memory runs out it is asked for the
        halves; a course that does not fit alone gives up with the reason ``"out of memory"``.
    batch_size
        Maximum number of courses per call, fewer if their crystals are large; affects only speed
        and memory.
    progress
        Show a progress bar.
    threaded
        Ask for as many batches at once as PyTorch has threads, each in a thread of its own.
    """
    packing = _Packing(batch_size)

    def asked(batch: list[AnyCourse]) -> tuple[list[AnyCourse], list[Any]]:
        return batch, in_halves(ask, batch, _too_large, packing.shrink)

    active = list(courses)
    with tqdm(total=len(active), disable=not progress, unit=" crystals") as bar:
        while active:
            threads = torch.get_num_threads() if threaded else 1
            batches = packing.batches(active, threads)
            for batch, answers in (
                map(asked, batches) if threads < 2 else in_threads(asked, list(batches))
            ):
                for course, answer in zip(batch, answers, strict=True):
                    if answer is None:
                        course.give_up(OUT_OF_MEMORY)
                    else:
                        course.take(answer)
                bar.update(sum(course.reason is not None for course in batch))
            active = [course for course in active if course.reason is None]


def lead(
    courses: Sequence[AnyCourse],
    ask: Callable[[Sequence[AnyCourse]], Sequence[Sequence[Any]]],
    *,
    batch_size: int,
    progress: bool = False,
) -> list[AnyCourse]:
    """Let each course take answers that were found all at once, until it stops.

    Parameters
    ----------
    courses, batch_size, progress
        As for :func:`follow`.
    ask
        Answers for each course of a batch, one after the other.

    Returns
    -------
    list
        Courses that have not stopped after all of their answers, or do not fit into memory.
    """
    packing = _Packing(batch_size)
    with tqdm(total=len(courses), disable=not progress, unit=" crystals") as bar:
        for batch in packing.batches(courses):
            found = in_halves(ask, batch, lambda _: (), packing.shrink)
            for course, answers in zip(batch, found, strict=True):
                for answer in answers:
                    if course.reason is None:
                        course.take(answer)
            bar.update(len(batch))
    return [course for course in courses if course.reason is None]


def _too_large(course: Course[Any]) -> None:
    logger.warning("a crystal of %d atoms does not fit into memory", len(course.crystal))


class _Packing:
    """Sorts courses into batches of similar memory, which grows with the number of atoms."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self.limit = float(_BATCH_LOAD)

    def shrink(self, batch: Sequence[Course[Any]]) -> None:
        """Half of this batch is the most to try from now on."""
        self.limit = min(self.limit, sum(map(_load, batch)) / 2)

    def batches(self, courses: Sequence[AnyCourse], threads: int = 1) -> Iterator[list[AnyCourse]]:
        """Small crystals first, so that a large one meets only its like; some for each thread."""
        size = min(self.batch_size, max(-(-len(courses) // threads), _LEAST_PER_THREAD))
        batch: list[AnyCourse] = []
        load = 0.0
        for course in sorted(courses, key=_load):
            if batch and (len(batch) == size or load + _load(course) > self.limit):
                yield batch
                batch, load = [], 0.0
            batch.append(course)
            load += _load(course)
        if batch:
            yield batch


def _load(course: Course[Any]) -> int:
    return len(course.crystal)
