"""Is a cell a repetition of a smaller one? The lattice is found, and atoms are averaged.

A lattice that repeats a crystal permutes its atoms of each kind. So its index divides the number of
atoms of every kind, its vectors are differences between atoms of the rarest, and a few of them
generate it. Time grows with the number of atoms, whether they repeat or nearly do:

1. Kinds are the elements. In large crystals they are divided by surroundings, which a vacancy, an
   interstitial atom or a swapped pair of atoms gives away: then the rarest kind is rare.
2. Most differences are refused at the first atoms that should have an image and have none.
3. The shortest that is left is tried on all atoms. If all have an image, the sum of the cells from
   which the images come is the translation times the number of atoms, as integers. So the lattice
   is exact, and what it contains already need not be tried.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ase_ecn.geometry.finer_lattice import FinerLattice
from ase_ecn.geometry.pairs import pairs_within, periodic_points
from ase_ecn.geometry.reduction import ReducedCell, minkowski_reduce

SYMPREC = 1e-3
"""Two atoms within this distance (Å) of a lattice translation count as repetitions."""

_MANY_ATOMS = 64
_BRUTE_FORCE_DISTANCES = 20_000
_PROBES = 8
# A slow modulation repeats from cell to cell, but not as a whole: a finer tolerance can tell.
_FINER = 0.5
_ATTEMPTS = 6
# Surroundings are sums over neighbours of a weight of the element times (1 - r^2 / R^2)^2, whose
# steepest slope is 8 / (3 sqrt(3) R).
_SURROUNDINGS = 4.0
_STEEPEST = 8 / (3 * math.sqrt(3) * _SURROUNDINGS)
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, eq=False)
class Repetition:
    """A smaller cell that a crystal repeats.

    Attributes
    ----------
    numbers, cell, scaled
        (M,) atomic numbers, (3, 3) reduced lattice in Å, (M, 3) fractional coordinates from 0
        to 1: means over the repetitions.
    site_of_atom
        (N,) which of the M atoms each of the crystal's repeats; sites are numbered by their first
        atoms.
    offsets
        (N, 3) how far each of the crystal's atoms is from its mean, in Å.
    """

    numbers: NDArray[np.int64]
    cell: NDArray[np.float64]
    scaled: NDArray[np.float64]
    site_of_atom: NDArray[np.int64]
    offsets: NDArray[np.float64]


def find_repetition(
    numbers: NDArray[np.int64], reduced: ReducedCell, symprec: float = SYMPREC
) -> Repetition | None:
    """Find the smallest cell that a crystal repeats; ``None`` if it is primitive.

    A repetition whose atoms are all within a quarter of the tolerance of their means is found, and
    none of which one is farther from its mean than the tolerance.

    Parameters
    ----------
    numbers
        (N,) atomic numbers.
    reduced
        The atoms in a reduced basis.
    symprec
        Tolerance in Å.
    """
    # The formula alone tells of many crystals that they are primitive.
    if _most_repetitions(numbers) == 1:
        return None
    kinds = numbers
    if len(numbers) > _MANY_ATOMS:
        kinds = _by_surroundings(numbers, reduced, symprec)
        if _most_repetitions(kinds) == 1:
            return None
    for _ in range(_ATTEMPTS):
        lattice, site = _translations(_Atoms(kinds, reduced, symprec))
        if lattice.index == 1:
            return None
        found = _averaged(numbers, reduced, lattice, site)
        if found is not None and np.linalg.norm(found.offsets, axis=1).max() <= symprec:
            return found
        symprec *= _FINER
    return None


def _most_repetitions(kinds: NDArray[np.int64]) -> int:
    """What the number of repetitions divides."""
    return math.gcd(*Counter(kinds.tolist()).values())


def _by_surroundings(
    numbers: NDArray[np.int64], reduced: ReducedCell, symprec: float
) -> NDArray[np.int64]:
    """Kinds (N,) of atoms; those that repeat each other are of one kind."""
    pairs = pairs_within(reduced.cell, reduced.scaled, _SURROUNDINGS + symprec)
    near = 1 - (pairs.vector * pairs.vector).sum(axis=1) / _SURROUNDINGS**2
    terms = (1 + numbers * _GOLDEN % 1)[pairs.target] * np.maximum(near, 0.0) ** 2
    sums = np.bincount(pairs.source, terms, minlength=len(numbers))
    # Vectors between atoms within a quarter of the tolerance of their means differ by all of it.
    most = int(np.bincount(pairs.source, minlength=len(numbers)).max())
    same = 2 * _STEEPEST * symprec * most
    order = np.lexsort((sums, numbers))
    other = (np.diff(numbers[order]) != 0) | (np.diff(sums[order]) > same)
    kinds = np.zeros(len(numbers), dtype=np.int64)
    kinds[order[1:]] = np.cumsum(other)
    return kinds


class _Atoms:
    """Atoms of several kinds, and which of them a translation takes to each other."""

    def __init__(self, kinds: NDArray[np.int64], reduced: ReducedCell, symprec: float) -> None:
        self.kinds, self.symprec = kinds, symprec
        self.cell, self.scaled = reduced.cell, reduced.scaled

    def __len__(self) -> int:
        return len(self.kinds)

    def candidates(self) -> NDArray[np.float64]:
        """Fractional (K, 3) translations that may take atoms to atoms, shortest first."""
        _, kind, counts = np.unique(self.kinds, return_inverse=True, return_counts=True)
        rare, *others = np.argsort(counts[kind], kind="stable").tolist()
        rarest = self.scaled[kind == kind[rare]]
        shifts = rarest[1:] - rarest[0]
        shifts -= np.rint(shifts)
        most = _most_repetitions(self.kinds)
        off = most * shifts
        off -= np.rint(off)
        shifts = shifts[np.linalg.norm(off @ self.cell, axis=1) < most * self.symprec]
        for atom in (*others[:_PROBES], *others[_PROBES :: 1 + len(others) // _PROBES]):
            shifts = self.surviving(shifts, atom)
        order = np.linalg.norm(shifts @ self.cell, axis=1).argsort(kind="stable")
        return np.asarray(shifts[order])

    def surviving(self, shifts: NDArray[np.float64], atom: int) -> NDArray[np.float64]:
        """Those of the translations that take one atom to another."""
        if not len(shifts):
            return shifts
        return shifts[self.images(self.scaled[atom] + shifts, self.kinds[atom]) >= 0]

    def images(
        self, points: NDArray[np.float64], kinds: NDArray[np.int64] | np.int64
    ) -> NDArray[np.int64]:
        """(P,) atom of the given kind at each of (P, 3) fractional points; -1 for none."""
        if len(points) * len(self) <= _BRUTE_FORCE_DISTANCES:
            apart = points[:, None] - self.scaled
            apart -= np.rint(apart)
            squares = ((apart @ self.cell) ** 2).sum(axis=2)
            atom = squares.argmin(axis=1)
            near = squares[np.arange(len(points)), atom] < self.symprec**2
        else:
            tree, owners = self._tree
            wrapped = (points - np.floor(points)) @ self.cell
            distance, place = tree.query(wrapped, distance_upper_bound=self.symprec)
            near = np.isfinite(distance)
            atom = owners[np.where(near, place, 0)]
        return np.where(near & (self.kinds[atom] == kinds), atom, -1)

    @cached_property
    def _tree(self) -> tuple[Any, NDArray[np.int64]]:
        from scipy.spatial import cKDTree  # late: importing it takes time, few crystals need it

        points, owners, _ = periodic_points(self.scaled, self.cell, 2 * self.symprec)
        return cKDTree(points), owners


def _translations(atoms: _Atoms) -> tuple[FinerLattice, NDArray[np.int64]]:
    """The lattice of all translations, and (N,) the first atom that each atom repeats."""
    lattice, site = FinerLattice(len(atoms)), np.arange(len(atoms))
    shifts = atoms.candidates()
    while len(shifts):
        shift, shifts = shifts[0], shifts[1:]
        image = atoms.images(atoms.scaled + shift, atoms.kinds)
        if image.min() < 0:  # an atom that stops one translation often stops others
            shifts = atoms.surviving(shifts, int(image.argmin()))
            continue
        before = lattice.index
        cells = np.rint(atoms.scaled + shift - atoms.scaled[image])
        lattice.add(cells.sum(axis=0).astype(np.int64).tolist())
        site = _merged(site, image, lattice.index // before)
        cell, _ = minkowski_reduce(lattice.basis @ atoms.cell)
        off = shifts @ atoms.cell @ np.linalg.inv(cell)
        off -= np.rint(off)
        shifts = shifts[np.linalg.norm(off @ cell, axis=1) > 2 * atoms.symprec]
    return lattice, site


def _merged(site: NDArray[np.int64], image: NDArray[np.int64], times: int) -> NDArray[np.int64]:
    """Sites when a permutation of the atoms joins ``times`` of them into one."""
    joined = 1
    while joined < times:
        site = np.minimum(site, site[image])
        image = image[image]
        joined *= 2
    return site


def _averaged(
    numbers: NDArray[np.int64],
    reduced: ReducedCell,
    lattice: FinerLattice,
    site: NDArray[np.int64],
) -> Repetition | None:
    """The mean of all repetitions; ``None`` where translations do not take atoms around alike."""
    first, site_of_atom, counts = np.unique(site, return_inverse=True, return_counts=True)
    if (counts != lattice.index).any():
        return None
    cell, _ = minkowski_reduce(lattice.basis @ reduced.cell)
    scaled = reduced.scaled @ reduced.cell @ np.linalg.inv(cell)
    # Averaging over the repetitions makes the result independent of which one is kept.
    offsets = scaled - scaled[first][site_of_atom]
    offsets -= np.round(offsets)
    mean = np.zeros((len(first), 3))
    np.add.at(mean, site_of_atom, offsets)
    mean /= lattice.index
    merged = scaled[first] + mean
    merged -= np.floor(merged)
    off = (offsets - mean[site_of_atom]) @ cell
    return Repetition(numbers[first], cell, merged, site_of_atom, off)
