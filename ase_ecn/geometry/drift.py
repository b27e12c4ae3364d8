"""How far atoms have moved, wherever the origin is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 20


def without_drift(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differences (N, 3) of fractional coordinates, to the nearest images and with the mean zero.

    Both at once: the shift of the origin decides which image of an atom is the nearest.
    """
    apart = apart - np.rint(apart)
    for _ in range(_ROUNDS):
        shifted = apart - apart.mean(axis=0)
        shifted -= np.rint(shifted)
        if np.allclose(shifted, apart):
            break
        apart = shifted
    return np.asarray(apart - apart.mean(axis=0))
