"""The part of formation energies that depends on guessed oxidation states, which nothing learns.

See :mod:`ase_ecn.corrections`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ase_ecn.corrections import (
    LONGEST_PEROXIDE_BOND,
    correction,
    oxide_kind,
    smooth_correction,
)
from ase_ecn.crystal import Crystal
from ase_ecn.graphs.spheres import SphereBatch

_OXYGEN = 8


def guessed_parts(crystals: Sequence[Crystal], batch: SphereBatch) -> list[float]:
    """What the guess adds to the energies of B crystals, eV/atom.

    Parameters
    ----------
    crystals
        At least one.
    batch
        Their neighbours, at least as far as :data:`~ase_ecn.corrections.LONGEST_PEROXIDE_BOND`.
    """
    oxygen = batch.numbers == _OXYGEN
    near, far = batch.atom_of_bond, batch.neighbor.long()
    short = (batch.vector**2).sum(dim=1) < LONGEST_PEROXIDE_BOND**2
    bonded = batch.crystal_of_atom[near[short & oxygen[near] & oxygen[far]]].unique().tolist()
    kinds = {k: oxide_kind(crystals[k]) for k in bonded}
    return [
        correction(crystal.numbers, oxide=kinds.get(k, "oxide"))
        - smooth_correction(crystal.numbers)
        for k, crystal in enumerate(crystals)
    ]
