"""Stated uncertainties of numbers that follow from response tensors.

Heads read the mean scalars of the crystal and give relative standard errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.nn.so3.tensor_numbers import tensor_numbers
from ase_ecn.training.data.tensor_rows import TensorRows, load_tensor_rows
from ase_ecn.training.fits.config import TensorsConfiguration, config_of_card
from ase_ecn.training.fits.tensor_losses import all_numbers
from ase_ecn.training.release.spread_heads import BOUND, EVERY, factor, fit_spread

_BATCH = 64
TENSOR_DATA = "validation split: two thirds for the heads, one third for the factors"


def calibrated_tensors(
    model: SO3Network, content: Mapping[str, Any], data: Path, names: tuple[str, ...]
) -> tuple[SO3Network, dict[str, float]]:
    """Return the network with stated uncertainties, and their coverage of what set the factors.

    Parameters
    ----------
    model
        Fitted.
    content
        Its card.
    data
        The data folder.
    names
        Of :data:`ase_ecn.response.STATED`.
    """
    config = config_of_card(content, TensorsConfiguration)
    return with_tensor_spreads(model, load_tensor_rows(data, config.model.cutoff, "val"), names)


def with_tensor_spreads(
    model: SO3Network, rows: TensorRows, names: tuple[str, ...]
) -> tuple[SO3Network, dict[str, float]]:
    """As :func:`calibrated_tensors`, from crystals that were held out.

    Raises
    ------
    OptionError
        If too few crystals say something of a number.
    """
    torch.manual_seed(0)
    # Heads that are there already are made anew: calibrating twice gives the same as once.
    wider = model.with_uncertainties(names)
    heads, factors = wider.spread_parts
    features, numbers = pooled_and_numbers(wider, rows)
    labels = labelled_numbers(rows)
    coverage = {}
    for k, name in enumerate(names):
        known = np.flatnonzero(~np.isnan(labels[name]))
        if len(known) < 2 * EVERY:
            raise OptionError(f"{len(known)} held-out crystals have a {name}, which is too few")
        errors = torch.as_tensor(np.abs(labels[name][known] / numbers[name][known] - 1)).float()
        held = torch.arange(len(known)) % EVERY == 0
        unit = float(errors.median())
        seen = features[torch.as_tensor(known)]
        fit_spread(heads[name], seen[~held], errors[~held] / unit)
        with torch.no_grad():
            spread = nn.functional.softplus(heads[name](seen[held])[:, 0]).double().numpy()
        of_factor = (errors[held] / unit).double().numpy()
        found = factor(spread, of_factor)
        factors[k] = found * unit
        coverage[name] = float((of_factor <= BOUND * found * spread).mean())
    return wider.eval().requires_grad_(False), coverage


def labelled_numbers(rows: TensorRows) -> dict[str, NDArray[np.float64]]:
    """(G,) labels of the numbers of tensors by name, NaN where there are none."""
    logarithms = all_numbers({k: torch.as_tensor(v).double() for k, v in rows.labels.items()})
    found = {k: v.exp().numpy() for k, v in logarithms.items()}
    return {
        "bulk_modulus": found["bulk_modulus"],
        "shear_modulus": found["shear_modulus"],
        "refractive_index": found["mean_dielectric"] ** 0.5,
        "dielectric_constant": found["mean_dielectric_total"],
    }


def pooled_and_numbers(
    model: SO3Network, rows: TensorRows
) -> tuple[Tensor, dict[str, NDArray[np.float64]]]:
    """What heads of uncertainties read (G, D), and (G,) numbers of the predicted tensors."""
    pooled, numbers = [], []
    with torch.no_grad():
        for start in range(0, len(rows), _BATCH):
            indices = np.arange(start, min(start + _BATCH, len(rows)))
            found, read = model.properties_and_pooled(rows.packed.batch(indices).graph)
            pooled.append(read)
            numbers.append(tensor_numbers({k: v.double() for k, v in found.items()}))
    joined = {k: torch.cat([one[k] for one in numbers]).numpy() for k in numbers[0]}
    return torch.cat(pooled), joined
