"""Stated uncertainties: spread heads fitted to the errors on the validation split.

The network itself stays as it is. A small head per property reads the crystal's pooled features
and gives the spread of a Laplace distribution of the error. In an ensemble, how much its members
disagree counts too. A factor then makes the interval ``prediction ± 1.645 std`` hold nine in ten of
validation crystals that were not used before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.card import Card
from ase_ecn.checkpoint import load_checkpoint, save_checkpoint
from ase_ecn.errors import OptionError
from ase_ecn.nn.bond_network import BondNetwork
from ase_ecn.nn.ecn import ECN
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.layers import scatter_mean
from ase_ecn.nn.network import PropertyNetwork
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.properties import of_output
from ase_ecn.response import STATED
from ase_ecn.selftest import make_references
from ase_ecn.training.data.cache import LabelledGraphs
from ase_ecn.training.fits.config import ECNConfiguration, config_of_card, fitted_to_tensors
from ase_ecn.training.fits.scores import Labels, predict_graphs
from ase_ecn.training.release.calibrate_so3 import SO3_DATA, calibrated_so3
from ase_ecn.training.release.calibrate_tensors import TENSOR_DATA, calibrated_tensors
from ase_ecn.training.release.spread_heads import (
    BOUND,
    CALIBRATED_LEVEL,
    EVERY,
    factor,
    fit_spread,
)

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Levels of the reliability curve."""
_BOND_DATA = (
    "validation split: two thirds for the heads and the share of the members' disagreement, one "
    "third for the factor"
)
_SHARES = np.linspace(0, 1, 21)
_TINY = 1e-12
_BATCH = 256


def calibrate(
    checkpoint: Path,
    data: Path,
    properties: tuple[str, ...],
    labels: tuple[str, ...] = (),
    label_error: float = 0.0,
) -> dict[str, float]:
    """Give a checkpoint file uncertainties of some of its properties, in place.

    Parameters
    ----------
    checkpoint
        A ``.safetensors`` file.
    data
        The data folder.
    properties
        Names of crystal targets.
    labels
        Of an SO(3)-equivariant network, further sets of energies, whose held-out part sets a
        factor too: crystals such as the network will be asked about.
    label_error
        Mean absolute error of these energies, eV/atom.

    Returns
    -------
    dict
        For each property, the share of held-out validation crystals in their 90 % interval.

    Raises
    ------
    OptionError
        If the checkpoint does not predict one of the properties, or takes no further labels, or
        these have a negative error.
    """
    loaded = load_checkpoint(checkpoint, PropertyNetwork)
    possible = _possible(loaded.model, loaded.card)
    if not set(properties) <= set(possible):
        raise OptionError(
            f"no uncertainties of {', '.join(properties)}; possible are {', '.join(possible)}"
        )
    content = dict(loaded.card.content)
    of_energies = isinstance(loaded.model, SO3Network) and not fitted_to_tensors(content)
    if labels and not of_energies:
        raise OptionError(f"{loaded.card.name} was not fitted to such labels as {labels[0]}")
    if not label_error >= 0:
        raise OptionError(f"the error of labels must not be negative, got {label_error} eV/atom")
    model: PropertyNetwork
    if isinstance(loaded.model, SO3Network) and fitted_to_tensors(content):
        used = TENSOR_DATA
        model, held = calibrated_tensors(loaded.model, content, data, properties)
    elif isinstance(loaded.model, SO3Network):
        used = SO3_DATA
        model, held = calibrated_so3(loaded.model, content, data, properties, labels, label_error)
    else:
        assert isinstance(loaded.model, BondNetwork)
        used = _BOND_DATA
        val = config_of_card(content, ECNConfiguration).load(data, "val")
        model, held = with_spreads(loaded.model, val, properties)
    if labels:
        used += f"; further labels, off by {label_error} eV/atom: {', '.join(labels)}"
    content["calibration"] = {
        "data": used,
        "interval": "90 %: prediction ± 1.645 std",
        "held_out_coverage": {name: round(value, 4) for name, value in held.items()},
    }
    units = content["properties"]
    stated = {f"{name}_std": units.get(name) or of_output(name).unit for name in properties}
    content["properties"] = {**units, **stated}
    content["references"] = []
    card = save_checkpoint(checkpoint, model, content)
    content = dict(card.content)
    content["references"] = make_references(checkpoint)
    save_checkpoint(checkpoint, model, content)
    return held


def _possible(model: PropertyNetwork, card: Card) -> list[str]:
    if fitted_to_tensors(card.content):
        return [number for target in model.targets for number in STATED.get(target, ())]
    numbers = [target for target in model.targets if of_output(target).kind == "number"]
    return [target for target in numbers if target not in model.site_targets]


def with_spreads(
    model: BondNetwork, val: LabelledGraphs, properties: tuple[str, ...]
) -> tuple[BondNetwork, dict[str, float]]:
    """Return the network with spread heads, and their coverage of what set the factors.

    In an ensemble the first member gets the heads; the errors are the ensemble's, and its members'
    disagreement counts as :func:`with_disagreement` finds best.
    """
    torch.manual_seed(0)
    member = model.networks[0]
    wider = ECN.from_dict({**member.config.to_dict(), "uncertainties": properties})
    # Heads that are there already are made anew: calibrating twice gives the same as once.
    theirs = {k: v for k, v in member.state_dict().items() if not k.startswith("spread")}
    wider.load_state_dict({**wider.state_dict(), **theirs})
    wider.eval()
    features = pooled_features(wider, val)
    predictions = predict_graphs(model, val, "cpu")
    coverage = {}
    for k, name in enumerate(properties):
        labels = val.targets[name]
        known = np.flatnonzero(~np.isnan(labels))
        unit = float(wider.scale[wider.targets.index(name)])
        errors = torch.as_tensor(np.abs(predictions[name] - labels)[known] / unit).float()
        x = features[torch.as_tensor(known)]
        held = torch.arange(len(known)) % EVERY == 0
        head = wider.spreads[name]
        fit_spread(head, x[~held], errors[~held])
        with torch.no_grad():
            spread = nn.functional.softplus(head(x[held]).squeeze(1))
        ratio = (errors[held] / spread).numpy()
        wider.spread_factor[k] = float(np.quantile(ratio, CALIBRATED_LEVEL)) / BOUND
        coverage[name] = float((ratio <= BOUND * float(wider.spread_factor[k])).mean())
    if not isinstance(model, ECNEnsemble):
        return wider.eval().requires_grad_(False), coverage
    return with_disagreement(
        ECNEnsemble([wider, *model.networks[1:]], model.config.weights).eval(), val, properties
    )


def with_disagreement(
    ensemble: ECNEnsemble, val: LabelledGraphs, properties: tuple[str, ...]
) -> tuple[ECNEnsemble, dict[str, float]]:
    """Let the disagreement of the members widen the uncertainties that one of them states.

    Both are calibrated for themselves; their shares in the square of the uncertainty are those
    with the best interval score.

    Parameters
    ----------
    ensemble
        With spread heads.
    val
        Crystals that no member was fitted to.
    properties
        Those with spread heads.

    Returns
    -------
    ensemble, coverage
        With :attr:`~ase_ecn.nn.ensemble.EnsembleConfig.spreads`, and the share of the crystals
        that set the factors in their intervals.
    """
    weights = ensemble.config.weights
    apart = ECNEnsemble(ensemble.networks, weights, dict.fromkeys(properties, (0.0, 1.0))).eval()
    predictions, deviations = (predict_graphs(m, val, "cpu") for m in (ensemble, apart))
    spreads, coverage = {}, {}
    for name in properties:
        labels = val.targets[name]
        known = np.flatnonzero(~np.isnan(labels))
        errors = np.abs(predictions[name] - labels)[known]
        parts = np.stack([found[f"{name}_std"][known] for found in (predictions, deviations)])
        parts = np.maximum(parts, _TINY)
        held = np.arange(len(known)) % EVERY == 0
        factors = best_factors(parts[:, ~held], errors[~held])
        stds = np.hypot(*(factors[:, None] * parts))
        factors *= factor(stds[held], errors[held])
        spreads[name] = (float(f"{factors[0]:.6g}"), float(f"{factors[1]:.6g}"))
        stds = np.hypot(*(np.array(spreads[name])[:, None] * parts))
        coverage[name] = float((errors <= BOUND * stds)[held].mean())
    joined = ECNEnsemble(ensemble.networks, weights, spreads)
    return joined.eval().requires_grad_(False), coverage


def best_factors(parts: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factors (2,) of two uncertainties (2, C) whose squares add up, by the interval score.

    That score (Gneiting and Raftery, 2007) is the mean width of the intervals, and a penalty for
    the errors (C,) outside of them.
    """
    alone = np.array([factor(part, errors) for part in parts])
    best, lowest = alone, np.inf
    for share in _SHARES:
        factors = alone * np.sqrt([1 - share, share])
        factors *= factor(np.hypot(*(factors[:, None] * parts)), errors)
        half = BOUND * np.hypot(*(factors[:, None] * parts))
        outside = np.maximum(errors - half, 0)
        score = float((2 * half + 2 / (1 - CALIBRATED_LEVEL) * outside).mean())
        if score < lowest:
            best, lowest = factors, score
    return best


def pooled_features(model: ECN, labelled: LabelledGraphs) -> Tensor:
    """(G, width) means over the atoms of each crystal."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(labelled.graphs), _BATCH):
            indices = np.arange(start, min(start + _BATCH, len(labelled.graphs)))
            batch = labelled.graphs.batch(indices)
            parts.append(
                scatter_mean(model.atom_features(batch), batch.crystal_of_atom, batch.atom_counts)
            )
    return torch.cat(parts).clone()


def reliability(
    predictions: Mapping[str, NDArray[np.float64]], labelled: Labels
) -> dict[str, dict[str, float]]:
    """Share of crystals whose label is in the interval of each level, by property."""
    curves: dict[str, dict[str, float]] = {}
    for name in predictions:
        if f"{name}_std" not in predictions:
            continue
        labels = labelled.targets[name]
        known = ~np.isnan(labels)
        errors = np.abs(predictions[name] - labels)[known]
        curves[name] = shares_in_intervals(errors, predictions[f"{name}_std"][known])
    return curves


def shares_in_intervals(errors: NDArray[np.float64], stds: NDArray[np.float64]) -> dict[str, float]:
    """Share of (C,) absolute errors in the interval of each level, by stated standard errors."""
    ratio = errors / stds
    return {
        str(level): float((ratio <= NormalDist().inv_cdf(0.5 + level / 2)).mean())
        for level in LEVELS
    }
