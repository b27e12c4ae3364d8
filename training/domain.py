"""Measure what a checkpoint was trained on, for the entry ``domain`` of its card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

RARE = 50
"""Elements in fewer training crystals than this are rare."""

OUTLIERS = 0.002
"""Share of the training crystals that may be below, and above, the range of a feature."""


def measure_domain(
    features: Mapping[str, NDArray[np.float64]],
    numbers: NDArray[np.int64],
    crystal_of_atom: NDArray[np.int64],
) -> dict[str, Any]:
    """Ranges of the features of training crystals, and the elements that few of them contain.

    Parameters
    ----------
    features
        (G,) each, see :mod:`ase_ecn.domain`.
    numbers, crystal_of_atom
        (N,) atomic number and crystal of each atom.

    Returns
    -------
    dict
        ``ranges``: for each feature two values, with few outliers below and above.
        ``rare_elements``: atomic numbers. ``crystals``: how many were measured.
    """
    ranges = {}
    for name, values in features.items():
        low, high = np.quantile(values, [OUTLIERS, 1 - OUTLIERS])
        ranges[name] = [round(float(low), 4), round(float(high), 4)]
    pairs = np.unique(np.stack([crystal_of_atom, numbers]), axis=1)
    containing = np.bincount(pairs[1], minlength=119)
    rare = np.flatnonzero((containing > 0) & (containing < RARE))
    crystals = len(next(iter(features.values())))
    return {"ranges": ranges, "rare_elements": rare.tolist(), "crystals": crystals}
