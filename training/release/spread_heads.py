"""Heads that state the spread of errors, fitted to errors on crystals that were held out."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

CALIBRATED_LEVEL = 0.9
BOUND = NormalDist().inv_cdf(0.5 + CALIBRATED_LEVEL / 2)
"""Half the width of the calibrated interval, in standard errors."""
EVERY = 3
"""Every third crystal sets the factor, the others the head."""
_STEPS = 200
_LEARNING_RATE = 3e-3
_WEIGHT_DECAY = 0.1


def fit_spread(head: nn.Module, features: Tensor, errors: Tensor) -> None:
    """Fit spreads ``b`` by the likelihood of absolute errors, ``log b + error / b``.

    Parameters
    ----------
    head
        From features to a number, whose softplus is the spread; changed in place.
    features, errors
        (C, D), and (C,) absolute errors in a unit that makes them about 1.
    """
    optimizer = torch.optim.AdamW(head.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    for _ in range(_STEPS):
        spread = nn.functional.softplus(head(features).squeeze(1)) + 1e-4
        loss = (torch.log(spread) + errors / spread).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def factor(stds: NDArray[np.float64], errors: NDArray[np.float64]) -> float:
    """By which the intervals hold nine in ten errors, (C,) each."""
    return float(np.quantile(errors / stds, CALIBRATED_LEVEL)) / BOUND
