"""Stages of a relaxation by forces that are followed one by one, each a course of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.relaxation.follow import follow
from ase_ecn.relaxation.force_course import ForceCourse, Pull
from ase_ecn.relaxation.search_ends import Beginning, Ending
from ase_ecn.relaxation.stopping import CONVERGED

_DONE = "done"


def search_at_once(
    courses: Sequence[ForceCourse],
    pulls: Callable[[Sequence[Crystal]], Sequence[Pull]],
    endings: Callable[[Sequence[Beginning]], Sequence[Ending]],
    *,
    batch_size: int,
    progress: bool = False,
) -> list[ForceCourse]:
    """Let courses begin by answers, and then take all of their steps at once.

    Parameters
    ----------
    courses
        Any number; they are changed.
    pulls
        What a network says of crystals.
    endings
        Where searches that begin there end.
    batch_size, progress
        As for :func:`~ase_ecn.relaxation.follow.follow`.

    Returns
    -------
    list
        Courses that have not stopped: they are too large, or do not fit into memory.
    """

    def asked_first(batch: Sequence[_Begin]) -> Sequence[Pull]:
        return pulls([one.crystal for one in batch])

    follow([_Begin(course) for course in courses], asked_first, batch_size=batch_size)
    begun = [(course, course.beginning()) for course in courses if course.reason is None]
    searches = [_Search(course, there) for course, there in begun if there is not None]

    def asked(batch: Sequence[_Search]) -> Sequence[Ending]:
        return endings([search.beginning for search in batch])

    follow(searches, asked, batch_size=batch_size, progress=progress)
    return [course for course in courses if course.reason is None]


def end_reliably(
    courses: Sequence[ForceCourse],
    strains: Callable[[Sequence[Crystal]], NDArray[np.float64]],
    *,
    batch_size: int,
) -> None:
    """Ask for strains where courses have stopped, and let them go on to their reliable ends."""

    def asked(ends: Sequence[_End]) -> list[NDArray[np.float64]]:
        return list(strains([end.crystal for end in ends]))

    follow([_End(course) for course in courses], asked, batch_size=batch_size)


class _Begin:
    """A course until its search has begun."""

    def __init__(self, course: ForceCourse) -> None:
        self._course = course
        self.reason: str | None = None

    @property
    def crystal(self) -> Crystal:
        """What the network should be asked about."""
        return self._course.crystal

    def take(self, answer: Pull) -> None:
        """Pass the answer on."""
        self._course.take(answer)
        if self._course.begun:
            self.reason = _DONE

    def give_up(self, reason: str) -> None:
        """Stop, and the course too."""
        self.reason = reason
        self._course.give_up(reason)


class _Search:
    """The search of a course that has begun, as one step."""

    def __init__(self, course: ForceCourse, beginning: Beginning) -> None:
        self._course = course
        self.beginning = beginning
        self.crystal = course.crystal
        self.reason: str | None = None

    def take(self, answer: Ending) -> None:
        """Let the course stop there."""
        self.reason = _DONE
        self._course.end(answer)

    def give_up(self, reason: str) -> None:
        """Leave the course to itself."""
        self.reason = reason


class _End:
    """Where a course has stopped, which an EMPNN is asked about once."""

    def __init__(self, course: ForceCourse) -> None:
        self._course = course
        self.crystal = course.crystal
        self.reason: str | None = None

    def take(self, answer: NDArray[np.float64]) -> None:
        """Let the course go on to its reliable end."""
        self.reason = CONVERGED
        self._course.end_reliably(answer)

    def give_up(self, reason: str) -> None:
        """Leave the course as it is."""
        self.reason = reason
