"""Relaxations of cell and atoms of many crystals: by an EMPNN, then all by forces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain, log_strain
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE
from ase_ecn.relaxation.follow import follow
from ase_ecn.relaxation.force_course import (
    FORCE_TOLERANCE,
    MAX_FORCE_STEPS,
    ForceCourse,
)
from ase_ecn.relaxation.held import NOTHING_HELD, Held
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.result import Relaxation
from ase_ecn.relaxation.stages import end_reliably, search_at_once
from ase_ecn.relaxation.surface import EnergySurface

Method = Literal["lattice", "all"]
"""What is relaxed: the cell by the strains of an EMPNN, or atoms too, by forces from there."""

RELAXED: dict[str, Method] = {"cell": "lattice", "all": "all"}
"""Methods by what commands and screens call that which is relaxed."""

CELL_BATCH = 128
"""Default number of crystals per pass of the EMPNN."""
DEVICE_BATCH = 512
"""Default number of crystals per pass of the potential on a GPU."""

_UNDEFORMED = np.zeros((3, 3))


def check_method(method: str) -> None:
    """Refuse what is no :data:`Method` with an :class:`~ase_ecn.errors.OptionError`."""
    if method not in get_args(Method):
        raise OptionError(f"method must be 'lattice' or 'all', got {method!r}")


def relax_cell_and_atoms(
    crystals: Sequence[Crystal],
    network: StrainPredictor,
    surface: EnergySurface,
    held: Sequence[Held] | None = None,
    *,
    allowed: AllowedStrain = ANY_STRAIN,
    strain_tol: float = STRAIN_TOLERANCE,
    fmax: float = FORCE_TOLERANCE,
    steps: int = MAX_FORCE_STEPS,
    pressure: float = 0.0,
    batch_size: int | None = None,
    progress: bool = False,
    positions: bool = False,
    reliable: bool = False,
) -> list[Relaxation]:
    """Relax cells by strains, and cells and atoms from there by forces and stresses.

    Parameters
    ----------
    crystals
        Any number. Crystals that have stopped leave the batch.
    network
        Gives strains and, with ``positions``, moves atoms. Where the crystal that they lead to has
        a higher energy than the input, forces and stress are followed from the input.
    surface
        Gives energies, forces and stresses.
    held
        What has to stay as it is, of each crystal.
    allowed
        Strains that may be applied, if any.
    strain_tol
        As for :meth:`~ase_ecn.relaxation.predictor.StrainPredictor.relax`.
    fmax, pressure
        As for :class:`~ase_ecn.relaxation.force_course.ForceCourse`.
    steps
        Largest number of steps, those of the cell alone included.
    batch_size
        Largest number of crystals per pass of a network; changes nothing but speed and memory.
    progress
        Show a progress bar.
    positions
        Begin with the cells and atoms of the network, not with its cells alone.
    reliable
        End with the reliable part of the moves, see :mod:`ase_ecn.relaxation.reliable_end`.
    """
    given = [NOTHING_HELD] * len(crystals) if held is None else held
    cells: Sequence[Relaxation | None] = [None] * len(crystals)
    if allowed.mask.any() or positions:
        cells = network.relax(
            crystals,
            strain_tol=strain_tol,
            steps=min(steps, MAX_STEPS),
            allowed=allowed,
            batch_size=batch_size or CELL_BATCH,
            positions=positions,
            held=given,
        )
    courses = []
    for crystal, cell, one in zip(crystals, cells, given, strict=True):
        logarithms, displaced = beginnings(cell, len(crystal))
        course = ForceCourse(
            crystal,
            logarithms,
            one,
            allowed=allowed,
            fmax=fmax,
            steps=steps - (0 if cell is None else cell.steps),
            pressure=pressure,
            displaced=displaced,
        )
        courses.append(course)
    on_cpu = surface.device.type == "cpu"
    size = batch_size or (surface.model.batch_size if on_cpu else DEVICE_BATCH)
    rest = courses
    if surface.searches_on_device:
        endings = partial(surface.endings, fmax=fmax, pressure=pressure)
        rest = search_at_once(courses, surface.pulls, endings, batch_size=size, progress=progress)
    follow(rest, surface.answers, batch_size=size, progress=progress, threaded=on_cpu)
    if reliable:
        end_reliably(courses, network.log_strains, batch_size=batch_size or CELL_BATCH)
        follow(courses, surface.answers, batch_size=size, threaded=on_cpu)
    return [
        _relaxation(crystal, cell, course)
        for crystal, cell, course in zip(crystals, cells, courses, strict=True)
    ]


def beginnings(
    begun: Relaxation | None, atoms: int
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Where forces are followed from: where a relaxation has led to, and the input.

    Returns
    -------
    logarithms, displaced
        As for :class:`~ase_ecn.relaxation.force_course.ForceCourse`.
    """
    logarithms, displaced = [_UNDEFORMED], [np.zeros((atoms, 3))]
    if begun is not None:
        moved = displaced[0] if begun.displacements is None else begun.displacements
        if moved.any() or not np.array_equal(begun.deformation, np.eye(3)):
            logarithms.insert(0, log_strain(begun.deformation[None])[0])
            displaced.insert(0, moved @ np.linalg.inv(begun.deformation))
    return logarithms, displaced


def _relaxation(crystal: Crystal, cell: Relaxation | None, course: ForceCourse) -> Relaxation:
    assert course.reason is not None
    atoms = crystal.with_cell(crystal.cell @ course.deformation).to_atoms()
    atoms.positions += course.displacements
    return Relaxation(
        atoms=atoms,
        converged=course.converged,
        steps=course.steps + (0 if cell is None else cell.steps),
        reason=course.reason,
        strain=float("nan") if cell is None else cell.strain,
        strain_spread=float("nan") if cell is None else cell.strain_spread,
        out_of_domain=() if cell is None else cell.out_of_domain,
        deformation=course.deformation,
        displacements=course.displacements,
        force=course.force,
        energy_change=course.energy_change,
    )
