"""The outcome of a relaxation, the same for one crystal and for many."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from numpy.typing import NDArray


@dataclass(frozen=True)
class Relaxation:
    """A relaxed crystal.

    Attributes
    ----------
    atoms
        A copy of the input with the relaxed cell; fractional coordinates are those of the input.
    converged
        Whether the last strain was below the tolerance.
    steps
        Applications of the network that changed the cell.
    reason
        ``"converged"``, ``"steps"``, ``"oscillating"``: strains no longer shrink, and the cell with
        the smallest is taken; or ``"strain out of range"`` or ``"out of memory"``, which leave the
        input's cell, for a cell that runs away is worse than one that is not relaxed.
    strain
        Norm of the last strain that the network asked for; if converged, that of the last step
        before it was reduced to its reliable part.
    strain_spread
        How far the last steps disagree, in units of logarithmic strain, NaN without any; orders
        crystals by how much their cells can be trusted, but is no calibrated error, see
        :func:`ase_ecn.relaxation.stopping.strain_spread`.
    out_of_domain
        Empty for an input like those of the training data, else what is unusual about it, a phrase
        for each thing.
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
    relaxed.set_cell(np.asarray(atoms.cell[:]) @ deformation)
    relaxed.positions @= deformation
    return relaxed
