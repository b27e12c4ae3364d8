"""Other cells of a crystal: the standardised one, and the repetition that it almost is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ase_ecn.crystal import Crystal, PrimitiveCrystal
from ase_ecn.errors import CrystalError
from ase_ecn.geometry.repetition import SYMPREC, find_repetition
from ase_ecn.geometry.space_groups import spglib_dataset
from ase_ecn.symmetry.colours import Motif

_NEAR = 10 * SYMPREC
# The search finds repetitions whose atoms are off their means by a quarter of its tolerance, and
# may find those that are off by all of it. So what it does with SYMPREC happens where the perfect
# repetition counts alone, and what it does with _NEAR where that does not count at all.
_SURELY_MERGED, _PERFECT, _DISTINCT = 0.05 * SYMPREC, SYMPREC, 2 * SYMPREC

# Rows: primitive vectors in terms of the conventional ones of a centring.
_CENTRINGS = {
    "P": np.eye(3),
    "A": np.array([[1, 0, 0], [0, 1 / 2, 1 / 2], [0, -1 / 2, 1 / 2]]),
    "C": np.array([[1 / 2, -1 / 2, 0], [1 / 2, 1 / 2, 0], [0, 0, 1]]),
    "R": np.array([[2 / 3, 1 / 3, 1 / 3], [-1 / 3, 1 / 3, 1 / 3], [-1 / 3, -2 / 3, 1 / 3]]),
    "I": np.array([[-1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [1 / 2, 1 / 2, -1 / 2]]),
    "F": np.array([[0, 1 / 2, 1 / 2], [1 / 2, 0, 1 / 2], [1 / 2, 1 / 2, 0]]),
}


def symmetry_dataset(crystal: Crystal, symprec: float = SYMPREC) -> Any:
    """Spglib's dataset of a crystal, or ``None`` where it finds no symmetry.

    Lattice vectors of the dataset are those of the crystal or all their negatives: spglib wants a
    right-handed cell, and negating all vectors leaves the lattice as it is.
    """
    return spglib_dataset(crystal.cell, crystal.scaled_positions, crystal.numbers, symprec)


def to_standard_primitive(crystal: Crystal, symprec: float = SYMPREC) -> PrimitiveCrystal:
    """Find the primitive cell of the standardised crystal, its origin included.

    The paper's colours depend on which image of an atom counts as inside the cell. Here spglib
    chooses origin and axes and puts the atoms on their exact sites; atoms within ``symprec`` of
    an upper face of the cell count as outside. Where spglib has several equivalent choices, its
    result depends on the input: unlike ``Crystal.primitive``, this is no property of the crystal.

    Spglib is asked about the primitive cell of a supercell: it takes much longer for more atoms.

    Raises
    ------
    CrystalError
        If spglib finds no symmetry.
    """
    smaller = find_repetition(crystal.numbers, crystal.reduced, symprec)
    if smaller is not None:
        found = to_standard_primitive(
            Crystal(smaller.numbers, smaller.cell, smaller.scaled), symprec
        )
        return PrimitiveCrystal(found.crystal, found.site_of_atom[smaller.site_of_atom])
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
    return crystal.primitive if motif == "free" else to_standard_primitive(crystal)


def near_repetition(crystal: Crystal) -> tuple[Crystal, float] | None:
    """Find the perfect repetition of a smaller cell that a crystal almost is, if any.

    Where the atoms are off by about :data:`SYMPREC`, a hair decides what ``Crystal.primitive`` is.
    A mean of what a network says about the crystal and about the repetition, with the weight that
    is given here, does not jump there.

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
    found = find_repetition(crystal.numbers, crystal.reduced, _NEAR)
    if found is None:
        return None
    largest = float(np.linalg.norm(found.offsets, axis=1).max())
    if not _SURELY_MERGED < largest < _DISTINCT:
        return None
    share = min(max((largest - _PERFECT) / (_DISTINCT - _PERFECT), 0.0), 1.0)
    scaled = crystal.scaled_positions - found.offsets @ np.linalg.inv(crystal.cell)
    return Crystal(crystal.numbers, crystal.cell, scaled), share * share * (3 - 2 * share)
