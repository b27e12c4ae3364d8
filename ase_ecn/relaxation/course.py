"""The course of one relaxation: which step comes next, when it ends, and what its result is.

A course holds one crystal and the answers of a network so far. It neither calls the
network nor moves atoms: :class:`~ase_ecn.LatticeRelaxer` does this for one crystal, and
:func:`ase_ecn.relaxation.follow.follow` for many courses at once. A relaxation of another kind, by
other answers of another network, is another :class:`Course`.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, is_acceptable
from ase_ecn.errors import OptionError
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain
from ase_ecn.relaxation.stopping import (
    CONVERGED,
    GIVEN_UP,
    OSCILLATING,
    STEPS,
    TOO_CLOSE,
    norm,
    reliable_part,
    smallest,
    stop_reason,
    strain_spread,
)

STRAIN_TOLERANCE = 0.02
"""Default norm of the strain of one step below which the next step is the last."""
MAX_STEPS = 10
"""Default number of steps of one relaxation."""

_IDENTITY = np.eye(3)

Answer = TypeVar("Answer", contravariant=True)


class Course(Protocol[Answer]):
    """The relaxation of one crystal.

    Attributes
    ----------
    reason
        Why it has stopped; ``None`` while it continues.
    """

    reason: str | None

    @property
    def crystal(self) -> Crystal:
        """Where it is: what the network should be asked about."""

    def take(self, answer: Answer) -> None:
        """Follow the network's answer by a step, or stop."""

    def give_up(self, reason: str) -> None:
        """Stop without an answer."""


class CellCourse:
    """The cell follows the strains of a network at fixed fractional coordinates.

    Parameters
    ----------
    crystal
        Where it begins. A deformation of the primitive cell is that of every cell of the same
        crystal, so the smallest description will do.
    strain_tol
        Frobenius norm of the logarithmic strain of one step below which it ends.
    steps
        Maximum number of steps; 0 only evaluates.
    allowed
        Strains that may be applied.
    deformation
        (3, 3) deformation that the crystal has undergone already since the input, which is what
        ``allowed`` limits and what is gone back to if the relaxation fails.

    Attributes
    ----------
    crystal
        Where it is.
    reason
        Why it has stopped; ``None`` while it continues.
    strains
        (3, 3) each, as far as allowed, that the network asked for.
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
        *,
        strain_tol: float = STRAIN_TOLERANCE,
        steps: int = MAX_STEPS,
        allowed: AllowedStrain = ANY_STRAIN,
        deformation: NDArray[np.float64] = _IDENTITY,
    ) -> None:
        check_stopping(strain_tol, steps)
        self.crystal = crystal
        self.reason: str | None = None
        self.strains: list[NDArray[np.float64]] = []
        self.out_of_domain: tuple[str, ...] = ()
        self._strain_tol = strain_tol
        self._max_steps = steps
        self._allowed = allowed
        self._deformations = [deformation]
        self._undeformed = crystal.cell
        if deformation is not _IDENTITY:
            self._undeformed = crystal.cell @ np.linalg.inv(deformation)

    @property
    def steps(self) -> int:
        """Number of steps so far."""
        return len(self._deformations) - 1

    @property
    def converged(self) -> bool:
        """Whether the last strain was below the tolerance."""
        return self.reason == CONVERGED

    @property
    def deformation(self) -> NDArray[np.float64]:
        """(3, 3) deformation of the input to where the cell is, or ends."""
        if self.reason in GIVEN_UP:
            return _IDENTITY
        return self._deformations[self._taken]

    @property
    def strain(self) -> float:
        """Norm of the strain that the network asked for where the cell is, or before it ended."""
        if not self.strains:
            return float("nan")
        return norm(self.strains[min(self._taken, len(self.strains) - 1)])

    @property
    def strain_spread(self) -> float:
        """How far the last steps disagree; NaN without any."""
        return strain_spread(self.strains)

    def take(self, answer: NDArray[np.float64]) -> None:
        """Apply the (3, 3) strain that is asked for; in the end its reliable part or none."""
        strain = self._allowed.project(answer)
        self.strains.append(strain)
        last = self.steps >= self._max_steps
        self.reason = stop_reason(self.strains, self._deformations[-1], self._strain_tol)
        if self.reason is None and last:
            self.reason = STEPS
        if self.reason == CONVERGED:
            strain = reliable_part(strain)
        if self.reason in (None, CONVERGED) and not last:
            moved = self._allowed.advance(self._deformations[-1], strain)
            self._deformations.append(moved)
            self.crystal = self._deformed(moved)
        if self.reason is not None:
            self._go_back()

    def _deformed(self, deformation: NDArray[np.float64]) -> Crystal:
        return self.crystal.with_cell(self._undeformed @ deformation)

    def _go_back(self) -> None:
        """End earlier if the result would not be accepted as an input."""
        if self.reason in GIVEN_UP:
            return
        while self._taken and not is_acceptable(self._deformed(self.deformation)):
            del self._deformations[self._taken :]
            self.reason = TOO_CLOSE

    def give_up(self, reason: str) -> None:
        """Stop, with the cell as it was in the input."""
        self.reason = reason

    @property
    def _taken(self) -> int:
        """Which of the cells is the result; the last, unless an earlier one is better."""
        return smallest(self.strains) if self.reason == OSCILLATING else self.steps


def check_stopping(strain_tol: float, steps: int) -> None:
    """Refuse a tolerance that is not positive or a negative number of steps.

    Raises
    ------
    OptionError
        If one of them is not allowed.
    """
    if not strain_tol > 0:
        raise OptionError(f"strain_tol must be positive, got {strain_tol}")
    if steps < 0:
        raise OptionError(f"steps must not be negative, got {steps}")
