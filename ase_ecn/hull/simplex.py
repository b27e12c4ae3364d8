"""Mixtures of lowest energy, by the simplex method on a small dense tableau.

A mixture of phases is a linear programme with as many equations as there are elements, rarely more
than six, and at most some hundred phases. The call of a general solver takes longer than that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NO_GAIN = 1e-11
"""eV/atom; a phase that would lower the energy by less does not enter the mixture."""
_PIVOT = 1e-12
_PATIENCE = 10
"""Steps for each element, after which a rule is followed that cannot go round in circles."""


def lowest_mixture(
    shares: NDArray[np.float64], phases: NDArray[np.float64], energies: NDArray[np.float64]
) -> tuple[list[int], NDArray[np.float64]]:
    """The mixture of phases and elements that has the lowest energy.

    The elements themselves, at an energy of zero, are the mixture that is begun with.

    Parameters
    ----------
    shares
        (K,) of the atoms that are of each element; positive, with the sum one.
    phases
        (K, P) shares of the elements in each phase.
    energies
        (P,) of the phases, eV/atom relative to the elements.

    Returns
    -------
    members, amounts
        K each. Column of ``phases``, or ``P + k`` for element ``k``, and the share of all atoms
        that are in it, which may be zero.
    """
    count, known = phases.shape
    # One row for each equation and a last one for the gains; the last column is the mixture.
    tableau = np.zeros((count + 1, known + count + 1))
    tableau[:count, :known] = phases
    tableau[np.arange(count), known + np.arange(count)] = 1.0
    tableau[:count, -1] = shares
    tableau[count, :known] = energies
    gains, mixture = tableau[count, :-1], tableau[:count, -1]
    members = list(range(known, known + count))
    step = 0
    while True:
        entering = int(gains.argmin())
        if gains[entering] > -_NO_GAIN:
            return members, mixture
        if step > _PATIENCE * count:  # Bland's rule: the first that helps
            entering = int((gains < -_NO_GAIN).argmax())
        column = tableau[:, entering].copy()
        leaving = _leaving(column.tolist(), mixture.tolist(), members)
        row = tableau[leaving] / column[leaving]
        tableau -= np.multiply.outer(column, row)
        tableau[leaving] = row
        members[leaving] = entering
        step += 1


def _leaving(column: list[float], mixture: list[float], members: list[int]) -> int:
    """Which member is used up first; of several the one that comes first."""
    ratios = [
        (mixture[k] / column[k], member, k)
        for k, member in enumerate(members)
        if column[k] > _PIVOT
    ]
    return min(ratios)[2]
