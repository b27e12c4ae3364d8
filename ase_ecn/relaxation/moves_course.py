"""A relaxation of cell and atoms by what an EMPNN that moves atoms asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, is_acceptable
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE, check_stopping
from ase_ecn.relaxation.held import NOTHING_HELD, Held, free_cell
from ase_ecn.relaxation.stopping import (
    CONVERGED,
    GIVEN_UP,
    OSCILLATING,
    STEPS,
    TOO_CLOSE,
    reliable_displacements,
    reliable_part,
    smallest,
    stop_reason,
    strain_spread,
)

BOND = 2.5
"""Å. A displacement of an atom counts like the strain that changes so long a bond by as much."""
_IDENTITY = np.eye(3)


@dataclass(frozen=True, eq=False)
class Move:
    """What a network asks for in a crystal of N atoms.

    Attributes
    ----------
    strain
        (3, 3) symmetric logarithm.
    shift
        (N, 3) displacements of the atoms, in fractional coordinates.
    """

    strain: NDArray[np.float64]
    shift: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Place:
    """(3, 3) deformation since the input, and (M, 3) places in the undeformed cell, in Å."""

    deformation: NDArray[np.float64]
    q: NDArray[np.float64]


class MovesCourse:
    """Cell and atoms follow the moves of a network, in the primitive cell.

    The space group is kept, as the network does except for rounding errors. The mean of all atoms
    stays where it is in the cell, or that of the fixed ones.

    Parameters
    ----------
    crystal
        Undeformed, of N atoms in any cell.
    held
        What has to stay.
    strain_tol
        It ends when the strain of a step has a smaller Frobenius norm and no atom moves by more
        than this times :data:`BOND`.
    steps
        Maximum number of steps; 0 only evaluates.
    allowed
        Strains that may be applied, if any.
    deformation
        (3, 3) that the cell has undergone already.

    Attributes
    ----------
    reason
        Why it has stopped; ``None`` while it continues.
    strains
        (3, 3) each, as far as allowed, that the network asked for.
    sizes
        Of the moves that it asked for, what ``strain_tol`` is compared with.
    out_of_domain
        What is unusual about the crystal that it began with; whoever asks the network sets it.

    Raises
    ------
    OptionError
        If the tolerance is not positive or the number of steps negative.
    """

    def __init__(
        self,
        crystal: Crystal,
        held: Held = NOTHING_HELD,
        *,
        strain_tol: float = STRAIN_TOLERANCE,
        steps: int = MAX_STEPS,
        allowed: AllowedStrain = ANY_STRAIN,
        deformation: NDArray[np.float64] = _IDENTITY,
    ) -> None:
        check_stopping(strain_tol, steps)
        self.reason: str | None = None
        self.strains: list[NDArray[np.float64]] = []
        self.sizes: list[float] = []
        self.out_of_domain: tuple[str, ...] = ()
        self._cell = free_cell(crystal, held, allowed)
        self._strain_tol, self._max_steps, self._allowed = strain_tol, steps, allowed
        self._places = [_Place(deformation, self._cell.crystal.positions)]

    @property
    def crystal(self) -> Crystal:
        """Where it is: what the network should be asked about."""
        return self._crystal_at(self._places[-1])

    @property
    def steps(self) -> int:
        """Number of steps so far."""
        return len(self._places) - 1

    @property
    def converged(self) -> bool:
        """Whether the last move was below the tolerance."""
        return self.reason == CONVERGED

    @property
    def deformation(self) -> NDArray[np.float64]:
        """(3, 3) deformation of the input to where the cell is, or ends."""
        return _IDENTITY if self.reason in GIVEN_UP else self._places[self._taken].deformation

    @property
    def displacements(self) -> NDArray[np.float64]:
        """(N, 3) in Å, of the atoms of the input against the deformed cell."""
        if self.reason in GIVEN_UP:
            return np.zeros((len(self._cell.site_of_atom), 3))
        place = self._places[self._taken]
        moved = (place.q - self._places[0].q) @ place.deformation
        return np.asarray(moved[self._cell.site_of_atom])

    @property
    def strain(self) -> float:
        """Norm of the strain that the network asked for where the cell is, or before it ended."""
        if not self.strains:
            return float("nan")
        return float(np.linalg.norm(self.strains[min(self._taken, len(self.strains) - 1)]))

    @property
    def strain_spread(self) -> float:
        """How far the strains of the last steps disagree; NaN without any."""
        return strain_spread(self.strains)

    def take(self, answer: Move) -> None:
        """Move as is asked for; in the end by the reliable part, or not at all."""
        moved, strain = self._as_far_as_free(answer)
        longest = np.linalg.norm(moved, axis=1).max()
        self.strains.append(strain)
        self.sizes.append(float(np.max([np.linalg.norm(strain), longest / BOND])))
        last = self.steps >= self._max_steps
        here = self._places[-1]
        self.reason = stop_reason(self._measures, here.deformation, self._strain_tol)
        if self.reason is None and last:
            self.reason = STEPS
        if self.reason == CONVERGED:
            moved, strain = reliable_displacements(moved), reliable_part(strain)
        if self.reason in (None, CONVERGED) and not last:
            there = self._allowed.advance(here.deformation, strain)
            self._places.append(_Place(there, here.q + moved))
        if self.reason is not None:
            self._go_back()

    def give_up(self, reason: str) -> None:
        """Stop, with the crystal as it was in the input."""
        self.reason = reason

    def _as_far_as_free(self, answer: Move) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Displacements (M, 3) in Å in the undeformed cell, and the (3, 3) strain."""
        cell = self._cell
        moved = answer.shift @ cell.crystal.cell
        # A network says how atoms move against each other: those that are fixed cannot move, so the
        # others do by the difference.
        moved = moved - moved[cell.fixed if cell.fixed.any() else slice(None)].mean(axis=0)
        moved, strain = cell.free.nearest(moved, answer.strain)
        return moved, self._allowed.project(strain)

    def _go_back(self) -> None:
        """End earlier if the result would not be accepted as an input."""
        if self.reason in GIVEN_UP:
            return
        while self._taken and not is_acceptable(self._crystal_at(self._places[self._taken])):
            del self._places[self._taken :]
            self.reason = TOO_CLOSE

    def _crystal_at(self, place: _Place) -> Crystal:
        primitive = self._cell.crystal
        scaled = place.q @ np.linalg.inv(primitive.cell)
        return Crystal(primitive.numbers, primitive.cell @ place.deformation, scaled)

    @property
    def _measures(self) -> list[NDArray[np.float64]]:
        return [np.array(size) for size in self.sizes]

    @property
    def _taken(self) -> int:
        """Which of the places is the result; the last, unless an earlier one is better."""
        return smallest(self._measures) if self.reason == OSCILLATING else self.steps
