"""Constraints of ASE's atoms that a relaxation of cell and atoms honours, or refuses in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms, FixSymmetry
from numpy.typing import NDArray

from ase_ecn.errors import CrystalError
from ase_ecn.geometry.repetition import SYMPREC
from ase_ecn.relaxation.held import NOTHING_HELD, Held


def held_by(structure: Any) -> Held:
    """What the constraints of a crystal ask for.

    ``FixAtoms`` keeps fractional coordinates: the atoms follow the cell and nothing else. The space
    group is kept in any case; ``FixSymmetry`` says with which tolerance it is found. The selective
    dynamics of a pymatgen structure fix atoms too.

    Parameters
    ----------
    structure
        Atoms, or a pymatgen structure.

    Raises
    ------
    CrystalError
        If there is a constraint of another kind.
    """
    if not isinstance(structure, Atoms):
        return Held(_selective(structure))
    fixed = np.zeros(len(structure), dtype=bool)
    symprec = SYMPREC
    for constraint in structure.constraints:
        if isinstance(constraint, FixAtoms):
            fixed[constraint.get_indices()] = True
        elif isinstance(constraint, FixSymmetry):
            symprec = float(constraint.symprec)
        else:
            raise CrystalError(
                f"the constraint {type(constraint).__name__} is not supported when atoms are "
                "relaxed, FixAtoms and FixSymmetry are: remove it first"
            )
    return Held(fixed if fixed.any() else None, symprec)


def refuse_constraints(atoms: Atoms) -> Held:
    """What is asked for where the cell alone is relaxed: nothing, or a relaxation of atoms.

    Raises
    ------
    CrystalError
        If there is any constraint.
    """
    if atoms.constraints:
        kinds = ", ".join(type(c).__name__ for c in atoms.constraints)
        raise CrystalError(f"constraints are not supported, remove them first: {kinds}")
    return NOTHING_HELD


def _selective(structure: Any) -> NDArray[np.bool_] | None:
    moving = getattr(structure, "site_properties", {}).get("selective_dynamics")
    if moving is None:
        return None
    free = np.array([[True] * 3 if site is None else site for site in moving], dtype=bool)
    moving = free.sum(axis=1)
    if ((moving > 0) & (moving < 3)).any():
        raise CrystalError(
            "selective_dynamics fixes some components of an atom only, which is not supported: "
            "fix all three or none"
        )
    fixed = np.asarray(moving == 0)
    return fixed if fixed.any() else None
