"""The distance to the hull, what a crystal decomposes into, and how likely it is stable."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ase_ecn.hull.known_phases import KnownPhases
from ase_ecn.properties import FORMATION_ENERGY, SPREAD

NEAR = 0.05
"""eV/atom; what is above the hull by less can often be made all the same."""
_STD = FORMATION_ENERGY + SPREAD


@dataclass(frozen=True)
class HullDistance:
    """Properties of a crystal beside the known phases.

    ``energy_above_hull``: its formation energy minus the energy of the hull of all known phases at
    its composition, in eV/atom. The crystal itself is not part of the hull; a known phase of the
    same composition is. So a new ground state is below zero, and a known stable phase lies at zero
    but for the error of the prediction.

    ``decomposition``: the known phases of lowest energy that have its composition together, each
    with the share of the atoms that is in it.

    ``stability`` and ``stability_50meV``: probabilities that the distance is at most zero, and at
    most 0.05 eV/atom, if errors are normal with the stated standard deviation of the formation
    energy. The energies of the hull are taken for exact.

    Attributes
    ----------
    phases
        What it competes with.
    """

    phases: KnownPhases = field(default_factory=KnownPhases)

    def names(self, predicted: Collection[str]) -> tuple[str, ...]:
        """As :class:`~ase_ecn.derived.Derivation` says."""
        if FORMATION_ENERGY not in predicted:
            return ()
        chances = ("stability", "stability_50meV") if _STD in predicted else ()
        return ("energy_above_hull", *chances, "decomposition")

    def values(self, numbers: NDArray[np.int64], predicted: Mapping[str, Any]) -> dict[str, Any]:
        """As :class:`~ase_ecn.derived.Derivation` says.

        Raises
        ------
        UnsupportedElementError
            If the energy of an element is not known.
        """
        point = self.phases.at(numbers)
        above = predicted[FORMATION_ENERGY] - point.energy
        values: dict[str, Any] = {"energy_above_hull": above}
        if _STD in predicted:
            std = predicted[_STD]
            values["stability"] = _chance(-above, std)
            values["stability_50meV"] = _chance(NEAR - above, std)
        return values | {"decomposition": point.shares}


def _chance(margin: float, std: float) -> float:
    """Probability that a normal error of this standard deviation does not exceed the margin."""
    if std <= 0:
        return float(margin >= 0)
    return 0.5 * (1 + math.erf(margin / std / math.sqrt(2)))
