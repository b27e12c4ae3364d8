"""The part of a relaxation of cell and atoms that is not likely to be an error of the networks.

A potential has its minimum not quite where DFT has it. A crystal that DFT has relaxed would leave
its place for that minimum, by as much as the potential is off. Moves of that size therefore count
in part only, as those of an EMPNN do (:func:`ase_ecn.relaxation.stopping.reliable_part`), and the
cell follows the EMPNN, which errs in another way, by a share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EMPNN_SHARE = 0.25
"""Share of the strain that the EMPNN asks for at the minimum of the potential."""
CELL_ERROR = 0.016
"""Norm of the strain by which the minimum of the potential and that of DFT differ, usually."""
PLACE_ERROR = 0.03
"""Å, of the root mean square over the atoms: the same of their places."""


def reliable_moves(
    moved: NDArray[np.float64], strain: NDArray[np.float64], asked: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Displacements and strain since the start that a relaxation should end with.

    Parameters
    ----------
    moved
        (N, 3) displacements of the atoms since the start in Å, at the minimum.
    strain
        (3, 3) logarithm of the deformation since the start, there.
    asked
        (3, 3) strain that an EMPNN asks for there.
    """
    total = strain + EMPNN_SHARE * asked
    places = float(np.mean(np.sum(moved * moved, axis=1)))
    return moved * _trusted(places, PLACE_ERROR), total * _trusted(np.sum(total**2), CELL_ERROR)


def _trusted(square: float, error: float) -> float:
    """Wiener's filter: what is left of a signal of unknown size, seen with an error."""
    return float(square / (square + error**2))
