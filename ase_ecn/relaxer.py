"""The EMPNN as an ASE optimizer that deforms the cell, without forces or stress."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from ase import Atoms
from ase.optimize.optimize import Optimizer, RestartError
from ase.utils.abc import Optimizable
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import CrystalError, OptionError, OutOfDomainWarning
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain, StrainMask, allowed_strain
from ase_ecn.graphs.lattice import LatticeBatch
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE, CellCourse, check_stopping
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.stopping import reliable_part

_SAME_PLACE = 1e-5


class CellOptimizable(Optimizable):
    """The nine components of a cell as degrees of freedom.

    The "gradient" is minus the logarithmic strain predicted by the network, flattened; its norm is
    the Frobenius norm. It is not the gradient of an energy, so the value is NaN.
    """

    def __init__(
        self, atoms: Atoms, network: StrainPredictor, allowed: AllowedStrain = ANY_STRAIN
    ) -> None:
        self.atoms = atoms
        self.network = network
        self.allowed = allowed

    def ndofs(self) -> int:
        """Nine."""
        return 9

    def get_x(self) -> NDArray[np.float64]:
        """Cell vectors in Å, flattened."""
        return np.array(self.atoms.cell[:]).ravel()

    def set_x(self, x: NDArray[np.float64]) -> None:
        """Set the cell (flattened, Å) at fixed fractional coordinates."""
        self.atoms.set_cell(np.reshape(x, (3, 3)), scale_atoms=True, apply_constraint=False)

    def get_strain(self) -> NDArray[np.float64]:
        """(3, 3) logarithmic strain predicted for the present cell, as far as allowed."""
        crystal = as_crystal(self.atoms, self.network.card.elements).primitive.crystal
        return self.allowed.project(self.network.log_strains([crystal])[0])

    def get_gradient(self) -> NDArray[np.float64]:
        """Minus the strain, flattened."""
        return -self.get_strain().ravel()

    def get_value(self) -> float:
        """NaN: the network has no energy."""
        return float("nan")

    def gradient_norm(self, gradient: NDArray[np.float64]) -> float:
        """Frobenius norm of the strain."""
        return float(np.linalg.norm(gradient))

    def iterimages(self) -> Iterator[Atoms]:
        """The atoms, for trajectories."""
        return iter([self.atoms])


@dataclass
class _Seen:
    """Atoms as they were validated, and what followed from them."""

    atoms: Atoms
    crystal: Crystal
    graphs: LatticeBatch | None = None


class LatticeRelaxer(Optimizer):
    """Relaxes the cell of a crystal with an EMPNN; an :class:`ase.optimize.optimize.Optimizer`.

    Each step applies the network once: ``cell <- cell @ exp(S)`` at fixed fractional coordinates.
    ``attach``, ``irun``, trajectories and log files work as in any ASE optimizer. Observers must
    not move the atoms, because a run follows the crystal with which it began.
    After a run, :attr:`reason` says why it stopped: ``"converged"``, ``"steps"``,
    ``"oscillating"`` (the cell with the smallest strain is restored), ``"atoms too close"`` (the
    last cell that would be accepted as an input is) or ``"strain out of range"`` (the initial cell
    is restored). :attr:`strain_spread` measures how far the last steps of the
    run disagree, see :func:`ase_ecn.relaxation.stopping.strain_spread`. :attr:`out_of_domain`
    lists what is unusual about the input, if anything.

    Parameters
    ----------
    atoms
        Crystal to relax, in place.
    checkpoint
        Name of a bundled checkpoint or path of a ``.safetensors`` file; ``None`` for
        ``"empnn-mp20"``. A loaded
        :class:`~ase_ecn.relaxation.predictor.StrainPredictor` may be shared by many relaxations.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    logfile
        File, path, ``"-"`` for standard output, or ``None``.
    trajectory
        File for the images of each step.
    restart
        JSON file with the number of steps, the cell and what tells one crystal from another; if it
        exists, the relaxation continues from there.
    mask
        Six strain components xx yy zz yz xz xy, or a symmetric 3x3, in the Cartesian axes of the
        input cell: true for components that may change, as in ASE's cell filters. The others
        remain zero in the logarithm of the total deformation.
    hydrostatic
        Change the volume only, not the shape.
    constant_volume
        Change the shape only, not the volume.
    scalar_pressure
        Must be zero: the network has no stress; it was trained on lattices relaxed by DFT at zero
        pressure.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    CrystalError
        If the atoms are not a valid crystal of supported elements, or have constraints.
    OptionError
        If the options for strain and pressure are invalid or contradict each other, or the restart
        file is damaged or of another crystal.

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
        )
        if isinstance(checkpoint, StrainPredictor):
            self.network = checkpoint
        else:
            self.network = StrainPredictor(checkpoint, device=device)
        crystal = as_crystal(atoms, self.network.card.elements)
        if atoms.constraints:
            kinds = ", ".join(type(c).__name__ for c in atoms.constraints)
            raise CrystalError(f"constraints are not supported, remove them first: {kinds}")
        self._seen = _Seen(atoms.copy(), crystal.primitive.crystal)
        self._seen.graphs = self.network.graphs([self._seen.crystal])
        self._warn_of_domain()
        self.strain_tol = STRAIN_TOLERANCE
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
        steps: int = MAX_STEPS,
        *,
        fmax: float | None = None,
    ) -> bool:
        """Relax until the strain of a step is below the tolerance.

        Parameters
        ----------
        strain_tol
            Frobenius norm of the logarithmic strain that the network still predicts.
        steps
            Maximum number of further steps; 0 only evaluates.
        fmax
            Refused: other optimizers of ASE have this tolerance of forces, of which there are none.

        Returns
        -------
        converged
            Whether the tolerance was reached.

        Raises
        ------
        OptionError
            If a tolerance or a number of steps is not allowed.
        """
        converged = False
        for done in self.irun(strain_tol=strain_tol, steps=steps, fmax=fmax):
            converged = done
        return converged

    def irun(  # type: ignore[override]
        self,
        strain_tol: float = STRAIN_TOLERANCE,
        steps: int = MAX_STEPS,
        *,
        fmax: float | None = None,
    ) -> Iterator[bool]:
        """Relax step by step: yields whether it has converged, first before any step."""
        if fmax is not None:
            raise OptionError(
                f"fmax={fmax} is a tolerance of forces, but this relaxation has none: give one of "
                f"the strain instead, such as run(strain_tol={STRAIN_TOLERANCE})"
            )
        check_stopping(strain_tol, steps)
        self.strain_tol = strain_tol
        # ASE's base class keeps the tolerance under this name and writes it to trajectories.
        self.fmax = strain_tol  # type: ignore[assignment]
        return self._follow(steps)

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
            crystal = as_crystal(self.atoms, self.network.card.elements)
            self._seen = _Seen(self.atoms.copy(), crystal.primitive.crystal)
        return CellCourse(
            self._seen.crystal,
            strain_tol=self.strain_tol,
            steps=steps,
            allowed=self.allowed,
            deformation=self._deformation(),
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

        ASE 3.27 asks for it, later releases don't.
        """
        if gradient is None:
            gradient = self.optimizable.get_gradient()
        return bool(self.optimizable.gradient_norm(np.ravel(gradient)) < self.strain_tol)

    def step(self) -> None:
        """Apply the network once."""
        strain = self.optimizable.get_strain()
        self._move(self.allowed.advance(self._deformation(), strain))

    def _move(self, deformation: NDArray[np.float64]) -> None:
        self._set_deformation(deformation)
        if self.restart is not None:
            state = {"nsteps": self.nsteps + 1, "cell": self.atoms.cell[:].tolist()}
            self.dump({**state, **_identity(self.atoms)})

    def _set_deformation(self, deformation: NDArray[np.float64]) -> None:
        self.optimizable.set_x((self._start_cell @ deformation).ravel())

    def read(self) -> None:
        """Continue from a restart file; called by ASE."""
        try:
            state = self.load()
            steps, cell = int(state["nsteps"]), np.array(state["cell"], dtype=float).reshape(3, 3)
        except (KeyError, RestartError, TypeError, ValueError) as error:
            raise OptionError(
                f"cannot continue from the restart file {self.restart}, which is damaged or of "
                f"another optimizer: {error}"
            ) from error
        mine = _identity(self.atoms)
        theirs = {name: state.get(name, value) for name, value in mine.items()}  # or an older file
        if theirs["numbers"] != mine["numbers"] or not _same_places(theirs, mine):
            raise OptionError(
                f"the restart file {self.restart} is of another crystal than {self.atoms.symbols}: "
                "name another file, or remove it"
            )
        self.nsteps = steps
        self.atoms.set_cell(cell, scale_atoms=True)

    def log(self, gradient: NDArray[np.float64]) -> None:
        """Write one line with the strain and the volume."""
        clock = time.strftime("%H:%M:%S")
        name = type(self).__name__
        if self.nsteps == 0:
            self.logfile.write(
                f"{'':{len(name)}}  {'Step':>4} {'Time':>8} {'Strain':>10}  Å^3/atom\n"
            )
        strain = self.optimizable.gradient_norm(gradient)
        volume = self.atoms.get_volume() / len(self.atoms)
        self.logfile.write(f"{name}: {self.nsteps:4d} {clock} {strain:10.6f} {volume:9.3f}\n")

    def todict(self) -> dict[str, Any]:
        """Description of the run that ASE writes to trajectories."""
        return {
            "type": "optimization",
            "optimizer": type(self).__name__,
            "strain_tol": self.strain_tol,
            **self.allowed.to_dict(),
            **self.network.card.provenance(),
        }

    def _deformation(self) -> NDArray[np.float64]:
        """(3, 3) deformation since the start."""
        return np.asarray(np.linalg.solve(self._start_cell, self.atoms.cell[:]))


def _identity(atoms: Atoms) -> dict[str, Any]:
    """What a relaxation of the cell leaves as it is, for restart files."""
    places = atoms.get_scaled_positions(wrap=False)
    return {"numbers": atoms.numbers.tolist(), "scaled_positions": places.tolist()}


def _same_places(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether fractional coordinates are the same but for whole lattice vectors and rounding."""
    shifts = np.subtract(first["scaled_positions"], second["scaled_positions"])
    return bool(np.abs(shifts - np.rint(shifts)).max() < _SAME_PLACE)
