"""The outcome of a relaxation, the same for one crystal and for many."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from numpy.typing import NDArray


@dataclass(frozen=True)
class Relaxation:
    """The result of a relaxation.

    Attributes
    ----------
    atoms
        A copy of the input with the relaxed cell and the fractional coordinates of the input.
        Constraints stay on it: one on positions holds for fractional coordinates, and one on
        symmetry holds because strains have the symmetry of the crystal.
    converged
        Whether the last strain was below the tolerance.
    steps
        Number of steps that changed the cell.
    reason
        Why it stopped: ``"converged"``; ``"steps"``; ``"oscillating"`` if strains no longer
        decrease (the cell with the smallest strain is taken); ``"atoms too close"`` if it would
        have ended in a cell that is not accepted as an input (the last one that is, is taken);
        ``"strain out of range"`` or ``"out of memory"`` (the input cell is kept, as a diverging
        cell is worse than an unrelaxed one).
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
    """

    atoms: Atoms
    converged: bool
    steps: int
    reason: str
    strain: float
    strain_spread: float
    out_of_domain: tuple[str, ...]
    deformation: NDArray[np.float64]

    def of(self, atoms: Atoms) -> Relaxation:
        """The same for another description of the input in the same frame; it is copied."""
        return replace(self, atoms=deformed(atoms, self.deformation))


def deformed(atoms: Atoms, deformation: NDArray[np.float64]) -> Atoms:
    """Copy of atoms whose cell and positions are taken along by a (3, 3) deformation."""
    relaxed: Atoms = atoms.copy()
    # FixSymmetry would refuse a large strain.
    relaxed.set_cell(np.asarray(atoms.cell[:]) @ deformation, apply_constraint=False)
    relaxed.positions @= deformation
    return relaxed
