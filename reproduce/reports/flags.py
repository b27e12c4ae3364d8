"""What a flag is for: a crystal is placed above the hull for sure, or flagged, or may be stable.

``python -m reproduce flags NAME`` counts these among known, hypothetical and strange crystals.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CrystalError
from ase_ecn.prediction import Prediction, PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY, SPREAD

SURE = 1.645
"""Stated errors; what is farther above the hull is unstable by its 90 % interval."""
_CHUNK = 64
HEADER = """\
| crystals | number | refused | flagged | above the hull by more than stated | of these flagged \
| neither |
|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Flags:
    """How many of N structures were refused, flagged, or placed above the hull for sure.

    Attributes
    ----------
    name
        Of the set.
    number
        Structures.
    flagged, sure
        (M,) of those that are not refused: whether it was flagged, and whether it is above the hull
        by more than the stated 90 % interval.
    """

    name: str
    number: int
    flagged: NDArray[np.bool_]
    sure: NDArray[np.bool_]

    def row(self) -> str:
        """One line of the table."""
        predicted = len(self.flagged)
        counts = (
            (self.number - predicted, self.number),
            (self.flagged.sum(), predicted),
            (self.sure.sum(), predicted),
            ((self.flagged & self.sure).sum(), self.sure.sum()),
            ((~self.flagged & ~self.sure).sum(), predicted),
        )
        cells = [self.name, str(self.number)]
        cells += [f"{100 * part / whole:.1f} %" if whole else "none" for part, whole in counts]
        return f"| {' | '.join(cells)} |"


def flags(predictor: PropertyPredictor, name: str, structures: Sequence[Atoms]) -> Flags:
    """Predict structures, and count.

    Parameters
    ----------
    predictor
        Of a checkpoint that predicts formation energies.
    name
        Of the set.
    structures
        Any, also such that are no input.
    """
    crystals = []
    for atoms in structures:
        with suppress(CrystalError):
            crystals.append(as_crystal(atoms, predictor.card.elements))
    each = predictor.predict_each(crystals, _CHUNK, forces=False)
    found = [one for one in each if isinstance(one, Prediction)]
    flagged = np.array([bool(p.out_of_domain) for p in found], dtype=np.bool_)
    sure = np.array([surely_above(p) for p in found], dtype=np.bool_)
    return Flags(name, len(structures), flagged, sure)


def surely_above(prediction: Prediction) -> bool:
    """Whether it is above the hull by more than its stated 90 % interval.

    Without a distance to the hull it is not; without a stated error any distance is enough.
    """
    above = prediction.get("energy_above_hull")
    if above is None:
        return False
    return bool(above > SURE * prediction.get(f"{FORMATION_ENERGY}{SPREAD}", 0.0))
