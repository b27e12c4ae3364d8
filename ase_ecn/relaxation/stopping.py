"""When a relaxation stops, how much of its last step counts, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ase_ecn.geometry.strain import total_log_strain

STRAIN_ERROR = 0.008
"""Typical norm of the strain predicted for a relaxed cell, see :func:`reliable_part`."""
DISPLACEMENT_ERROR = 0.05
"""Å, of the root mean square over the atoms: about twice the displacement that is predicted for a
relaxed crystal, see :func:`reliable_displacements`."""
MAX_TOTAL_STRAIN = 1.0
"""Norm of the total logarithmic strain beyond which a relaxation is abandoned."""
# All singular values are then between 0.6 and 1.4, and the norm is below 0.9.
_SURELY_IN_RANGE = 0.13
_IDENTITY = np.eye(3)
CONVERGED = "converged"
"""Reason of a relaxation whose last strain was below the tolerance; it ends after the reliable
part of it."""
STEPS = "steps"
"""Reason of a relaxation that used up its steps; it ends with the last cell."""
OSCILLATING = "oscillating"
"""Reason of a relaxation whose strains no longer decrease because it oscillates or drifts; it ends
with the cell of the smallest strain."""
TOO_CLOSE = "atoms too close"
"""Reason of a relaxation that would have ended in a cell that is not accepted as an input; it ends
with the last cell before that is."""
OUT_OF_RANGE = "strain out of range"
"""Reason of a relaxation that was abandoned; the initial cell is restored."""
OUT_OF_MEMORY = "out of memory"
"""Reason of a crystal that does not fit into memory; the initial cell is kept."""
STALLED = "stalled"
"""Reason of a relaxation by forces that finds no lower energy, however short its steps."""
GIVEN_UP = (OUT_OF_RANGE, OUT_OF_MEMORY)
"""Reasons of relaxations that end where the input was."""

# A relaxation gets somewhere if its strains shrink. One step may be larger than the one before, as
# a cell far off has a new neighbourhood after it; over two steps that hardly happens.
BACK = 2
"""Steps over which strains have to shrink."""
SHRINKING = 0.9
"""Factor by which norms of strains have to shrink meanwhile."""

_SPREAD_STEPS = 4


def norm(array: NDArray[np.float64]) -> float:
    """Root of the sum of the squares of all entries, in a third of the time of NumPy's norm."""
    return math.sqrt(np.vdot(array, array))


def stop_reason(
    strains: Sequence[NDArray[np.float64]], deformation: NDArray[np.float64], tolerance: float
) -> str | None:
    """Why a relaxation should stop now, or ``None``.

    Parameters
    ----------
    strains
        (3, 3) each, one per step; the last is not applied yet. Norms alone count, so that each may
        be another measure of the step.
    deformation
        (3, 3) since the start.
    tolerance
        Frobenius norm of the strain below which the relaxation has converged.
    """
    size = norm(strains[-1])
    if not math.isfinite(size):
        return OUT_OF_RANGE
    if size < tolerance:
        return CONVERGED
    # Small deformations, which are nearly all, need no eigenvalues.
    if (
        np.abs(deformation - _IDENTITY).max() > _SURELY_IN_RANGE
        and total_log_strain(deformation) > MAX_TOTAL_STRAIN
    ):
        return OUT_OF_RANGE
    return OSCILLATING if _ceased_to_shrink(strains) else None


def reliable_part(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a small strain that is not likely to be the network's error.

    ``S s^2 / (s^2 + e^2)`` with the norm ``s`` of ``S`` and the usual error ``e``,
    :data:`STRAIN_ERROR`: what is left of a signal of unknown size that was seen with that error
    (a Wiener filter). A crystal that is relaxed stays nearly where it is, as the network asks for
    some strain in any cell, and one that is off by more than the error takes nearly the whole step.

    Parameters
    ----------
    strain
        (3, 3) as the network asks for.

    Returns
    -------
    strain
        (3, 3), parallel to it.
    """
    square = float(np.vdot(strain, strain))
    return strain * (square / (square + STRAIN_ERROR**2))


def reliable_displacements(displacements: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of small displacements (N, 3) in Å that is not likely to be the network's error.

    As :func:`reliable_part`, with the root mean square over the atoms and
    :data:`DISPLACEMENT_ERROR`.
    """
    square = float(np.mean(np.sum(displacements * displacements, axis=1)))
    return displacements * (square / (square + DISPLACEMENT_ERROR**2))


def smallest(strains: Sequence[NDArray[np.float64]]) -> int:
    """Position of the strain with the smallest norm."""
    return int(np.argmin([norm(strain) for strain in strains]))


def strain_spread(strains: Sequence[NDArray[np.float64]]) -> float:
    """How far the last steps of a relaxation disagree about the cell.

    The root of ``s^2 + v``: ``s`` is the norm of the last strain, and ``v`` the mean square
    distance of the logarithmic strains of the last few cells from their mean. The first step is
    left out if there are others, because it measures the initial strain of the input. The result
    is the network's disagreement with itself, not a calibrated error; it ranks crystals, roughly,
    by the reliability of their cells.

    Parameters
    ----------
    strains
        (3, 3) each, as computed in every step, the last of which is not applied.

    Returns
    -------
    spread
        In units of logarithmic strain; NaN for no strain.
    """
    if not strains:
        return float("nan")
    recent = np.array((strains[1:] or strains)[-_SPREAD_STEPS:])
    # Small strains add up, and each cell follows from the one before.
    path = np.zeros((len(recent) + 1, 3, 3))
    np.cumsum(recent, axis=0, out=path[1:])
    path -= path.sum(axis=0) / len(path)
    return math.hypot(norm(recent[-1]), norm(path) / math.sqrt(len(path)))


def _ceased_to_shrink(strains: Sequence[NDArray[np.float64]]) -> bool:
    """Whether the last strain is about as large as the one two steps before, or larger."""
    if len(strains) <= BACK:
        return False
    return norm(strains[-1]) > SHRINKING * norm(strains[-1 - BACK])
