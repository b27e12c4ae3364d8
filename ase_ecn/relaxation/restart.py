"""Restart files of relaxations: what they say, and whether they are of the same crystal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.optimize.optimize import RestartError
from numpy.typing import NDArray

from ase_ecn.errors import OptionError

_SAME_PLACE = 1e-5


@dataclass(frozen=True)
class RestartState:
    """Where a relaxation was.

    Attributes
    ----------
    nsteps
        Number of steps.
    cell
        (3, 3) in Å.
    scaled_positions
        (N, 3) fractional coordinates; ``None`` in files of earlier versions.
    """

    nsteps: int
    cell: NDArray[np.float64]
    scaled_positions: NDArray[np.float64] | None


def restart_state(atoms: Atoms, nsteps: int) -> dict[str, Any]:
    """What a restart file says after so many steps."""
    scaled = atoms.cell.scaled_positions(atoms.positions)
    return {
        "nsteps": nsteps,
        "cell": atoms.cell[:].tolist(),
        "numbers": atoms.numbers.tolist(),
        "scaled_positions": scaled.tolist(),
    }


def read_state(load: Callable[[], Any], atoms: Atoms, *, places_stay: bool) -> RestartState:
    """Check what a restart file says.

    Parameters
    ----------
    load
        Reads it.
    atoms
        The crystal that is to be relaxed.
    places_stay
        Whether fractional coordinates do not change, so that they tell crystals apart.

    Raises
    ------
    OptionError
        If it is damaged, or of another crystal.
    """
    try:
        state = load()
        steps = int(state["nsteps"])
        cell = np.array(state["cell"], dtype=np.float64).reshape(3, 3)
        numbers = np.array(state.get("numbers", atoms.numbers), dtype=np.int64)
        scaled = state.get("scaled_positions")
        if scaled is not None:
            scaled = np.array(scaled, dtype=np.float64).reshape(-1, 3)
    except (AttributeError, KeyError, RestartError, TypeError, ValueError) as error:
        raise OptionError(
            f"the restart file is damaged or of another optimizer; remove it to begin anew: {error}"
        ) from error
    same = np.array_equal(numbers, atoms.numbers)
    if same and scaled is not None:
        same = len(scaled) == len(atoms)
        if same and places_stay:
            shifts = scaled - atoms.cell.scaled_positions(atoms.positions)
            same = bool(np.abs(shifts - np.rint(shifts)).max() < _SAME_PLACE)
    if not same:
        raise OptionError(
            f"the restart file is of another crystal than {atoms.symbols}: "
            "name another file, or remove it"
        )
    return RestartState(steps, cell, scaled)
