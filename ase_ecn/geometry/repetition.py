"""Is a cell a repetition of a smaller one? Spglib finds the lattice, the atoms are averaged."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import spglib
from numpy.typing import NDArray

from ase_ecn.geometry.pairs import periodic_points
from ase_ecn.geometry.reduction import ReducedCell, minkowski_reduce

SYMPREC = 1e-3
"""Two atoms within this distance (Å) of a lattice translation count as repetitions."""

_SPGLIB = threading.Lock()
_MANY_ATOMS = 64
_PROBES = 8


@dataclass(frozen=True, eq=False)
class Repetition:
    """A smaller cell that a crystal repeats.

    Attributes
    ----------
    numbers, cell, scaled
        (M,) atomic numbers, (3, 3) reduced lattice in Å, (M, 3) fractional coordinates from 0
        to 1: means over the repetitions.
    site_of_atom
        (N,) which of the M atoms each of the crystal's repeats.
    offsets
        (N, 3) how far each of the crystal's atoms is from its mean, in Å.
    """

    numbers: NDArray[np.int64]
    cell: NDArray[np.float64]
    scaled: NDArray[np.float64]
    site_of_atom: NDArray[np.int64]
    offsets: NDArray[np.float64]


def spglib_dataset(
    cell: NDArray[np.float64],
    scaled: NDArray[np.float64],
    numbers: NDArray[np.int64],
    symprec: float,
) -> Any:
    """Spglib's dataset of a crystal, or ``None`` where it finds no symmetry.

    Lattice vectors of the dataset are those of the crystal or all their negatives: spglib wants a
    right-handed cell, and negating all vectors leaves the lattice as it is.

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


def find_repetition(
    numbers: NDArray[np.int64], reduced: ReducedCell, symprec: float = SYMPREC
) -> Repetition | None:
    """Find the smallest cell that a crystal repeats; ``None`` if it is primitive.

    Parameters
    ----------
    numbers
        (N,) atomic numbers.
    reduced
        The atoms in a reduced basis: spglib gives up on some very skewed cells.
    symprec
        Tolerance in Å.
    """
    if not has_pure_translation(numbers, reduced, symprec):
        return None
    return spglib_repetition(numbers, reduced, symprec)


def spglib_repetition(
    numbers: NDArray[np.int64], reduced: ReducedCell, symprec: float
) -> Repetition | None:
    """The same without the quick test before it."""
    dataset = spglib_dataset(reduced.cell, reduced.scaled, numbers, symprec)
    if dataset is None:
        return None
    site_of_atom = np.asarray(dataset.mapping_to_primitive, dtype=np.int64)
    sites, first = np.unique(site_of_atom, return_index=True)
    if len(sites) == len(numbers):
        return None
    cell, _ = minkowski_reduce(np.asarray(dataset.primitive_lattice, dtype=np.float64))
    scaled = reduced.scaled @ reduced.cell @ np.linalg.inv(cell)
    # Averaging over the repetitions makes the result independent of which one is kept.
    offsets = scaled - scaled[first][site_of_atom]
    offsets -= np.round(offsets)
    mean = np.zeros((len(sites), 3))
    np.add.at(mean, site_of_atom, offsets)
    mean /= np.bincount(site_of_atom)[:, None]
    merged = scaled[first] + mean
    merged -= np.floor(merged)
    off = (offsets - mean[site_of_atom]) @ cell
    return Repetition(numbers[first], cell, merged, site_of_atom, off)


def has_pure_translation(
    numbers: NDArray[np.int64], reduced: ReducedCell, symprec: float = SYMPREC
) -> bool:
    """Cheap necessary test, far cheaper than spglib: is there a translation that repeats all?

    Translations between atoms of the rarest element are tried on this element, which leaves few,
    and then on the others. By another pair of atoms the same translation is a little different,
    so the others may be off by twice as much.
    """
    elements, counts = np.unique(numbers, return_counts=True)
    if counts.min() == 1:
        return False
    order = counts.argsort(kind="stable")
    rarest = reduced.scaled[numbers == elements[order[0]]]
    if len(rarest) > _MANY_ATOMS:
        return _has_pure_translation_of_many(rarest, reduced.cell, symprec)
    shifts = _repeating(rarest, rarest[1:] - rarest[0], reduced.cell, 2 * symprec)
    for k in order[1:]:
        if not len(shifts) or counts[k] > _MANY_ATOMS:
            break
        others = reduced.scaled[numbers == elements[k]]
        shifts = _repeating(others, shifts, reduced.cell, 4 * symprec)
    return len(shifts) > 0


def _repeating(
    scaled: NDArray[np.float64],
    shifts: NDArray[np.float64],
    cell: NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.float64]:
    """Those of the (S, 3) fractional shifts that map all (N, 3) atoms onto atoms."""
    images = scaled[None, :, None] + shifts[:, None, None] - scaled[None, None, :]
    images -= np.round(images)
    distances = np.linalg.norm(images @ cell, axis=3).min(axis=2)
    kept: NDArray[np.float64] = shifts[distances.max(axis=1) < tolerance]
    return kept


def _has_pure_translation_of_many(
    scaled: NDArray[np.float64], cell: NDArray[np.float64], symprec: float
) -> bool:
    """The same at a cost that is not quadratic: a few atoms have to find an image each."""
    from scipy.spatial import cKDTree  # late: importing it takes time, few crystals need it

    tree = cKDTree(periodic_points(scaled, cell, 3 * symprec)[0])
    shifts = scaled[1:] - scaled[0]
    for atom in scaled[1 : 1 + _PROBES]:
        images = atom + shifts
        distances, _ = tree.query((images - np.floor(images)) @ cell)
        shifts = shifts[distances < 2 * symprec]
        if not len(shifts):
            return False
    return True
