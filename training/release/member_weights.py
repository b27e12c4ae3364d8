"""Weights of the members of an ensemble with the smallest error on crystals held out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ase_ecn.properties import of_output
from ase_ecn.training.fits.metrics import mean_absolute_error

_PARTS = 20


@dataclass(frozen=True)
class MemberOutputs:
    """Outputs (M, C) of M members for C crystals or atoms, before they become physical values.

    Attributes
    ----------
    values
        The outputs.
    labels
        (C,) of them, none missing.
    """

    values: NDArray[np.float64]
    labels: NDArray[np.float64]

    def error(self, name: str, weights: tuple[float, ...]) -> float:
        """Mean absolute error of the weighted mean, for a property."""
        return mean_absolute_error(
            of_output(name).physical(np.dot(weights, self.values)), self.labels
        )


def weights_of_smallest_error(name: str, parts: Sequence[MemberOutputs]) -> tuple[float, ...]:
    """Weights in steps of 0.05 with the smallest sum of the errors of all parts.

    Parameters
    ----------
    name
        A property.
    parts
        Sets of crystals that count alike, however large they are.
    """

    def error(weights: tuple[float, ...]) -> float:
        return sum(part.error(name, weights) for part in parts)

    return min(_simplex(len(parts[0].values)), key=error)


def _simplex(members: int) -> list[tuple[float, ...]]:
    """All weights in steps of 0.05 whose sum is 1, the most even ones first."""
    counts = (
        c for c in itertools.product(range(_PARTS + 1), repeat=members - 1) if sum(c) <= _PARTS
    )
    whole = sorted(((*c, _PARTS - sum(c)) for c in counts), key=lambda c: sum(n * n for n in c))
    return [tuple(n / _PARTS for n in c) for c in whole]
