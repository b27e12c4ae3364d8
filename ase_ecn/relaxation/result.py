"""The outcome of a relaxation, the same for one crystal and for many."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal


@dataclass(frozen=True)
class Relaxation:
    """The result of a relaxation.

    Attributes
    ----------
    atoms
        A copy of the input with the relaxed cell. Fractional coordinates are those of the input,
        unless atoms were relaxed too. Constraints stay on it: as fractional coordinates are kept,
        so are those on positions, and strains have the symmetry of the crystal.
    converged
        Whether the last step was below the tolerance, or the forces and the stress are.
    steps
        Number of steps that changed the cell or moved atoms, those by forces included.
    reason
        Why it stopped: ``"converged"``; ``"steps"``; ``"oscillating"`` if strains no longer
        decrease (the cell with the smallest strain is taken); ``"atoms too close"`` if it would
        have ended in a cell that is not accepted as an input (the last one that is, is taken);
        ``"stalled"`` if forces no longer lead to a lower energy (the lowest is taken); ``"strain
        out of range"`` or ``"out of memory"`` (the input is kept, as a diverging cell is worse than
        an unrelaxed one).
    strain
        Norm of the last predicted strain; if converged, that of the last step before it was
        reduced to its reliable part.
    strain_spread
        How far the last steps disagree, in units of logarithmic strain; NaN without any. It ranks
        crystals by the reliability of their cells but is not a calibrated error, see
        :func:`ase_ecn.relaxation.stopping.strain_spread`.
    out_of_domain
        Empty for an input like those of the training data; otherwise each entry describes
        something unusual about it.
    deformation
        (3, 3) with ``relaxed cell = input cell @ deformation``; also takes Cartesian positions.
    displacements
        (N, 3) in Å, of the atoms against the deformed cell; ``None`` if they were not relaxed.
    force
        Largest force that is left, eV/Å, or norm of the virial per atom, eV, if that is larger; NaN
        if forces were not asked for or it was given up, as are the following.
    energy_change
        Of the relaxation by forces since its start, eV/atom; never positive.
    """

    atoms: Atoms
    converged: bool
    steps: int
    reason: str
    strain: float
    strain_spread: float
    out_of_domain: tuple[str, ...]
    deformation: NDArray[np.float64]
    displacements: NDArray[np.float64] | None = None
    force: float = float("nan")
    energy_change: float = float("nan")

    def of(self, atoms: Atoms) -> Relaxation:
        """The same for another description of the input in the same frame; it is copied."""
        return replace(self, atoms=deformed(atoms, self.deformation, self.displacements))

    def crystal_of(self, crystal: Crystal) -> Crystal:
        """The relaxed crystal, from the input."""
        relaxed = crystal.with_cell(crystal.cell @ self.deformation)
        if self.displacements is None:
            return relaxed
        moved = self.displacements @ np.linalg.inv(relaxed.cell)
        return Crystal(crystal.numbers, relaxed.cell, crystal.scaled_positions + moved)


def deformed(
    atoms: Atoms,
    deformation: NDArray[np.float64],
    displacements: NDArray[np.float64] | None = None,
) -> Atoms:
    """Copy of atoms whose cell and positions follow a (3, 3) deformation, then displacements."""
    relaxed: Atoms = atoms.copy()
    # FixSymmetry would refuse a large strain.
    relaxed.set_cell(np.asarray(atoms.cell[:]) @ deformation, apply_constraint=False)
    relaxed.positions @= deformation
    if displacements is not None:
        relaxed.positions += displacements
    return relaxed
