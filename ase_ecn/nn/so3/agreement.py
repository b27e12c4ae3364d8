"""Band gaps that agree with what is called a metal, and means of probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

_LARGEST_GAP = 0.5
"""eV, of what is more likely a metal than not."""
_STEEPNESS = 5.0
"""eV: how quickly the largest gap grows with the logit of an insulator."""
_NO_GAP = 1.0
"""Logit of a metal from which on the gap is zero."""


def in_agreement(outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Outputs in which nothing is a metal, more likely than not, with a gap above 0.5 eV.

    The logit of ``metal`` bounds the gap and takes it to zero, because of crystals on which the
    two disagree more are metals than not, and zero is the median of the gaps of what is most
    likely a metal. The outputs stay continuous. Gaps of other functionals stay as they are.
    """
    found = dict(outputs)
    if "band_gap" in found and "metal" in found:
        logit = found["metal"]
        share = ((_NO_GAP - logit) / _NO_GAP).clamp(0, 1)
        bound = _LARGEST_GAP + _STEEPNESS * (-logit).clamp(min=0)
        found["band_gap"] = torch.minimum(found["band_gap"] * share, bound)
    return found


def mean_of_probabilities(logits: Tensor, shares: Sequence[float]) -> Tensor:
    """Logit (B,) of the weighted mean of M probabilities.

    Parameters
    ----------
    logits
        (M, B) of the probabilities.
    shares
        Weights of the members, which add up to one.
    """
    # Sums of logarithms: probabilities near one would lose their digits.
    weights = torch.tensor(shares, dtype=logits.dtype).log().tolist()
    true = [functional.logsigmoid(x) + w for x, w in zip(logits, weights, strict=True)]
    false = [functional.logsigmoid(-x) + w for x, w in zip(logits, weights, strict=True)]
    return torch.stack(true).logsumexp(0) - torch.stack(false).logsumexp(0)
