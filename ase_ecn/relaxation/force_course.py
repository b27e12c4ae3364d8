"""A relaxation of cell and atoms by the forces and the stress of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain, exp_symmetric
from ase_ecn.relaxation.freedom import Freedom
from ase_ecn.relaxation.held import NOTHING_HELD, Held, free_cell
from ase_ecn.relaxation.quasi_newton import QuasiNewton
from ase_ecn.relaxation.reliable_end import reliable_moves
from ase_ecn.relaxation.search_ends import Beginning, Ending
from ase_ecn.relaxation.stiffness import solver, stiffness
from ase_ecn.relaxation.stopping import (
    CONVERGED,
    GIVEN_UP,
    MAX_TOTAL_STRAIN,
    OUT_OF_RANGE,
    STALLED,
    STEPS,
)

FORCE_TOLERANCE = 0.05
"""Default largest force, eV/Å, at which a relaxation of cell and atoms ends."""
MAX_FORCE_STEPS = 200
"""Default number of steps of one relaxation of cell and atoms."""

BOND = 2.5
"""Usual length of a bond, Å: a strain of it is compared with displacements of atoms."""
_NOISE = 2e-6
_VOIGT = [[0, 5, 4], [5, 1, 3], [4, 3, 2]]


@dataclass(frozen=True)
class Pull:
    """What a network says of a crystal of N atoms.

    Attributes
    ----------
    energy
        eV per cell; infinite for atoms that are too close to each other.
    forces
        (N, 3) in eV/Å.
    stress
        (6,) in eV/Å³, in ASE's order.
    """

    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Place:
    """(N, 3) undeformed positions in Å, and the (3, 3) logarithm of the deformation."""

    free: Freedom
    q: NDArray[np.float64]
    logarithm: NDArray[np.float64]

    @cached_property
    def crystal(self) -> Crystal:
        """The crystal there, made once for all who ask."""
        return self.free.crystal(self.q, self.logarithm)


class ForceCourse:
    """Cell and atoms follow forces and stress downhill, in the primitive cell.

    Parameters
    ----------
    crystal
        Undeformed, of N atoms in any cell.
    logarithms
        (3, 3) each, of deformations from which it may begin; it does from that of lowest energy.
        The last is that of the input.
    held
        What has to stay.
    allowed
        Strains that may be applied, if any.
    fmax
        It ends when no force is larger, eV/Å, and the norm of the virial per atom is not, eV.
    steps
        Maximum number of steps; 0 only evaluates.
    pressure
        From outside, eV/Å³.
    displaced
        (N, 3) each, displacements in Å of the atoms of the undeformed crystal that belong to the
        ``logarithms``; ``None`` for none.

    Attributes
    ----------
    crystal
        What the network should be asked about next; when it has stopped, where it has ended.
    reason
        Why it has stopped; ``None`` while it continues.
    steps
        Number of steps so far, those that led nowhere included.

    Raises
    ------
    OptionError
        If ``fmax`` is not positive or the number of steps negative.
    """

    def __init__(
        self,
        crystal: Crystal,
        logarithms: Sequence[NDArray[np.float64]] = (np.zeros((3, 3)),),
        held: Held = NOTHING_HELD,
        *,
        allowed: AllowedStrain = ANY_STRAIN,
        fmax: float = FORCE_TOLERANCE,
        steps: int = MAX_FORCE_STEPS,
        pressure: float = 0.0,
        displaced: Sequence[NDArray[np.float64]] | None = None,
    ) -> None:
        check_force_stopping(fmax, steps)
        cell = free_cell(crystal, held, allowed)
        self.site_of_atom, self._free = cell.site_of_atom, cell.free
        self._start = cell.crystal.positions
        moved = [np.zeros((len(crystal), 3))] * len(logarithms) if displaced is None else displaced
        self._starts = [
            _Place(
                cell.free,
                self._start + cell.free.nearest(cell.of_sites(apart), logarithm)[0],
                logarithm,
            )
            for apart, logarithm in zip(moved, logarithms, strict=True)
        ]
        self._answers: list[Pull] = []
        self._fmax, self._max_steps, self._pressure = fmax, steps, pressure
        self._best = self._next = self._starts[0]
        self._step: NDArray[np.float64] = np.zeros(0)
        self._search: QuasiNewton | None = None
        self._start_energy = float("nan")
        self._led_to: str | None = None
        self.reason: str | None = None
        self.steps = 0
        self._force = float("nan")

    @property
    def crystal(self) -> Crystal:
        """What the network should be asked about next, or where it has ended."""
        return (self._next if self.reason is None else self._best).crystal

    @property
    def converged(self) -> bool:
        """Whether forces and stress are below the tolerance."""
        return self.reason == CONVERGED

    @property
    def force(self) -> float:
        """Largest force that is left, eV/Å, or norm of the virial per atom, eV, if that is larger.

        NaN where it was given up.
        """
        return float("nan") if self.reason in GIVEN_UP else self._force

    @property
    def energy(self) -> float:
        """Energy (or, under pressure, enthalpy) where it is best, eV per primitive cell."""
        return float("nan") if self._search is None else self._search.energy

    @property
    def energy_change(self) -> float:
        """Energy (or, under pressure, enthalpy) since the start in eV/atom, never positive."""
        if self._search is None or self.reason in GIVEN_UP:
            return float("nan")
        return (self._search.energy - self._start_energy) / len(self._start)

    @property
    def deformation(self) -> NDArray[np.float64]:
        """(3, 3) deformation of the cell to where it is best so far, or ends."""
        return np.eye(3) if self.reason in GIVEN_UP else exp_symmetric(self._best.logarithm)

    @property
    def displacements(self) -> NDArray[np.float64]:
        """(N, 3) in Å, of the atoms of the input against the deformed cell."""
        if self.reason in GIVEN_UP:
            return np.zeros((len(self.site_of_atom), 3))
        moved = (self._best.q - self._start) @ self.deformation
        return np.asarray(moved[self.site_of_atom])

    def take(self, answer: Pull) -> None:
        """Follow forces and stress by a step, or stop."""
        if self._search is None:
            self._answers.append(answer)
            if len(self._answers) < len(self._starts):
                self._next = self._starts[len(self._answers)]
                return
            self._begin()
        elif self._led_to is not None:
            self._take_end(self._search, answer)
        else:
            self._judge(self._search, answer)
        if self.reason is None and self._search is not None:
            self._go_on(self._search)

    def give_up(self, reason: str) -> None:
        """Stop, with the crystal as it was in the input."""
        self.reason = reason

    @property
    def begun(self) -> bool:
        """Whether it is known where the search begins, or that there is none."""
        return self._search is not None or self.reason is not None

    def beginning(self) -> Beginning | None:
        """Where the search begins, of which no step was taken yet.

        ``None`` for large crystals, whose coordinates fill no matrix.
        """
        search, best = self._search, self._best
        assert search is not None
        if issparse(self._free.basis):
            return None
        inverse = search.solve(np.eye(self._free.basis.shape[1]))
        known = (search.energy, search.gradient, search.noise)
        return Beginning(self._free, inverse, best.q, best.logarithm, *known, self._max_steps)

    def end(self, there: Ending) -> None:
        """Stop where a search from :meth:`beginning` has ended."""
        assert self._search is not None
        self._best = _Place(self._free, there.q, there.logarithm)
        self._search.begin(there.energy, there.gradient)
        self._force = self._largest(there.gradient)
        self.steps, self.reason = there.steps, there.reason

    def end_reliably(self, strain: NDArray[np.float64]) -> None:
        """Go on from where it has stopped to the reliable part of what it has moved.

        It stops there once the network has been asked about that place, for the same reason as
        before; where the energy is higher there than at the start, it goes back.

        Parameters
        ----------
        strain
            (3, 3) that an EMPNN asks for where it has stopped.
        """
        if self.reason is None or self.reason in GIVEN_UP or not np.isfinite(strain).all():
            return
        origin, best = self._starts[-1], self._best
        asked = self._free.nearest(np.zeros_like(best.q), strain)[1]
        total = best.logarithm - origin.logarithm
        moved, strained = reliable_moves(best.q - origin.q, total, asked)
        self._led_to, self.reason = self.reason, None
        self._next = _Place(self._free, origin.q + moved, origin.logarithm + strained)

    def _begin(self) -> None:
        """Choose between the places that it may begin at."""
        energies = [
            answer.energy + self._pressure * place.crystal.volume
            for answer, place in zip(self._answers, self._starts, strict=True)
        ]
        first = int(np.argmin(energies))
        if not np.isfinite(energies[first]):
            self.reason = OUT_OF_RANGE
            return
        self._best = self._starts[first]
        crystal = self._best.crystal
        solve = solver(stiffness(crystal, self._free))
        self._search = QuasiNewton(solve, self._length, _NOISE * len(crystal))
        self._search.begin(*self._value(self._answers[first], self._best))
        self._start_energy = self._search.energy

    def _judge(self, search: QuasiNewton, answer: Pull) -> None:
        self.steps += 1
        if search.judge(self._step, *self._value(answer, self._next)):
            self._best = self._next
        if np.linalg.norm(self._best.logarithm) > MAX_TOTAL_STRAIN:
            self.reason = OUT_OF_RANGE

    def _take_end(self, search: QuasiNewton, answer: Pull) -> None:
        energy, gradient = self._value(answer, self._next)
        if energy <= self._start_energy:
            self._best = self._next
            search.begin(energy, gradient)
            self._force = self._largest(gradient)
        self.reason = self._led_to

    def _go_on(self, search: QuasiNewton) -> None:
        self._force = self._largest(search.gradient)
        if self._force < self._fmax:
            self.reason = CONVERGED
        elif self.steps >= self._max_steps:
            self.reason = STEPS
        elif search.stalled:
            self.reason = STALLED
        else:
            self._step = search.step()
            moved, strain = self._free.displaced(self._step)
            self._next = _Place(self._free, self._best.q + moved, self._best.logarithm + strain)

    def _value(self, answer: Pull, place: _Place) -> tuple[float, NDArray[np.float64]]:
        """Enthalpy in eV and its (K,) derivatives by the free coordinates."""
        volume = place.crystal.volume
        virial = volume * (answer.stress[_VOIGT] + self._pressure * np.eye(3))
        gradient = self._free.gradient(place.logarithm, answer.forces, virial)
        return answer.energy + self._pressure * volume, gradient

    def _length(self, step: NDArray[np.float64]) -> float:
        """How far a step moves an atom, or strains a bond of usual length, in Å."""
        moved, strain = self._free.displaced(step)
        return max(_longest(moved), BOND * float(np.linalg.norm(strain)))

    def _largest(self, gradient: NDArray[np.float64]) -> float:
        forces, virial = self._free.displaced(gradient)
        return max(_longest(forces), float(np.linalg.norm(virial)) / len(self._start))


def _longest(vectors: NDArray[np.float64]) -> float:
    return float(np.sqrt((vectors * vectors).sum(axis=1).max()))


def force_tolerance(fmax: float | None, *, by_forces: bool) -> float:
    """The tolerance that was asked for, or the default.

    Raises
    ------
    OptionError
        If one was asked for although the relaxation has no forces.
    """
    if fmax is not None and not by_forces:
        raise OptionError(
            f"fmax={fmax} is a tolerance of forces, which the relaxation of a cell does not have: "
            "give one of the strain, such as run(strain_tol=0.02), or relax atoms too, with "
            'LatticeRelaxer(atoms, method="all")'
        )
    return FORCE_TOLERANCE if fmax is None else fmax


def check_force_stopping(fmax: float, steps: int) -> None:
    """Refuse a tolerance that is not positive or a negative number of steps.

    Raises
    ------
    OptionError
        If one of them is not allowed.
    """
    if not fmax > 0:
        raise OptionError(f"fmax must be positive, got {fmax}")
    if steps < 0:
        raise OptionError(f"steps must not be negative, got {steps}")
