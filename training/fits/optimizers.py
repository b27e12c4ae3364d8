"""Optimizers by the names that configurations give them."""

from __future__ import annotations

from typing import Any

import torch

from ase_ecn.errors import OptionError

ADAMW = "adamw"
SOAP = "soap"
OPTIMIZERS = (ADAMW, SOAP)
_BETAS = (0.95, 0.99)
_PRECONDITION_EVERY = 20  # steps, between new eigenbases
_LARGEST_PRECONDITIONER = 450  # larger dimensions of a matrix stay as they are


def make_optimizer(
    name: str, parameters: list[dict[str, Any]], learning_rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Optimizer of some parameters.

    Parameters
    ----------
    name
        ``adamw``; or ``soap``, Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al.,
        ICLR 2025), which needs fewer but costlier steps.
    parameters
        Of a network, in groups, which may have their own ``lr`` and ``weight_decay``.
    learning_rate, weight_decay
        Of the other groups; the decay is decoupled from the gradient.

    Raises
    ------
    OptionError
        If the library that has the optimizer is not installed.
    """
    if name == ADAMW:
        return torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
    try:
        import pytorch_optimizer
    except ImportError as error:
        raise OptionError("the optimizer soap needs: pip install ase-ecn[training]") from error
    optimizer: torch.optim.Optimizer = pytorch_optimizer.SOAP(
        parameters,
        lr=learning_rate,
        betas=_BETAS,
        shampoo_beta=_BETAS[0],
        weight_decay=weight_decay,
        precondition_frequency=_PRECONDITION_EVERY,
        max_precondition_dim=_LARGEST_PRECONDITIONER,
    )
    return optimizer
