"""Numbers that follow from response tensors, and their standard errors, within a network.

Errors of moduli and of dielectric constants grow with them, so heads state relative errors.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ase_ecn.properties import (
    DIELECTRIC_TENSOR,
    DIELECTRIC_TENSOR_TOTAL,
    ELASTIC_TENSOR,
    SPREAD,
)
from ase_ecn.response import averages


def tensor_numbers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Numbers of response tensors whose standard errors a network may state.

    Parameters
    ----------
    tensors
        (B, ...) by name, positive; others than response tensors are passed over.

    Returns
    -------
    dict
        (B,) by the names of :data:`ase_ecn.response.STATED`.
    """
    found: dict[str, Tensor] = {}
    if ELASTIC_TENSOR in tensors:
        stiffness = tensors[ELASTIC_TENSOR]
        made = averages(stiffness, torch.linalg.inv(stiffness))
        found |= {"bulk_modulus": made.bulk, "shear_modulus": made.shear}
    for name, number, power in (
        (DIELECTRIC_TENSOR, "refractive_index", 0.5),
        (DIELECTRIC_TENSOR_TOTAL, "dielectric_constant", 1.0),
    ):
        if name in tensors:
            found[number] = tensors[name].diagonal(dim1=1, dim2=2).mean(dim=1) ** power
    return found


def with_absolute_errors(outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Outputs in which standard errors of numbers of tensors are no longer relative."""
    if not any(name.endswith(SPREAD) for name in outputs):
        return dict(outputs)
    numbers = tensor_numbers(outputs)
    stated = {f"{name}{SPREAD}": value for name, value in numbers.items()}
    return {**outputs, **{k: outputs[k] * v for k, v in stated.items() if k in outputs}}
