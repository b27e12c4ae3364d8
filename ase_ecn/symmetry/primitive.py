"""Reduction of a crystal to its primitive cell, with the way back to its own atoms."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import spglib
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, periodic_points
from ase_ecn.errors import CrystalError
from ase_ecn.symmetry.colours import Motif
from ase_ecn.symmetry.reduction import minkowski_reduce

SYMPREC = 1e-3
"""Two atoms within this distance (Å) of a lattice translation count as repetitions."""

_NEAR = 10 * SYMPREC
# Spglib finds repetitions whose atoms are off their means by a quarter of its tolerance, and may
# find those that are off by all of it. So what it does with SYMPREC happens where the perfect
# repetition counts alone, and what it does with _NEAR where that does not count at all.
_SURELY_MERGED, _PERFECT, _DISTINCT = 0.05 * SYMPREC, SYMPREC, 2 * SYMPREC
_SPGLIB = threading.Lock()
_MANY_ATOMS = 64
_PROBES = 8

# Rows: primitive vectors in terms of the conventional ones of a centring.
_CENTRINGS = {
    "P": np.eye(3),
    "A": np.array([[1, 0, 0], [0, 1 / 2, 1 / 2], [0, -1 / 2, 1 / 2]]),
    "C": np.array([[1 / 2, -1 / 2, 0], [1 / 2, 1 / 2, 0], [0, 0, 1]]),
    "R": np.array([[2 / 3, 1 / 3, 1 / 3], [-1 / 3, 1 / 3, 1 / 3], [-1 / 3, -2 / 3, 1 / 3]]),
    "I": np.array([[-1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [1 / 2, 1 / 2, -1 / 2]]),
    "F": np.array([[0, 1 / 2, 1 / 2], [1 / 2, 0, 1 / 2], [1 / 2, 1 / 2, 0]]),
}


@dataclass(frozen=True)
class PrimitiveCrystal:
    """A primitive cell and, for each atom of the input, its site in it.

    Attributes
    ----------
    crystal
        The primitive crystal in a reduced basis, in the Cartesian frame of the input.
    site_of_atom
        (N,) index into the atoms of ``crystal`` for each of the N input atoms.
    """

    crystal: Crystal
    site_of_atom: NDArray[np.int64]


def symmetry_dataset(crystal: Crystal, symprec: float = SYMPREC) -> Any:
    """Spglib's dataset of a crystal, or ``None`` where it finds no symmetry.

    Lattice vectors of the dataset are those of the crystal or all their negatives: spglib wants a
    right-handed cell, and negating all vectors leaves the lattice as it is.
    """
    sign = 1.0 if np.linalg.det(crystal.cell) > 0 else -1.0
    cell: Any = (sign * crystal.cell, sign * crystal.scaled_positions, crystal.numbers)
    # The filters of warnings are one for all threads.
    with _SPGLIB, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return spglib.get_symmetry_dataset(cell, symprec=symprec)
        except Exception:  # by its version and settings, spglib raises or returns None
            return None


def to_primitive(crystal: Crystal, symprec: float = SYMPREC) -> PrimitiveCrystal:
    """Find the primitive cell; atoms that repeat each other are averaged.

    Parameters
    ----------
    crystal
        Any validated crystal.
    symprec
        Tolerance in Å.

    Returns
    -------
    PrimitiveCrystal
        In a Minkowski-reduced basis. A crystal that is primitive already keeps its atoms.
    """
    if _has_pure_translation(crystal, symprec):
        found = _merge_repetitions(crystal, symprec)
        if found is not None:
            return found
    reduced, transforms = minkowski_reduce(crystal.cell[None])
    scaled = crystal.scaled_positions @ np.linalg.inv(transforms[0])
    return PrimitiveCrystal(
        Crystal(crystal.numbers, reduced[0], scaled - np.floor(scaled)),
        np.arange(len(crystal.numbers)),
    )


def to_standard_primitive(crystal: Crystal, symprec: float = SYMPREC) -> PrimitiveCrystal:
    """Find the primitive cell of the standardised crystal, its origin included.

    The paper's colours depend on which image of an atom counts as inside the cell. Here spglib
    chooses origin and axes and puts the atoms on their exact sites; atoms within ``symprec`` of
    an upper face of the cell count as outside. Where spglib has several equivalent choices, its
    result depends on the input: unlike :func:`to_primitive`, this is no property of the crystal.

    Raises
    ------
    CrystalError
        If spglib finds no symmetry.
    """
    dataset = symmetry_dataset(crystal, symprec)
    if dataset is None:
        raise CrystalError(f"spglib finds no symmetry of the crystal at {symprec} Å")
    conventional = np.asarray(dataset.std_lattice, dtype=np.float64)
    cell = _CENTRINGS[dataset.international[0]] @ conventional
    _, first = np.unique(np.asarray(dataset.std_mapping_to_primitive), return_index=True)
    positions = np.asarray(dataset.std_positions, dtype=np.float64)[first] @ conventional
    scaled = positions @ np.linalg.inv(cell)
    scaled -= np.floor(scaled + symprec / np.linalg.norm(cell, axis=1))
    numbers = np.asarray(dataset.std_types, dtype=np.int64)[first]
    site_of_atom = np.asarray(dataset.mapping_to_primitive, dtype=np.int64)
    return PrimitiveCrystal(Crystal(numbers, cell, scaled), site_of_atom)


def primitive_cell(crystal: Crystal, motif: Motif) -> PrimitiveCrystal:
    """Primitive cell as a network with this motif wants it."""
    return to_primitive(crystal) if motif == "free" else to_standard_primitive(crystal)


def _has_pure_translation(crystal: Crystal, symprec: float) -> bool:
    """Cheap necessary test, far cheaper than spglib: is there a translation that repeats all?

    Translations between atoms of the rarest element are tried on this element, which leaves few,
    and then on the others. By another pair of atoms the same translation is a little different,
    so the others may be off by twice as much.
    """
    elements, counts = np.unique(crystal.numbers, return_counts=True)
    if counts.min() == 1:
        return False
    order = counts.argsort(kind="stable")
    rarest = crystal.scaled_positions[crystal.numbers == elements[order[0]]]
    if len(rarest) > _MANY_ATOMS:
        return _has_pure_translation_of_many(rarest, crystal.cell, symprec)
    shifts = _repeating(rarest, rarest[1:] - rarest[0], crystal.cell, 2 * symprec)
    for k in order[1:]:
        if not len(shifts) or counts[k] > _MANY_ATOMS:
            break
        others = crystal.scaled_positions[crystal.numbers == elements[k]]
        shifts = _repeating(others, shifts, crystal.cell, 4 * symprec)
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

    reduced, transforms = minkowski_reduce(cell[None])
    scaled = scaled @ np.linalg.inv(transforms[0])
    scaled -= np.floor(scaled)
    tree = cKDTree(periodic_points(scaled, reduced[0], 3 * symprec)[0])
    shifts = scaled[1:] - scaled[0]
    for atom in scaled[1 : 1 + _PROBES]:
        images = atom + shifts
        distances, _ = tree.query((images - np.floor(images)) @ reduced[0])
        shifts = shifts[distances < 2 * symprec]
        if not len(shifts):
            return False
    return True


def _merge_repetitions(crystal: Crystal, symprec: float) -> PrimitiveCrystal | None:
    found = _repetitions(crystal, symprec)
    return None if found is None else found[0]


def near_repetition(crystal: Crystal) -> tuple[Crystal, float] | None:
    """Find the perfect repetition of a smaller cell that a crystal almost is, if any.

    Where the atoms are off by about :data:`SYMPREC`, a hair decides what :func:`to_primitive` makes
    of the crystal. A mean of what a network says about the crystal and about the repetition, with
    the weight that is given here, does not jump there.

    Parameters
    ----------
    crystal
        Any validated crystal.

    Returns
    -------
    repetition, weight
        The same atoms in the same order and cell at the places of the repetition, and the weight
        of the crystal as it is: it grows smoothly from 0 for atoms that are off by ``SYMPREC`` to
        1 at twice as much. ``None`` for a crystal that is clearly one or the other.
    """
    if not _has_pure_translation(crystal, _NEAR):
        return None
    found = _repetitions(crystal, _NEAR)
    if found is None:
        return None
    _, offsets = found
    largest = float(np.linalg.norm(offsets, axis=1).max())
    if not _SURELY_MERGED < largest < _DISTINCT:
        return None
    share = min(max((largest - _PERFECT) / (_DISTINCT - _PERFECT), 0.0), 1.0)
    scaled = crystal.scaled_positions - offsets @ np.linalg.inv(crystal.cell)
    return Crystal(crystal.numbers, crystal.cell, scaled), share * share * (3 - 2 * share)


def _repetitions(
    crystal: Crystal, symprec: float
) -> tuple[PrimitiveCrystal, NDArray[np.float64]] | None:
    """Primitive cell of a repetition, and how far (N, 3) its atoms are from the means in Å."""
    # Spglib gives up on some very skewed cells.
    reduced, transforms = minkowski_reduce(crystal.cell[None])
    scaled = crystal.scaled_positions @ np.linalg.inv(transforms[0])
    dataset = symmetry_dataset(Crystal(crystal.numbers, reduced[0], scaled), symprec)
    if dataset is None:
        return None
    site_of_atom = np.asarray(dataset.mapping_to_primitive, dtype=np.int64)
    sites, first = np.unique(site_of_atom, return_index=True)
    if len(sites) == len(crystal.numbers):
        return None
    cell = minkowski_reduce(np.asarray(dataset.primitive_lattice, dtype=np.float64)[None])[0][0]
    scaled = crystal.positions @ np.linalg.inv(cell)
    # Averaging over the repetitions makes the result independent of which one is kept.
    offsets = scaled - scaled[first][site_of_atom]
    offsets -= np.round(offsets)
    mean = np.zeros((len(sites), 3))
    np.add.at(mean, site_of_atom, offsets)
    mean /= np.bincount(site_of_atom)[:, None]
    merged = scaled[first] + mean
    primitive = Crystal(crystal.numbers[first], cell, merged - np.floor(merged))
    return PrimitiveCrystal(primitive, site_of_atom), (offsets - mean[site_of_atom]) @ cell
