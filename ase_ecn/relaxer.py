"""The EMPNN as an ASE optimizer that deforms the cell, without forces or stress."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from ase import Atoms
from ase.optimize.optimize import Optimizer
from ase.utils.abc import Optimizable
from numpy.typing import NDArray

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CrystalError, OptionError
from ase_ecn.relaxation import (
    MAX_STEPS,
    MAX_TOTAL_STRAIN,
    OUT_OF_RANGE,
    STRAIN_TOLERANCE,
    LatticeNetwork,
    exp_symmetric,
    total_log_strain,
)
from ase_ecn.symmetry.primitive import to_primitive


class CellOptimizable(Optimizable):
    """The nine components of a cell as degrees of freedom.

    The "gradient" is minus the logarithmic strain that the network wants to apply, flattened; its
    norm is the Frobenius norm. There is no function behind it, so the value is NaN.
    """

    def __init__(self, atoms: Atoms, network: LatticeNetwork) -> None:
        self.atoms = atoms
        self.network = network
        self._key: bytes | None = None
        self._strain = np.zeros((3, 3))

    def ndofs(self) -> int:
        """Nine."""
        return 9

    def get_x(self) -> NDArray[np.float64]:
        """Cell vectors in Å, flattened."""
        return np.array(self.atoms.cell[:]).ravel()

    def set_x(self, x: NDArray[np.float64]) -> None:
        """Set the cell (flattened, Å); fractional coordinates stay."""
        self.atoms.set_cell(np.reshape(x, (3, 3)), scale_atoms=True, apply_constraint=False)

    def get_strain(self) -> NDArray[np.float64]:
        """(3, 3) logarithmic strain that the network wants to apply now."""
        atoms = self.atoms
        key = atoms.cell[:].tobytes() + atoms.positions.tobytes() + atoms.numbers.tobytes()
        if key != self._key:
            crystal = to_primitive(as_crystal(atoms, self.network.card.elements)).crystal
            self._strain = self.network.log_strains([crystal], crystal.cell[None])[0]
            self._key = key
        return self._strain

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


class LatticeRelaxer(Optimizer):
    """Relaxes the cell of a crystal with an EMPNN; an :class:`ase.optimize.optimize.Optimizer`.

    Each step applies the network once: ``cell <- cell @ exp(S)`` with fractional coordinates
    unchanged. ``attach``, ``irun``, trajectories and log files work as in any ASE optimizer.
    After a run, :attr:`reason` says why it stopped: ``"converged"``, ``"steps"``, or ``"strain out
    of range"``, which leaves the cell as it was at the start.

    Parameters
    ----------
    atoms
        Crystal to relax, in place.
    checkpoint
        Name of a bundled checkpoint or path of a ``.safetensors`` file; ``None`` for
        ``"empnn-mp20"``. A :class:`~ase_ecn.relaxation.LatticeNetwork` that is loaded already
        saves loading it for every crystal.
    device
        ``None`` for CUDA where there is one, else the CPU.
    logfile
        File, path, ``"-"`` for standard output, or ``None``.
    trajectory
        File for the images of each step.
    restart
        JSON file that keeps the number of steps and the cell; if it exists, the relaxation goes
        on from there.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    CrystalError
        If the atoms are not a valid crystal of supported elements, or have constraints.
    """

    def __init__(
        self,
        atoms: Atoms,
        *,
        checkpoint: str | Path | LatticeNetwork | None = None,
        device: str | torch.device | None = None,
        logfile: IO[str] | str | Path | None = "-",
        trajectory: str | Path | None = None,
        restart: str | Path | None = None,
    ) -> None:
        if isinstance(checkpoint, LatticeNetwork):
            self.network = checkpoint
        else:
            self.network = LatticeNetwork(checkpoint, device=device)
        as_crystal(atoms, self.network.card.elements)
        if atoms.constraints:
            kinds = ", ".join(type(c).__name__ for c in atoms.constraints)
            raise CrystalError(f"constraints are not supported, remove them first: {kinds}")
        self.strain_tol = STRAIN_TOLERANCE
        self.reason: str | None = None
        self._start_cell = np.array(atoms.cell[:])
        super().__init__(atoms, restart=restart, logfile=logfile, trajectory=trajectory)
        self.optimizable = CellOptimizable(atoms, self.network)

    def run(  # type: ignore[override]
        self, strain_tol: float = STRAIN_TOLERANCE, steps: int = MAX_STEPS
    ) -> bool:
        """Relax until the strain of a step is below the tolerance.

        Parameters
        ----------
        strain_tol
            Frobenius norm of the logarithmic strain that the network still wants to apply.
        steps
            Largest number of further steps; 0 only evaluates.

        Returns
        -------
        converged
            Whether the tolerance was reached.
        """
        converged = False
        for done in self.irun(strain_tol=strain_tol, steps=steps):
            converged = done
        return converged

    def irun(  # type: ignore[override]
        self, strain_tol: float = STRAIN_TOLERANCE, steps: int = MAX_STEPS
    ) -> Iterator[bool]:
        """Relax step by step: yields whether it has converged, first before any step."""
        if not strain_tol > 0:
            raise OptionError(f"strain_tol must be positive, got {strain_tol}")
        if steps < 0:
            raise OptionError(f"steps must not be negative, got {steps}")
        self.strain_tol = strain_tol
        # ASE's base class keeps the tolerance under this name and writes it to trajectories.
        self.fmax = strain_tol  # type: ignore[assignment]
        return self._steps(steps)

    def _steps(self, steps: int) -> Iterator[bool]:
        self.reason = None
        for converged in super(Optimizer, self).irun(steps=steps):
            out_of_range = not converged and self._total_strain() > MAX_TOTAL_STRAIN
            if converged:
                self.reason = "converged"
            elif out_of_range:
                self.reason = OUT_OF_RANGE
                self.optimizable.set_x(self._start_cell.ravel())
            elif self.nsteps >= self.max_steps:
                self.reason = "steps"
            yield converged
            if out_of_range:
                return

    def step(self) -> None:
        """Apply the network once."""
        strain = self.optimizable.get_strain()
        self.optimizable.set_x((self.atoms.cell[:] @ exp_symmetric(strain)).ravel())
        self.dump({"nsteps": self.nsteps + 1, "cell": self.atoms.cell[:].tolist()})

    def read(self) -> None:
        """Go on from a restart file; called by ASE."""
        state = self.load()
        self.nsteps = int(state["nsteps"])
        self.atoms.set_cell(np.array(state["cell"]), scale_atoms=True)

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
            **self.network.card.provenance(),
        }

    def _total_strain(self) -> float:
        return total_log_strain(np.linalg.solve(self._start_cell, self.atoms.cell[:]))
