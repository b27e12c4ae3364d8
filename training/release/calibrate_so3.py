"""Stated uncertainties of an SO(3)-equivariant network.

Heads read the mean scalars of the crystal. Those of energies learn from DFT's labels that were
held out and from the teacher's of held-out prototypes, so that they know hypothetical crystals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import DatasetError
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.properties import of_output
from ase_ecn.training.data.dft_labels import ABOVE_HULL
from ase_ecn.training.data.labels import TEACHER, PackedLabels, load_labels
from ase_ecn.training.data.property_rows import PropertyRows, load_property_rows
from ase_ecn.training.fits.config import (
    PropertiesConfiguration,
    SO3Configuration,
    config_of_card,
    fitted_to_properties,
)
from ase_ecn.training.fits.fit_properties import UNSTABLE
from ase_ecn.training.fits.fit_so3 import split_labels
from ase_ecn.training.release.spread_heads import BOUND, EVERY, factor, fit_spread

SO3_DATA = (
    "validation split and, for energies, held-out labels of the teacher, with its own error (0.022 "
    "eV/atom), of each set: two thirds for the heads, one third for factors; one more factor from "
    "validation crystals at least 0.1 eV/atom above the hull; the largest factor counts"
)
_TEACHERS = 4000
_TEACHERS_ERROR = 0.022
"""eV/atom: mean absolute error of Nequix-OAM against DFT, on 1,000 crystals of Alexandria."""
_FEWEST = 50
"""Crystals that may set a factor of their own."""
_BATCH = 64


@dataclass(frozen=True)
class Scored:
    """Crystals that the network was not fitted to, with their labels.

    Attributes
    ----------
    packed
        The crystals.
    indices
        (C,) those of them that count.
    targets
        (C,) labels by name, NaN where missing.
    for_factors
        All set a factor, and none teaches the heads: for few crystals.
    label_error
        Mean absolute error of the labels against DFT's, which the network's error comes on top of;
        zero for those of a user's own, which are what the user wants to predict.
    """

    packed: PackedLabels
    indices: NDArray[np.int64]
    targets: Mapping[str, NDArray[np.float64]]
    for_factors: bool = False
    label_error: float = 0.0


def calibrated_so3(
    model: SO3Network,
    content: Mapping[str, Any],
    data: Path,
    properties: tuple[str, ...],
    labels: Sequence[str] = (),
    label_error: float = 0.0,
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
    properties
        Targets of the crystal.
    labels, label_error
        Further sets of energies, see :func:`held_out`.
    """
    return with_so3_spreads(model, held_out(content, data, labels, label_error), properties)


def held_out(
    content: Mapping[str, Any], data: Path, labels: Sequence[str] = (), label_error: float = 0.0
) -> list[Scored]:
    """What a card says that its network was not fitted to.

    Parameters
    ----------
    content
        The card.
    data
        The data folder.
    labels
        Further sets of energies, as ``data.name`` of a fit. Of each, the part counts that fits
        hold out.
    label_error
        Mean absolute error of these energies, eV/atom, against what is to be predicted.
    """
    config: SO3Configuration | PropertiesConfiguration
    parts: list[Scored] = []
    if fitted_to_properties(content):
        config = config_of_card(content, PropertiesConfiguration)
        section = config.teacher
        parts += by_stability(load_property_rows(data, config.data, config.model.cutoff, "val"))
    else:
        config = config_of_card(content, SO3Configuration)
        section = config.data
    error = _TEACHERS_ERROR if section.name == TEACHER else 0.0
    parts.append(_of_labels(section.name, error, config, data))
    return parts + [_of_labels(name, label_error, config, data) for name in labels]


def by_stability(rows: PropertyRows) -> list[Scored]:
    """Crystals near the hull, or with an unknown distance, and the few far above it.

    These are the only ones with DFT's labels that are like the hypothetical crystals of screens.
    """
    far = rows.targets[ABOVE_HULL] >= UNSTABLE
    if far.sum() < _FEWEST:
        far[:] = False
    parts = []
    for chosen, few in ((np.flatnonzero(~far), False), (np.flatnonzero(far), True)):
        labels = {name: values[chosen] for name, values in rows.targets.items()}
        parts.append(Scored(rows.packed, chosen, labels, for_factors=few))
    return [part for part in parts if len(part.indices)]


def _of_labels(
    name: str, error: float, config: SO3Configuration | PropertiesConfiguration, data: Path
) -> Scored:
    labels = load_labels(name, data, config.model.cutoff, config.model.target)
    _, indices = split_labels(labels, _TEACHERS, config.fit.seed)
    if not len(indices):
        raise DatasetError(f"no labels of {name} are held out of fits")
    energies = {config.model.target: np.asarray(labels.energy[indices])}
    return Scored(labels, indices, energies, label_error=error)


def with_so3_spreads(
    model: SO3Network, scored: list[Scored], properties: tuple[str, ...]
) -> tuple[SO3Network, dict[str, float]]:
    """As :func:`calibrated_so3`, from crystals that were held out."""
    torch.manual_seed(0)
    # Heads that are there already are made anew: calibrating twice gives the same as once.
    wider = model.with_uncertainties(properties)
    heads, factors = wider.spread_parts
    seen = [pooled_and_predicted(wider, part) for part in scored]
    coverage = {}
    for k, name in enumerate(properties):
        features, errors, group = _of_property(name, scored, seen)
        unit = float(np.median(errors)) or 1.0
        held = torch.arange(len(errors)) % EVERY == 0
        held |= torch.as_tensor([scored[k].for_factors for k in group])
        relative = torch.as_tensor(errors / unit).float()
        head = heads[name]
        fit_spread(head, features[~held], relative[~held])
        with torch.no_grad():
            spread = nn.functional.softplus(head(features[held])[:, 0]).double().numpy()
        # Hypothetical crystals are to be in their intervals too, not only all on average.
        of_factor, parts = relative[held].double().numpy(), group[held.numpy()]
        found = max(
            factor(spread[parts == part], of_factor[parts == part]) for part in np.unique(parts)
        )
        factors[k] = found * unit
        coverage[name] = float((of_factor <= BOUND * found * spread).mean())
    return wider.eval().requires_grad_(False), coverage


def _of_property(
    name: str,
    scored: Sequence[Scored],
    seen: Sequence[tuple[Tensor, Mapping[str, NDArray[np.float64]]]],
) -> tuple[Tensor, NDArray[np.float64], NDArray[np.int64]]:
    """Features (C, width), absolute errors and parts (C,) of all crystals with a label."""
    features, errors, parts = [], [], []
    for k, (part, (pooled, predicted)) in enumerate(zip(scored, seen, strict=True)):
        if name not in part.targets:
            continue
        known = np.flatnonzero(~np.isnan(part.targets[name]))
        features.append(pooled[torch.as_tensor(known)])
        # Errors are to be those that DFT would find.
        off = np.random.default_rng(0).laplace(scale=part.label_error, size=len(known))
        errors.append(np.abs(predicted[name][known] - part.targets[name][known] + off))
        parts.append(np.full(len(known), k))
    return torch.cat(features), np.concatenate(errors), np.concatenate(parts)


def pooled_and_predicted(
    model: SO3Network, part: Scored
) -> tuple[Tensor, dict[str, NDArray[np.float64]]]:
    """What heads of uncertainties read (C, D), and (C,) predictions and standard errors."""
    pooled, found = [], []
    with torch.no_grad():
        for start in range(0, len(part.indices), _BATCH):
            graph = part.packed.batch(part.indices[start : start + _BATCH]).graph
            outputs, features = model.properties_and_pooled(graph)
            found.append(outputs)
            pooled.append(features)
    names = [name for name in found[0] if name not in model.site_targets]
    return torch.cat(pooled), {
        name: of_output(name).physical(
            torch.cat([outputs[name] for outputs in found]).double().numpy()
        )
        for name in names
    }
