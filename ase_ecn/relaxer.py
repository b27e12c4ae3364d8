"""Relaxations of one crystal as an ASE optimizer: of the cell, or of cell and atoms."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from ase import Atoms
from ase.optimize.optimize import Optimizer
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OutOfDomainWarning
from ase_ecn.geometry.strain import StrainMask, allowed_strain, log_strain
from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.relaxation.cell_and_atoms import Method
from ase_ecn.relaxation.constraints import held_by, refuse_constraints
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE, CellCourse, check_stopping
from ase_ecn.relaxation.force_course import (
    FORCE_TOLERANCE,
    MAX_FORCE_STEPS,
    ForceCourse,
    check_force_stopping,
    force_tolerance,
)
from ase_ecn.relaxation.in_place import follow_in_place
from ase_ecn.relaxation.log_lines import force_line, strain_line
from ase_ecn.relaxation.moves_course import MovesCourse
from ase_ecn.relaxation.optimizable import CellOptimizable
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.relaxing_networks import relaxing_networks
from ase_ecn.relaxation.restart import read_state, restart_state
from ase_ecn.relaxation.stopping import reliable_part
from ase_ecn.relaxation.surface import EnergySurface


@dataclass
class _Seen:
    """Atoms as they were validated, and what followed from them."""

    atoms: Atoms
    crystal: Crystal
    graphs: LatticeBatch | None = None


class LatticeRelaxer(Optimizer):
    """Relaxes a crystal; an :class:`ase.optimize.optimize.Optimizer`.

    Each step applies an EMPNN once: ``cell <- cell @ exp(S)`` at fixed fractional coordinates, or
    with ``positions`` at those that it moves the atoms to. With ``method="all"`` forces and
    stresses of a potential are followed from there; they never end above the input's energy.
    ``attach``, ``irun``, trajectories and log files work as in any ASE optimizer. Observers must
    not move the atoms: a run follows the crystal with which it began. The space group stays.
    After a run, :attr:`reason` says why it stopped: ``"converged"``, ``"steps"``,
    ``"oscillating"`` (the cell with the smallest strain is restored), ``"atoms too close"`` (the
    last cell that is accepted as an input is) or ``"strain out of range"`` (the initial one is),
    and with ``method="all"`` also ``"stalled"``. :attr:`strain_spread` measures how far the last
    steps disagree, see :func:`ase_ecn.relaxation.stopping.strain_spread`. :attr:`out_of_domain`
    lists what is unusual about the input, if anything.

    Parameters
    ----------
    atoms
        Crystal to relax, in place.
    checkpoint
        Name of a bundled checkpoint or path of a ``.safetensors`` file; ``None`` for
        ``"empnn-mp20"``, or ``"empnn-mp20-atoms"`` with ``positions``. A loaded
        :class:`~ase_ecn.relaxation.predictor.StrainPredictor` may be shared by many relaxations.
    method
        ``"lattice"`` for what the EMPNN says, or ``"all"`` for forces too, on cell and atoms.
    positions
        Whether the EMPNN moves the atoms, too; it must be one that does.
    potential
        With ``method="all"``: name or path of a checkpoint that gives forces; ``None`` for
        ``"ecn-mp"``. A loaded :class:`~ase_ecn.relaxation.surface.EnergySurface` may be
        shared.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    logfile
        File, path, ``"-"`` for standard output, or ``None``.
    trajectory
        File for the images of each step.
    restart
        JSON file with the number of steps, the cell and fractional coordinates; if it exists, the
        relaxation continues from there.
    mask
        Six strain components xx yy zz yz xz xy, or a symmetric 3x3, in the Cartesian axes of the
        input cell: true for components that may change, as in ASE's cell filters. The others
        remain zero in the logarithm of the total deformation. None at all may be free if atoms
        are relaxed.
    hydrostatic
        Change the volume only, not the shape.
    constant_volume
        Change the shape only, not the volume.
    scalar_pressure
        In eV/Å³, as in ASE. Must be zero without forces: the EMPNN has no stress; it was trained on
        crystals relaxed at zero pressure.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    CrystalError
        If the atoms are not a valid crystal of supported elements, or have constraints; where atoms
        are relaxed, ``FixAtoms`` and ``FixSymmetry`` are honoured.
    OptionError
        If options are invalid or contradict each other, or the restart file is not of this crystal.

    Warns
    -----
    OutOfDomainWarning
        If the crystal is unlike the training data.
    """

    def __init__(
        self,
        atoms: Atoms,
        *,
        checkpoint: str | Path | StrainPredictor | None = None,
        method: Method = "lattice",
        positions: bool = False,
        potential: str | Path | EnergySurface | None = None,
        device: str | torch.device | None = None,
        logfile: IO[str] | str | Path | None = "-",
        trajectory: str | Path | None = None,
        restart: str | Path | None = None,
        mask: StrainMask | None = None,
        hydrostatic: bool = False,
        constant_volume: bool = False,
        scalar_pressure: float = 0.0,
    ) -> None:
        self.allowed = allowed_strain(
            mask,
            hydrostatic=hydrostatic,
            constant_volume=constant_volume,
            scalar_pressure=scalar_pressure,
            with_atoms=method == "all" or positions,
            with_stress=method == "all",
        )
        self.scalar_pressure = scalar_pressure
        self._networks = relaxing_networks(
            checkpoint, potential, method=method, positions=positions, device=device
        )
        self.network, self.surface = self._networks.network, self._networks.surface
        self.positions = positions
        self._validated = self._networks.validated
        crystal = self._validated(atoms)
        self._held = held_by(atoms) if method == "all" or positions else refuse_constraints(atoms)
        self._seen = _Seen(atoms.copy(), crystal.primitive.crystal)
        self._seen.graphs = self.network.graphs([self._seen.crystal])
        self._warn_of_domain()
        self.strain_tol = STRAIN_TOLERANCE
        self.force_tol = FORCE_TOLERANCE
        self.reason: str | None = None
        self.strain_spread = float("nan")
        self._start_cell = np.array(atoms.cell[:])
        self._has_reported = False
        super().__init__(atoms, restart=restart, logfile=logfile, trajectory=trajectory)
        self.optimizable = CellOptimizable(atoms, self.network, self.allowed)

    def _warn_of_domain(self) -> None:
        seen = self._seen
        (self.out_of_domain,) = self.network.out_of_domain([seen.crystal], seen.graphs)
        if self.out_of_domain:
            warnings.warn(
                f"the crystal is unlike the training data of {self.network.card.name}: "
                f"{'; '.join(self.out_of_domain)}",
                OutOfDomainWarning,
                stacklevel=3,
            )

    def run(  # type: ignore[override]
        self,
        strain_tol: float = STRAIN_TOLERANCE,
        steps: int | None = None,
        fmax: float | None = None,
    ) -> bool:
        """Relax until the strain of a step is below the tolerance, or forces and stress are.

        Parameters
        ----------
        strain_tol
            Frobenius norm of the logarithmic strain that the EMPNN still predicts. With
            ``positions``, 2.5 Å times this is the largest displacement.
        steps
            Maximum number of further steps; 0 only evaluates. ``None`` for 10, or for 200 if atoms
            are relaxed, of which the first 10 at most are the EMPNN's.
        fmax
            Largest force in eV/Å if atoms are relaxed, else refused; the norm of the virial per
            atom, in eV, must be smaller too. ``None`` for 0.05.

        Returns
        -------
        converged
            Whether the tolerance was reached.
        """
        converged = False
        for done in self.irun(strain_tol, steps, fmax):
            converged = done
        return converged

    def irun(  # type: ignore[override]
        self,
        strain_tol: float = STRAIN_TOLERANCE,
        steps: int | None = None,
        fmax: float | None = None,
    ) -> Iterator[bool]:
        """Relax step by step: yields whether it has converged, first before any step."""
        check_stopping(strain_tol, steps or 0)
        self.strain_tol = strain_tol
        self.force_tol = force_tolerance(fmax, by_forces=self.surface is not None)
        check_force_stopping(self.force_tol, steps or 0)
        # ASE's base class keeps the tolerance under this name and writes it to trajectories.
        self.fmax = strain_tol if self.surface is None else self.force_tol  # type: ignore[assignment]
        if self.surface is None:
            return self._follow_network(MAX_STEPS if steps is None else steps)
        return self._follow_all(self.surface, MAX_FORCE_STEPS if steps is None else steps)

    def _follow_network(self, steps: int) -> Iterator[bool]:
        return self._follow_moves(steps) if self.positions else self._follow(steps)

    def _follow_all(self, surface: EnergySurface, steps: int) -> Iterator[bool]:
        """The EMPNN, then forces and stresses from there, or from here if the energy is lower."""
        begun, taken = self._validated(self.atoms), self.nsteps
        if self.allowed.mask.any() or self.positions:
            for _ in self._follow_network(min(steps, MAX_STEPS)):
                yield False
        taken = self.nsteps - taken
        self.max_steps = self.nsteps + steps - taken
        yield from self._follow_forces(surface, begun, steps - taken)

    def _follow_forces(self, surface: EnergySurface, begun: Crystal, steps: int) -> Iterator[bool]:
        here = self._validated(self.atoms)
        back = (begun.scaled_positions - here.scaled_positions) @ self._start_cell
        course = ForceCourse(
            here.with_cell(self._start_cell),
            [log_strain(self._deformation(one)[None])[0] for one in (here.cell, begun.cell)],
            self._held,
            allowed=self.allowed,
            fmax=self.force_tol,
            steps=steps,
            pressure=self.scalar_pressure,
            displaced=[np.zeros_like(back), back],
        )
        before = self.nsteps
        for _ in follow_in_place(self.atoms, self._start_cell, course, surface.answers):
            self.nsteps = before + course.steps
            if np.isfinite(course.force):
                self._dump()
                self._log_forces(course)
                self.call_observers()
            self.reason = course.reason
            yield course.converged

    def _follow_moves(self, steps: int) -> Iterator[bool]:
        """Move cell and atoms along a new course."""
        self.max_steps, before, self.reason = self.nsteps + steps, self.nsteps, None
        course = MovesCourse(
            self._validated(self.atoms).with_cell(self._start_cell),
            self._held,
            strain_tol=self.strain_tol,
            steps=steps,
            allowed=self.allowed,
            deformation=self._deformation(self.atoms.cell[:]),
        )
        if not before:
            self.call_observers()
        for _ in follow_in_place(self.atoms, self._start_cell, course, self.network.answer_moves):
            self.nsteps = before + course.steps
            self._dump()
            self._log(course.sizes[-1])
            self.call_observers()
            self.reason, self.strain_spread = course.reason, course.strain_spread
            yield course.converged

    def _follow(self, steps: int) -> Iterator[bool]:
        """Move the atoms along a new course; as in ASE, observers see them after each step."""
        self.max_steps = self.nsteps + steps
        course = self._course(steps)
        for number in count():
            strain = self._ask(course)
            if number or not self.nsteps:  # where a run ended is not reported again by the next
                self._report(strain)
            before = course.deformation
            course.take(strain)
            self.reason, self.strain_spread = course.reason, course.strain_spread
            if course.reason is not None:
                break
            yield False
            self._move(course.deformation)
            self.nsteps += 1
        if course.steps > number:  # the reliable part of the last strain
            self._move(course.deformation)
            self.nsteps += 1
            self._report(strain - reliable_part(strain))
        elif course.deformation is not before:  # back to a better cell than the last
            self._set_deformation(course.deformation)
        yield course.converged

    def _course(self, steps: int) -> CellCourse:
        """A course from where the atoms are now, which are validated if they are not as before."""
        self.reason = None
        if self.atoms != self._seen.atoms:
            crystal = self._validated(self.atoms)
            self._seen = _Seen(self.atoms.copy(), crystal.primitive.crystal)
        return CellCourse(
            self._seen.crystal,
            strain_tol=self.strain_tol,
            steps=steps,
            allowed=self.allowed,
            deformation=self._deformation(self.atoms.cell[:]),
        )

    def _ask(self, course: CellCourse) -> NDArray[np.float64]:
        graphs = self._seen.graphs if course.crystal is self._seen.crystal else None
        return self.allowed.project(self.network.log_strains([course.crystal], graphs)[0])

    def _report(self, strain: NDArray[np.float64]) -> None:
        self.log(-strain.ravel())
        # A trajectory begins with one image, however often a run of no steps is repeated.
        if self.nsteps or self.trajectory is None or not self._has_reported:
            self.call_observers()
        self._has_reported = True

    def converged(self, gradient: NDArray[np.float64] | None = None) -> bool:
        """Whether the strain is below the tolerance: that of the cell, if it is not given.

        If atoms are relaxed: whether forces and stress are. ASE 3.27 asks for it, later releases
        don't.
        """
        if self.surface is not None:
            course = ForceCourse(self._validated(self.atoms), held=self._held, steps=0)
            course.take(self.surface.answers([course])[0])
            return course.force < self.force_tol
        if gradient is None:
            gradient = self.optimizable.get_gradient()
        return bool(self.optimizable.gradient_norm(np.ravel(gradient)) < self.strain_tol)

    def step(self) -> None:
        """Apply the network once; relax by one step if atoms are relaxed."""
        if self.surface is not None or self.positions:
            self.run(self.strain_tol, 1, None if self.surface is None else self.force_tol)
            return
        strain = self.optimizable.get_strain()
        self._move(self.allowed.advance(self._deformation(self.atoms.cell[:]), strain))

    def _move(self, deformation: NDArray[np.float64]) -> None:
        self._set_deformation(deformation)
        self._dump(1)

    def _dump(self, further: int = 0) -> None:
        """Write the restart file; its number of steps is larger by ``further``."""
        if self.restart is not None:
            self.dump(restart_state(self.atoms, self.nsteps + further))

    def _set_deformation(self, deformation: NDArray[np.float64]) -> None:
        self.optimizable.set_x((self._start_cell @ deformation).ravel())

    def read(self) -> None:
        """Continue from a restart file; called by ASE."""
        atoms_stay = self.surface is None and not self.positions
        state = read_state(self.load, self.atoms, places_stay=atoms_stay)
        self.nsteps = state.nsteps
        self.atoms.set_cell(state.cell, scale_atoms=True, apply_constraint=False)
        if not atoms_stay and state.scaled_positions is not None:
            self.atoms.positions[:] = state.scaled_positions @ state.cell

    def log(self, gradient: NDArray[np.float64]) -> None:
        """Write one line with the strain and the volume."""
        self._log(self.optimizable.gradient_norm(gradient))

    def _log(self, strain: float) -> None:
        volume = self.atoms.get_volume() / len(self.atoms)
        self.logfile.write(strain_line(type(self).__name__, self.nsteps, strain, volume))

    def _log_forces(self, course: ForceCourse) -> None:
        name, first = type(self).__name__, not course.steps
        self.logfile.write(force_line(name, self.nsteps, course.energy, course.force, first=first))

    def todict(self) -> dict[str, Any]:
        """Description of the run that ASE writes to trajectories."""
        return {
            "type": "optimization",
            "optimizer": type(self).__name__,
            "strain_tol": self.strain_tol,
            **self.allowed.to_dict(),
            **({"positions": True} if self.positions else {}),
            **self._networks.provenance(),
            **({} if self.surface is None else {"scalar_pressure": self.scalar_pressure}),
        }

    def _deformation(self, cell: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3, 3) deformation since the start of a (3, 3) cell."""
        return np.asarray(np.linalg.solve(self._start_cell, cell))
