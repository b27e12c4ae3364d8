"""Atoms that follow a relaxation of cell and atoms, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.relaxation.force_course import ForceCourse
from ase_ecn.relaxation.moves_course import MovesCourse

AtomsCourse = TypeVar("AtomsCourse", ForceCourse, MovesCourse)


def follow_in_place(
    atoms: Atoms,
    start_cell: NDArray[np.float64],
    course: AtomsCourse,
    ask: Callable[[Sequence[AtomsCourse]], Sequence[Any]],
) -> Iterator[None]:
    """Let a course take its network's answers until it stops.

    Parameters
    ----------
    atoms
        Changed in place; the course has begun with their fractional coordinates.
    start_cell
        (3, 3) cell in Å in which the course has begun: deformations are of it.
    course
        Of these atoms.
    ask
        Answers of the network for courses.

    Yields
    ------
    None
        After each answer, with the atoms where the course is.
    """
    scaled = atoms.cell.scaled_positions(atoms.positions)
    while course.reason is None:
        course.take(ask([course])[0])
        cell = start_cell @ course.deformation
        atoms.set_cell(cell, apply_constraint=False)
        atoms.positions[:] = scaled @ cell + course.displacements
        yield
