"""The part of formation energies that depends on guessed oxidation states, which nothing learns.

See :mod:`ase_ecn.corrections`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ase_ecn.corrections import (
    LONGEST_PEROXIDE_BOND,
    correction,
    oxide_kind,
    smooth_correction,
)
from ase_ecn.crystal import Crystal
from ase_ecn.graphs.spheres import SphereArrays

_OXYGEN = 8


def guessed_parts(crystals: Sequence[Crystal], arrays: SphereArrays) -> list[float]:
    """What the guess adds to the energies of B crystals, eV/atom.

    Parameters
    ----------
    crystals
        At least one.
    arrays
        Their neighbours, at least as far as :data:`~ase_ecn.corrections.LONGEST_PEROXIDE_BOND`.
    """
    kinds = {k: oxide_kind(crystals[k]) for k in _with_oxygen_bonds(arrays)}
    return [
        _guessed_part(crystal.numbers.tobytes(), kinds.get(k, "oxide"))
        for k, crystal in enumerate(crystals)
    ]


@lru_cache(maxsize=4096)
def _guessed_part(numbers: bytes, oxide: str) -> float:
    """Of atoms, given by the bytes of their (N,) int64 numbers: a relaxation asks many times."""
    found = np.frombuffer(numbers, dtype=np.int64)
    return correction(found, oxide=oxide) - smooth_correction(found)


def _with_oxygen_bonds(arrays: SphereArrays) -> list[int]:
    """Crystals with an O-O bond as short as that of a peroxide."""
    oxygen = arrays.numbers == _OXYGEN
    if not oxygen.any():  # takes less time than looking at the bonds
        return []
    short = np.flatnonzero(arrays.squared < LONGEST_PEROXIDE_BOND**2)
    near, far = arrays.atom_of_bond[short], arrays.neighbor[short]
    bonded = near[oxygen[near] & oxygen[far]]
    found: list[int] = np.unique(arrays.crystal_of_atom[bonded]).tolist()
    return found
