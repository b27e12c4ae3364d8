"""Elastic tensors from the forces and stresses of strained cells.

The ions follow the strain. To first order they move to where the forces that the strain makes are
balanced by those of their own displacements, so stresses and forces of cells with a strain or one
displaced atom suffice, and nothing has to be relaxed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from ase import units
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal

Derivatives = Callable[[Sequence[Crystal]], tuple[list[NDArray[np.float64]], NDArray[np.float64]]]
"""Forces (N, 3) in eV/Å of each crystal, and (B, 6) stresses in eV/Å³, from crystals."""

STRAIN = 0.004
DISPLACEMENT = 0.02
"""Å; both are large beside the rounding of a calculation and small beside a bond."""
_SOFTEST = 0.05
"""eV/Å²; a displacement that meets less resistance is taken for a translation of all atoms."""


def elastic_tensor(crystal: Crystal, derivatives: Derivatives) -> NDArray[np.float64]:
    """Elastic tensor of a crystal whose ions follow the strain, (6, 6) in GPa.

    Parameters
    ----------
    crystal
        At rest; a stress that is left over is not corrected for.
    derivatives
        Of the energy.
    """
    atoms = len(crystal)
    crystals = [_strained(crystal, k, sign * STRAIN) for k in range(6) for sign in (1, -1)]
    crystals += [
        _displaced(crystal, k, sign * DISPLACEMENT) for k in range(3 * atoms) for sign in (1, -1)
    ]
    forces, stresses = derivatives(crystals)
    rows = np.concatenate([np.reshape(forces, (len(crystals), -1)), stresses], axis=1)
    slopes = (rows[::2] - rows[1::2]) / 2
    by_strain, by_place = slopes[:6] / STRAIN, slopes[6:] / DISPLACEMENT
    clamped, pushed = by_strain[:, -6:].T, by_strain[:, :-6].T
    resisting, of_places = -by_place[:, :-6].T, by_place[:, -6:].T
    resisting = (resisting + resisting.T) / 2
    values, ways = np.linalg.eigh(resisting)
    hard = np.abs(values) > _SOFTEST
    moved = ways[:, hard] @ ((ways[:, hard].T @ pushed) / values[hard, None])
    relaxed = clamped + of_places @ moved
    return np.asarray((relaxed + relaxed.T) / 2 / units.GPa)


def _strained(crystal: Crystal, component: int, size: float) -> Crystal:
    strain = np.zeros((3, 3))
    i, j = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))[component]
    strain[i, j] += size / 2
    strain[j, i] += size / 2
    return crystal.with_cell(crystal.cell @ (np.eye(3) + strain))


def _displaced(crystal: Crystal, coordinate: int, size: float) -> Crystal:
    moved = np.zeros((len(crystal), 3))
    moved[coordinate // 3, coordinate % 3] = size
    scaled = crystal.scaled_positions + moved @ np.linalg.inv(crystal.cell)
    return Crystal(crystal.numbers, crystal.cell, scaled)
