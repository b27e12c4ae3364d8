"""Where a search for a minimum begins and ends, for those that are made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ase_ecn.relaxation.freedom import Freedom


@dataclass(frozen=True, eq=False)
class Beginning:
    """Where a search begins that is made elsewhere, for a crystal of N atoms.

    Attributes
    ----------
    free
        Its K coordinates.
    inverse
        (K, K) of the Hessian that the search begins with.
    q, logarithm
        (N, 3) undeformed positions in Å, and the (3, 3) logarithm of the deformation.
    energy, gradient
        There; in eV, and (K,) in eV per unit of the coordinates.
    noise
        Energies that differ by no more (eV) are told apart by their gradients.
    steps
        How many may be taken.
    """

    free: Freedom
    inverse: NDArray[np.float64]
    q: NDArray[np.float64]
    logarithm: NDArray[np.float64]
    energy: float
    gradient: NDArray[np.float64]
    noise: float
    steps: int


@dataclass(frozen=True, eq=False)
class Ending:
    """Where such a search has ended: as :class:`Beginning`, steps that were taken, and why."""

    q: NDArray[np.float64]
    logarithm: NDArray[np.float64]
    energy: float
    gradient: NDArray[np.float64]
    steps: int
    reason: str
