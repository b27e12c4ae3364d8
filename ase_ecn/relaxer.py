"""The EMPNN as an ASE optimizer that deforms the cell, without forces or stress."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from ase import Atoms
from ase.optimize.optimize import Optimizer
from ase.utils.abc import Optimizable
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import CrystalError, OptionError, OutOfDomainWarning
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain, StrainMask, allowed_strain
from ase_ecn.relaxation import MAX_STEPS, STRAIN_TOLERANCE, LatticeNetwork
from ase_ecn.stopping import (
    CONVERGED,
    OSCILLATING,
    OUT_OF_RANGE,
    STEPS,
    reliable_part,
    smallest,
    stop_reason,
    strain_spread,
)


class CellOptimizable(Optimizable):
    """The nine components of a cell as degrees of freedom.

    The "gradient" is minus the logarithmic strain that the network wants to apply, flattened; its
    norm is the Frobenius norm. There is no function behind it, so the value is NaN.
    """

    def __init__(
        self, atoms: Atoms, network: LatticeNetwork, allowed: AllowedStrain = ANY_STRAIN
    ) -> None:
        self.atoms = atoms
        self.network = network
        self.allowed = allowed
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
        """(3, 3) logarithmic strain that the network wants to apply now, as far as allowed."""
        atoms = self.atoms
        key = atoms.cell[:].tobytes() + atoms.positions.tobytes() + atoms.numbers.tobytes()
        if key != self._key:
            crystal = as_crystal(atoms, self.network.card.elements).primitive.crystal
            strains = self.network.log_strains([crystal], crystal.cell[None])
            self._strain = self.allowed.project(strains[0])
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
    After a run, :attr:`reason` says why it stopped: ``"converged"``, ``"steps"``,
    ``"oscillating"``, which goes back to the cell with the smallest strain, or ``"strain out of
    range"``, which leaves the cell as it was at the start. :attr:`strain_spread` says how far the
    last steps of the run disagreed, see :func:`ase_ecn.relaxation.strain_spread`.
    :attr:`out_of_domain` says what is unusual about the input for the network, if anything.

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
    mask
        Six strain components xx yy zz yz xz xy, or a symmetric 3x3, in the Cartesian axes of the
        input cell: true where the strain may change, as in ASE's cell filters. The others stay
        zero in the logarithm of the whole deformation since the input.
    hydrostatic
        Change the volume only, not the shape.
    constant_volume
        Change the shape only, not the volume.
    scalar_pressure
        Only zero: the network knows no stress, it was trained on lattices that DFT relaxed at
        zero pressure.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    CrystalError
        If the atoms are not a valid crystal of supported elements, or have constraints.
    OptionError
        If the options on strain and pressure cannot be met.

    Warns
    -----
    OutOfDomainWarning
        If the crystal is unlike those that the network was trained on.
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
        if isinstance(checkpoint, LatticeNetwork):
            self.network = checkpoint
        else:
            self.network = LatticeNetwork(checkpoint, device=device)
        crystal = as_crystal(atoms, self.network.card.elements)
        self._warn_of_domain(crystal.primitive.crystal)
        if atoms.constraints:
            kinds = ", ".join(type(c).__name__ for c in atoms.constraints)
            raise CrystalError(f"constraints are not supported, remove them first: {kinds}")
        self.strain_tol = STRAIN_TOLERANCE
        self.reason: str | None = None
        self.strain_spread = float("nan")
        self._start_cell = np.array(atoms.cell[:])
        super().__init__(atoms, restart=restart, logfile=logfile, trajectory=trajectory)
        self.optimizable = CellOptimizable(atoms, self.network, self.allowed)

    def _warn_of_domain(self, crystal: Crystal) -> None:
        (self.out_of_domain,) = self.network.out_of_domain([crystal])
        if self.out_of_domain:
            warnings.warn(
                f"the crystal is unlike the training data of {self.network.card.name}: "
                f"{'; '.join(self.out_of_domain)}",
                OutOfDomainWarning,
                stacklevel=3,
            )

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
        cells, strains = [], []
        for converged in super(Optimizer, self).irun(steps=steps):
            cells.append(np.array(self.atoms.cell[:]))
            strains.append(self.optimizable.get_strain())
            self.strain_spread = strain_spread(strains)
            self.reason = stop_reason(strains, self._deformation(), self.strain_tol)
            if self.reason == OUT_OF_RANGE:
                self.optimizable.set_x(self._start_cell.ravel())
            elif self.reason == OSCILLATING:
                self.optimizable.set_x(cells[smallest(strains)].ravel())
            elif self.nsteps >= self.max_steps:
                self.reason = self.reason or STEPS
            elif self.reason == CONVERGED:
                self._last_step()
            yield converged
            if self.reason in (OUT_OF_RANGE, OSCILLATING):
                return

    def converged(self, gradient: NDArray[np.float64] | None = None) -> bool:
        """Whether the strain is below the tolerance: that of the cell, if it is not given.

        ASE 3.27 asks for it, later releases don't.
        """
        if gradient is None:
            gradient = self.optimizable.get_gradient()
        return bool(self.optimizable.converged(np.ravel(gradient), self.strain_tol))

    def step(self) -> None:
        """Apply the network once."""
        self._apply(self.optimizable.get_strain())

    def _last_step(self) -> None:
        """Apply the reliable part of a strain below the tolerance, and count it as a step."""
        strain = self.optimizable.get_strain()
        self._apply(reliable_part(strain))
        self.nsteps += 1
        self.log((reliable_part(strain) - strain).ravel())
        self.call_observers()

    def _apply(self, strain: NDArray[np.float64]) -> None:
        deformation = self.allowed.advance(self._deformation(), strain)
        self.optimizable.set_x((self._start_cell @ deformation).ravel())
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
            **self.allowed.to_dict(),
            **self.network.card.provenance(),
        }

    def _deformation(self) -> NDArray[np.float64]:
        """(3, 3) deformation since the start."""
        return np.asarray(np.linalg.solve(self._start_cell, self.atoms.cell[:]))
