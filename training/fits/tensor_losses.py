"""Losses and scores of response tensors, where labels are missing for most crystals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ase_ecn.properties import (
    DIELECTRIC_TENSOR,
    DIELECTRIC_TENSOR_TOTAL,
    ELASTIC_TENSOR,
)
from ase_ecn.response import averages
from ase_ecn.training.data.tensor_rows import SHAPES

_LN10 = float(np.log(10))
_LEAST_MODULUS = 1.0  # GPa; logarithms of less say nothing
_LEAST_MEAN = 1.05


def units(labels: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Mean absolute deviations of the components of each tensor from their means, if not zero.

    Parameters
    ----------
    labels
        (G, ...) by name, NaN where there are none.
    """
    found = {}
    for name, shape in SHAPES.items():
        known = labels[name][~_missing(labels[name])]
        if shape and len(known):
            deviation = float(np.abs(known - known.mean(axis=0)).mean())
            if deviation > 0:
                found[name] = deviation
    return found


def numbers_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Natural logarithms, (B,) each, of the moduli and mean dielectric constants of tensors.

    Parameters
    ----------
    tensors
        (B, ...) by name. Where a tensor has none, as one that is not positive, they are NaN.
    """
    found = {}
    if ELASTIC_TENSOR in tensors:
        stiffness = tensors[ELASTIC_TENSOR]
        inverse, failed = torch.linalg.inv_ex(stiffness)
        made = averages(stiffness, inverse)
        good = (failed == 0) & (torch.linalg.eigvalsh(stiffness.detach())[:, 0] > 0)
        for name, value in (("bulk_modulus", made.bulk), ("shear_modulus", made.shear)):
            found[name] = _logarithm(value, good & (value.detach() > _LEAST_MODULUS))
    for name, mean in _MEANS.items():
        if name in tensors:
            value = tensors[name].diagonal(dim1=1, dim2=2).mean(dim=1)
            found[mean] = _logarithm(value, value.detach() > _LEAST_MEAN)
    return found


_MEANS = {DIELECTRIC_TENSOR: "mean_dielectric", DIELECTRIC_TENSOR_TOTAL: "mean_dielectric_total"}


def _logarithm(value: Tensor, good: Tensor) -> Tensor:
    return torch.where(good, value.clamp(min=1e-3).log(), torch.nan)


def all_numbers(labels: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As :func:`numbers_of`, of the tensors where there are some, else the labels' own.

    Parameters
    ----------
    labels
        (B, ...) by name, NaN where there are none.
    """
    known = {n: v for n, v in labels.items() if n in (ELASTIC_TENSOR, *_MEANS)}
    filled = {}
    for name, value in known.items():
        missing = value.isnan().flatten(1).any(dim=1)
        one = torch.eye(value.shape[1], dtype=value.dtype)
        filled[name] = torch.where(missing[:, None, None], one, value)
    made = numbers_of(filled)
    for name, tensor in [("bulk_modulus", ELASTIC_TENSOR), ("shear_modulus", ELASTIC_TENSOR)] + [
        (mean, tensor) for tensor, mean in _MEANS.items()
    ]:
        missing = labels[tensor].isnan().flatten(1).any(dim=1)
        made[name] = torch.where(missing, labels[name].log(), made[name])
    return made


def tensor_loss(
    outputs: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    scales: Mapping[str, float],
    weights: Mapping[str, float],
) -> Tensor:
    """Mean absolute errors, of components in units of ``scales`` and of logarithms of numbers.

    Parameters
    ----------
    outputs, labels
        (B, ...) tensors and numbers by name; labels are NaN where there are none.
    scales
        Of the tensors, in their units.
    weights
        Of each tensor's and each number's errors; 1 where nothing is said.
    """
    total = torch.zeros(())
    numbers, known = numbers_of(outputs), all_numbers(labels)
    errors = {name: (outputs[name] - labels[name]).flatten(1) / scales[name] for name in scales}
    errors |= {name: (numbers[name] - known[name])[:, None] for name in numbers}
    for name, error in errors.items():
        good = ~error.isnan().any(dim=1)
        # By the size of the batch: each label counts the same, however many are beside it.
        part = torch.where(good[:, None], error, 0.0).abs().mean(dim=1).sum() / len(good)
        total = total + weights.get(name, 1.0) * part
    return total


def tensor_scores(
    predictions: Mapping[str, NDArray[np.float64]], labels: Mapping[str, NDArray[np.float64]]
) -> dict[str, float]:
    """Scores of tensors and of the numbers that follow from them.

    Parameters
    ----------
    predictions, labels
        (G, ...) tensors and numbers by name.

    Returns
    -------
    dict
        For each tensor ``…_mae``, of its components, in its unit, ``…_mad``, their mean absolute
        deviation from the mean of each component, ``…_skill``, by which part of the latter the
        former is smaller, and ``…_crystals``; ``log10_…_mae`` of the numbers.
    """
    scores: dict[str, float] = {}
    scales = units(labels)
    for name, scale in scales.items():
        if name in predictions:
            good = ~_missing(labels[name])
            error = float(np.abs(predictions[name][good] - labels[name][good]).mean())
            scores |= {f"{name}_mae": error, f"{name}_mad": scale}
            scores[f"{name}_skill"] = 1 - error / scale
            scores[f"{name}_crystals"] = float(good.sum())
    tensors = {n: torch.as_tensor(v).double() for n, v in predictions.items() if n in SHAPES}
    found = numbers_of(tensors)
    known = all_numbers({n: torch.as_tensor(v) for n, v in labels.items()})
    for name, values in found.items():
        errors = (values - known[name]).abs().numpy() / _LN10
        errors = errors[~np.isnan(errors)]
        if len(errors):
            scores[f"log10_{name}_mae"] = float(errors.mean())
            scores[f"log10_{name}_crystals"] = float(len(errors))
    return scores


def _missing(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(np.isnan(values.reshape(len(values), -1)).any(axis=1))
