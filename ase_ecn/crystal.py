"""From ``ase.Atoms`` or a pymatgen ``Structure`` to a validated crystal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.errors import (
    CellError,
    CrystalError,
    EmptyCrystalError,
    FarAwayError,
    NonFiniteError,
    OverlappingAtomsError,
    PartialOccupancyError,
    PeriodicityError,
    UnsupportedElementError,
)
from ase_ecn.geometry.inspection import Inspected, Limits, inspect
from ase_ecn.geometry.pairs import pairs_within
from ase_ecn.geometry.reduction import ReducedCell, determinant, reduce_cell
from ase_ecn.geometry.repetition import SYMPREC, find_repetition, may_repeat

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

CrystalLike: TypeAlias = "Atoms | Structure | Crystal"

MIN_DISTANCE = 0.62
"""Two atoms closer than this (Å) are an error in the input. No bond is as short, and the radial
functions of the networks begin at 0.6 Å."""
_MIN_RELATIVE_VOLUME = 1e-6
_FARTHEST = 1e6
_MAX_ATOMIC_VOLUME = 1e6
_LIMITS = Limits(_MIN_RELATIVE_VOLUME, _MAX_ATOMIC_VOLUME, _FARTHEST, MIN_DISTANCE)
_CLEAR_LIMITS = replace(_LIMITS, nearest=MIN_DISTANCE + 2 * SYMPREC)
_ALL_ELEMENTS = frozenset(range(1, len(chemical_symbols)))


@dataclass(frozen=True, eq=False)
class Crystal:
    """Atoms that repeat in three dimensions.

    The arrays must not be changed: quantities derived from them are computed once and cached.

    Attributes
    ----------
    numbers
        (N,) atomic numbers.
    cell
        (3, 3) lattice vectors in Å, as rows.
    scaled_positions
        (N, 3) fractional coordinates; ``positions = scaled_positions @ cell``.
    """

    numbers: NDArray[np.int64]
    cell: NDArray[np.float64]
    scaled_positions: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def positions(self) -> NDArray[np.float64]:
        """(N, 3) Cartesian coordinates in Å."""
        return self.scaled_positions @ self.cell

    @cached_property
    def volume(self) -> float:
        """Volume of the cell in Å³."""
        rows: list[list[float]] = self.cell.tolist()
        return abs(determinant(rows))

    @cached_property
    def reduced(self) -> ReducedCell:
        """The same atoms wrapped into the shortest basis of the lattice.

        Raises
        ------
        CellError
            If the cell is numerically singular.
        """
        return reduce_cell(self.cell, self.scaled_positions)

    @cached_property
    def is_plain(self) -> bool:
        """Whether one look says that it is valid, for any network of its elements.

        What is found on the way is kept.
        """
        return self.keep(inspect(self.cell, self.scaled_positions, cartesian=False, limits=_LIMITS))

    def keep(self, found: Inspected | None) -> bool:
        """Keep what was found, if anything was, so that it is not computed again."""
        if found is None:
            return False
        self.__dict__.update(volume=found.volume, reduced=found.reduced, is_plain=True)
        return True

    @cached_property
    def may_repeat(self) -> bool:
        """Whether it may be a repetition of a smaller cell, or nearly so; most crystals are not."""
        return may_repeat(self.numbers, self.reduced)

    @cached_property
    def primitive(self) -> PrimitiveCrystal:
        """The primitive cell, in a reduced basis; atoms that repeat each other are averaged.

        A crystal that is already primitive keeps its atoms. The tolerance is
        :data:`ase_ecn.geometry.repetition.SYMPREC`.
        """
        found = find_repetition(self.numbers, self.reduced) if self.may_repeat else None
        if found is None:
            atoms = np.arange(len(self))
            crystal = _in_reduced_basis(self.numbers, self.reduced.cell, self.reduced.scaled)
            return PrimitiveCrystal(crystal, atoms)
        crystal = _in_reduced_basis(found.numbers, found.cell, found.scaled)
        return PrimitiveCrystal(crystal, found.site_of_atom)

    def with_cell(self, cell: NDArray[np.float64]) -> Crystal:
        """The same atoms at the same fractional coordinates in another (3, 3) cell (Å)."""
        return Crystal(self.numbers, cell, self.scaled_positions)

    def to_atoms(self) -> Atoms:
        """Return the crystal as :class:`ase.Atoms`."""
        return Atoms(self.numbers, scaled_positions=self.scaled_positions, cell=self.cell, pbc=True)


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


def _in_reduced_basis(
    numbers: NDArray[np.int64], cell: NDArray[np.float64], scaled: NDArray[np.float64]
) -> Crystal:
    """A crystal whose cell is reduced and whose atoms are wrapped, so that this is not redone."""
    crystal = Crystal(numbers, cell, scaled)
    zeros = np.zeros(scaled.shape, dtype=np.int64)
    crystal.__dict__["reduced"] = ReducedCell(cell, np.eye(3, dtype=np.int64), scaled, zeros)
    return crystal


def one_or_several(structures: CrystalLike | Iterable[CrystalLike]) -> Iterable[CrystalLike]:
    """Structures, of which one alone may be given; what cannot be any is taken for one."""
    # Atoms and Structure are iterable over their atoms, so ask for what a crystal has.
    if isinstance(structures, Atoms | str) or hasattr(structures, "lattice"):
        return [structures]  # type: ignore[list-item]
    return structures if isinstance(structures, Iterable) else [structures]


def as_crystal(structure: CrystalLike, elements: Iterable[int] | None = None) -> Crystal:
    """Validate a structure.

    Parameters
    ----------
    structure
        :class:`ase.Atoms`, periodic in all directions, or a pymatgen ``Structure``. Left-handed
        and far-from-reduced cells are fine.
    elements
        Atomic numbers that the caller supports; ``None`` for all.

    Returns
    -------
    Crystal
        The same atoms in the same order.

    Raises
    ------
    CrystalError
        With a subclass for each cause: no atoms, a cell without volume, missing periodicity,
        numbers that are not finite, elements that are not supported, coincident atoms,
        partial occupancies, or an object of another kind.
    """
    if isinstance(structure, Crystal):
        crystal = structure
    elif isinstance(structure, Atoms):
        crystal = _from_atoms(structure)
    elif hasattr(structure, "lattice") and hasattr(structure, "frac_coords"):
        crystal = _from_structure(structure)
    else:
        raise CrystalError(
            f"expected ase.Atoms or a pymatgen Structure, got {type(structure).__name__}"
        )
    if crystal.is_plain:
        _check_elements(crystal.numbers, elements)
        return crystal
    _check_shape(crystal)
    _check_elements(crystal.numbers, elements)
    _check_places(crystal.scaled_positions)
    if crystal.volume > _MAX_ATOMIC_VOLUME * len(crystal):
        raise CellError(
            f"the cell has {crystal.volume / len(crystal):.3g} Å³ per atom; "
            f"at most {_MAX_ATOMIC_VOLUME:.0e} are allowed"
        )
    _check_distances(crystal)
    return crystal


def is_acceptable(crystal: Crystal) -> bool:
    """Whether a crystal whose cell was changed would be accepted as an input.

    Atoms must be farther apart than those of an input by a little, so that averages over
    repetitions, which are not exact, make no difference.
    """
    if crystal.keep(
        inspect(crystal.cell, crystal.scaled_positions, cartesian=False, limits=_CLEAR_LIMITS)
    ):
        return True
    if crystal.volume > _MAX_ATOMIC_VOLUME * len(crystal):
        return False
    try:
        _check_shape(crystal)
        _check_distances(crystal, _CLEAR_LIMITS.nearest)
    except CrystalError:
        return False
    return True


def as_atoms(structure: CrystalLike) -> Atoms:
    """Return atoms unchanged, and anything else converted to atoms, after the same checks.

    Raises
    ------
    CrystalError
        If a pymatgen structure is not a valid crystal.
    """
    return structure if isinstance(structure, Atoms) else as_crystal(structure).to_atoms()


def _from_atoms(atoms: Atoms) -> Crystal:
    if len(atoms) == 0:
        raise EmptyCrystalError("the structure has no atoms")
    if not atoms.pbc.all():
        raise PeriodicityError(
            f"pbc is {atoms.pbc.tolist()}: a crystal must be periodic in all three directions"
        )
    cell = np.array(atoms.cell[:], dtype=np.float64)
    positions = np.array(atoms.positions, dtype=np.float64)
    seen = inspect(cell, positions, cartesian=True, limits=_LIMITS)
    if seen is None:
        _check_geometry(cell, positions)
    occupancy = atoms.info.get("occupancy")
    if isinstance(occupancy, dict) and any(map(_partly_occupied, occupancy.values())):
        raise PartialOccupancyError(
            "the structure has partially occupied sites: replace it by an ordered supercell first"
        )
    numbers = np.array(atoms.numbers, dtype=np.int64)
    if seen is None:
        scaled = np.asarray(np.linalg.solve(cell.T, positions.T).T, dtype=np.float64)
        return Crystal(numbers, cell, scaled)
    crystal = Crystal(numbers, cell, seen.scaled)
    crystal.keep(seen)
    return crystal


def _partly_occupied(site: Any) -> bool:
    """Whether a site of ASE's CIF reader is shared, or its occupancy below one or no number."""
    try:
        return len(site) > 1 or not sum(site.values()) >= 1 - 1e-6
    except (AttributeError, TypeError):
        return True


def _from_structure(structure: Any) -> Crystal:
    if len(structure) == 0:
        raise EmptyCrystalError("the structure has no atoms")
    if not structure.is_ordered:
        raise PartialOccupancyError(
            "the structure has partially occupied sites: replace it by an ordered supercell first"
        )
    if not all(structure.lattice.pbc):
        raise PeriodicityError(
            f"pbc is {list(structure.lattice.pbc)}: "
            "a crystal must be periodic in all three directions"
        )
    cell = np.array(structure.lattice.matrix, dtype=np.float64)
    scaled = np.array(structure.frac_coords, dtype=np.float64)
    _check_geometry(cell, scaled)
    # Deuterium and tritium have Z = 1; dummy species have no element and no Z above zero.
    numbers = [int(getattr(site.specie, "Z", 0)) for site in structure]
    return Crystal(np.array(numbers, dtype=np.int64), cell, scaled)


def _check_geometry(cell: NDArray[np.float64], coordinates: NDArray[np.float64]) -> None:
    if not np.isfinite(cell).all():
        raise NonFiniteError("the cell contains NaN or infinite numbers")
    if not np.isfinite(coordinates).all():
        raise NonFiniteError("the positions contain NaN or infinite numbers")
    rows = cell.tolist()
    volume = abs(determinant(rows))
    # The rank takes time, and only nearly flat cells can lack it.
    clear = math.isfinite(volume) and volume > 1e-9 * math.prod(math.hypot(*row) for row in rows)
    if not clear:
        rank = int(np.linalg.matrix_rank(cell))
        if rank < 3 or not math.isfinite(volume):
            raise CellError(
                f"the cell has rank {rank}: three independent lattice vectors are needed"
            )


def _check_shape(crystal: Crystal) -> None:
    lengths = [math.hypot(*row) for row in crystal.reduced.cell.tolist()]
    if crystal.volume < _MIN_RELATIVE_VOLUME * math.prod(lengths):
        given = np.linalg.norm(crystal.cell, axis=1).round(3).tolist()
        raise CellError(
            f"the cell with lattice vectors of {given} Å has almost no volume "
            f"({crystal.volume:.3g} Å³)"
        )


def _check_elements(numbers: NDArray[np.int64], elements: Iterable[int] | None) -> None:
    known = _ALL_ELEMENTS if elements is None else frozenset(elements)
    unknown = sorted(set(numbers.tolist()) - known)
    if unknown:
        names = ", ".join(
            chemical_symbols[z] if 0 <= z < len(chemical_symbols) else f"Z={z}" for z in unknown
        )
        allowed = " ".join(chemical_symbols[z] for z in sorted(known))
        raise UnsupportedElementError(f"unsupported elements: {names}; supported are: {allowed}")


def _check_places(scaled: NDArray[np.float64]) -> None:
    farthest = float(np.abs(scaled).max())
    if farthest > _FARTHEST:
        atom = int(np.abs(scaled).max(axis=1).argmax())
        raise FarAwayError(
            f"atom {atom} is {farthest:.3g} lattice vectors away from the cell, at most "
            f"{_FARTHEST:.0e} are allowed: its position within the cell is lost to rounding"
        )


def _check_distances(crystal: Crystal, least: float = MIN_DISTANCE) -> None:
    cell, scaled = crystal.reduced.cell, crystal.reduced.scaled
    shortest = min(math.hypot(*row) for row in cell.tolist())
    if shortest < least:
        raise OverlappingAtomsError(
            f"a lattice translation is only {shortest:.3g} Å long; at least {least} Å are needed"
        )
    near = pairs_within(cell, scaled, least)
    if len(near.source):
        distances = np.linalg.norm(near.vector, axis=1)
        closest = int(distances.argmin())
        i, j = sorted((int(near.source[closest]), int(near.target[closest])))
        raise OverlappingAtomsError(
            f"atoms {i} ({chemical_symbols[crystal.numbers[i]]}) and {j} "
            f"({chemical_symbols[crystal.numbers[j]]}) are {distances[closest]:.3g} Å apart; "
            f"at least {least} Å are needed"
        )
