"""What a relaxation of atoms has to leave as it is, and the primitive cell that it moves in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.geometry.repetition import SYMPREC
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain
from ase_ecn.relaxation.freedom import Freedom, freedom, operations

_FIXED = 1000


@dataclass(frozen=True)
class Held:
    """What a relaxation of cell and atoms has to leave as it is.

    Attributes
    ----------
    fixed
        (N,) atoms that keep their fractional coordinates; ``None`` for no atom.
    symprec
        Tolerance in Å with which the symmetry that is kept is found.
    """

    fixed: NDArray[np.bool_] | None = None
    symprec: float = SYMPREC


NOTHING_HELD = Held()
"""Only the space group stays."""


@dataclass(frozen=True, eq=False)
class FreeCell:
    """The primitive cell of a crystal, and what may change in it.

    Attributes
    ----------
    crystal
        Primitive and undeformed, of M atoms, in a reduced basis.
    site_of_atom
        (N,) its site for each atom of the input.
    free
        What keeps the space group and leaves what is held.
    fixed
        (M,) whether an atom keeps its fractional coordinates.
    """

    crystal: Crystal
    site_of_atom: NDArray[np.int64]
    free: Freedom
    fixed: NDArray[np.bool_]

    def of_sites(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(M, 3) means over the atoms that repeat each other, of (N, 3) values of all atoms."""
        sums = np.zeros((len(self.crystal), 3))
        np.add.at(sums, self.site_of_atom, values)
        return sums / np.bincount(self.site_of_atom)[:, None]


def free_cell(crystal: Crystal, held: Held, allowed: AllowedStrain = ANY_STRAIN) -> FreeCell:
    """Find the primitive cell of a crystal of N atoms, and what may change in it.

    Of a repetition of a smaller cell with fixed atoms, these have to repeat too.
    """
    fixed = np.zeros(len(crystal), dtype=bool) if held.fixed is None else held.fixed
    kinds = crystal.numbers + _FIXED * fixed
    cell = Crystal(kinds, crystal.cell, crystal.scaled_positions).primitive
    kinds = cell.crystal.numbers
    primitive = Crystal(kinds % _FIXED, cell.crystal.cell, cell.crystal.scaled_positions)
    group = operations(primitive, kinds, allowed, held.symprec)
    stays = kinds >= _FIXED
    return FreeCell(primitive, cell.site_of_atom, freedom(primitive, group, allowed, stays), stays)
