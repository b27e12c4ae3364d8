"""Properties that no network predicts: they follow from what it predicts and the composition."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import ASEECNError


class Derivation(Protocol):
    """How some properties follow from others.

    Each of them is in :data:`ase_ecn.properties.PROPERTIES` too.
    """

    def names(self, predicted: Collection[str]) -> tuple[str, ...]:
        """Names of what follows from these properties; none if what is needed is not there."""
        ...

    def values(self, numbers: NDArray[np.int64], predicted: Mapping[str, Any]) -> dict[str, Any]:
        """Values by name.

        Parameters
        ----------
        numbers
            (N,) atomic numbers.
        predicted
            Properties by name.

        Raises
        ------
        ASEECNError
            If there are none for this crystal; the message says why.
        """
        ...


def derive(
    derivations: Sequence[Derivation], numbers: NDArray[np.int64], predicted: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Predicted properties and what follows from them, one derivation after the other.

    Parameters
    ----------
    derivations
        Each may use what those before it have found.
    numbers
        (N,) atomic numbers.
    predicted
        Properties by name.

    Returns
    -------
    values, unavailable
        By name; of those that there are none of, why.
    """
    values = dict(predicted.items())
    unavailable: dict[str, str] = {}
    for derivation in derivations:
        names = derivation.names(values)
        if not names:
            continue
        try:
            values |= derivation.values(numbers, values)
        except ASEECNError as error:
            unavailable |= dict.fromkeys(names, str(error))
    return values, unavailable
