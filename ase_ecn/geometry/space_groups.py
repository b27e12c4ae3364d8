"""Space groups by spglib, one call at a time."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
import spglib
from numpy.typing import NDArray

_SPGLIB = threading.Lock()


def spglib_dataset(
    cell: NDArray[np.float64],
    scaled: NDArray[np.float64],
    numbers: NDArray[np.int64],
    symprec: float,
) -> Any:
    """Spglib's dataset of a crystal, or ``None`` where it finds no symmetry.

    Its time grows with the cube of the number of atoms where a large cell nearly repeats a smaller
    one, so it should be asked about primitive cells only. Lattice vectors of the dataset are those
    of the crystal or all their negatives: spglib wants a right-handed cell, and negating all
    vectors leaves the lattice as it is.

    Parameters
    ----------
    cell, scaled, numbers
        (3, 3) lattice in Å, (N, 3) fractional coordinates, (N,) atomic numbers.
    symprec
        Tolerance in Å.
    """
    sign = 1.0 if np.linalg.det(cell) > 0 else -1.0
    crystal: Any = (sign * cell, sign * scaled, numbers)
    # The filters of warnings are one for all threads.
    with _SPGLIB, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return spglib.get_symmetry_dataset(crystal, symprec=symprec)
        except Exception:  # by its version and settings, spglib raises or returns None
            return None


def point_group(rotations: NDArray[np.integer[Any]]) -> str | None:
    """Symbol of the point group of (O, 3, 3) rotations in any basis, ``None`` if they are none."""
    with _SPGLIB, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found: Any = spglib.get_pointgroup(rotations)
        except Exception:  # by its version and settings, spglib raises or returns None
            return None
    return None if found is None else str(found[0]).strip()
