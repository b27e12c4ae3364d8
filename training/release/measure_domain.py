"""What a checkpoint was trained on: ``python -m ase_ecn.training domain CHECKPOINT``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.card import Card, card_text
from ase_ecn.checkpoint import load_checkpoint, read_card
from ase_ecn.domain import (
    VACUUM,
    bond_domain_features,
    lattice_domain_features,
    sphere_domain_features,
    vacuum_widths,
)
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.nn.bond_network import BondNetwork
from ase_ecn.nn.layers import MAX_ATOMIC_NUMBER
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.storage import replace_file
from ase_ecn.training.data.labels import TEACHER
from ase_ecn.training.data.property_rows import load_property_rows
from ase_ecn.training.data.relaxed_lattices import load_crystals
from ase_ecn.training.data.tensor_rows import load_tensor_rows
from ase_ecn.training.fits.config import (
    ECNConfiguration,
    EMPNNConfiguration,
    PropertiesConfiguration,
    SO3Configuration,
    TensorsConfiguration,
    config_of_card,
    fitted_to_properties,
    fitted_to_tensors,
)
from ase_ecn.training.fits.fit_properties import teacher_sources
from ase_ecn.training.fits.fit_so3 import LabelSource, label_sources
from ase_ecn.training.fits.scores import predict_graphs
from ase_ecn.training.release.calibrate_so3 import held_out, pooled_and_predicted

RARE = 50
"""Elements in fewer training crystals than this are rare."""

OUTLIERS = 0.002
"""Share of the training crystals that may be below, and above, the range of a feature."""

# A crystal without long bonds is dense, which its packing and shortest bond tell.
_NEVER_TOO_SMALL = frozenset({"longest_bond", VACUUM})
_CHUNK = 256
_ENERGY = "formation_energy"


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
        low = 0.0 if name in _NEVER_TOO_SMALL else low
        ranges[name] = [round(float(low), 4), round(float(high), 4)]
    pairs = np.unique(np.stack([crystal_of_atom, numbers]), axis=1)
    containing = np.bincount(pairs[1], minlength=MAX_ATOMIC_NUMBER + 1)
    rare = np.flatnonzero((containing > 0) & (containing < RARE))
    crystals = len(next(iter(features.values())))
    return {"ranges": ranges, "rare_elements": rare.tolist(), "crystals": crystals}


def ecn_domain(configuration: ECNConfiguration, data: Path) -> dict[str, Any]:
    """Domain of an ECN, from the bonds of all crystals that it was fitted to."""
    graphs = configuration.load(data, "train").graphs
    owner = np.repeat(np.arange(len(graphs)), np.diff(graphs.atom_offsets))
    return measure_domain(bond_domain_features(graphs), graphs.numbers.astype(np.int64), owner)


def empnn_domain(configuration: EMPNNConfiguration, data: Path) -> dict[str, Any]:
    """Domain of an EMPNN, from its training crystals deformed once by its noise."""
    crystals = load_crystals(data, configuration.data.name, "train")
    true = np.stack([crystal.cell for crystal in crystals])
    cells = torch.as_tensor(configuration.noise.apply(true, np.random.default_rng(0)))
    neighbors = configuration.model.neighbors
    parts = []
    for start in range(0, len(crystals), _CHUNK):
        chosen = slice(start, start + _CHUNK)
        batch = lattice_batch(crystals[chosen], neighbors, cells=cells[chosen])
        parts.append(lattice_domain_features(batch, crystals[chosen]))
    features = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    owner = np.repeat(np.arange(len(crystals)), [len(crystal) for crystal in crystals])
    return measure_domain(features, np.concatenate([c.numbers for c in crystals]), owner)


def so3_domain(
    configuration: SO3Configuration | PropertiesConfiguration | TensorsConfiguration, data: Path
) -> dict[str, Any]:
    """Domain of an SO(3)-equivariant network, from the neighbours in its training crystals."""
    cutoff = configuration.model.cutoff
    sources: list[LabelSource] = []
    if isinstance(configuration, TensorsConfiguration):
        packed = load_tensor_rows(data, cutoff, "train").packed
        fitted = [(packed, np.arange(len(packed)))]
    elif isinstance(configuration, PropertiesConfiguration):
        packed = load_property_rows(data, configuration.data, cutoff, "train").packed
        sources = teacher_sources(configuration, data)
        fitted = [(packed, np.arange(len(packed)))]
    else:
        sources, fitted = label_sources(configuration, data), []
    fitted += [(source.labels, source.train) for source in sources]
    parts, numbers, owners, crystals = [], [], [], 0
    for labels, train in fitted:
        parts += [
            sphere_domain_features(labels.batch(train[start : start + _CHUNK]).graph)
            for start in range(0, len(train), _CHUNK)
        ]
        sizes = np.diff(labels.atoms)
        trained = np.zeros(len(labels), dtype=np.bool_)
        trained[train] = True
        numbers.append(np.asarray(labels.numbers)[np.repeat(trained, sizes)].astype(np.int64))
        owners.append(np.repeat(np.arange(len(train)) + crystals, sizes[trained]))
        crystals += len(train)
    features = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    domain = measure_domain(features, np.concatenate(numbers), np.concatenate(owners))
    # Labels of a user's own, or few, say nothing of what is usual; and packed ones have no cells.
    if isinstance(configuration, PropertiesConfiguration) or (
        isinstance(configuration, SO3Configuration) and configuration.data.name == TEACHER
    ):
        domain["ranges"][VACUUM] = vacuum_range(data)
    return domain


def vacuum_range(data: Path) -> list[float]:
    """Usual widths of layers without atoms, in Å, from MP-20: packed labels have no cells."""
    widths = vacuum_widths(load_crystals(data, "mp_20", "train"))
    return [0.0, round(float(np.quantile(widths, 1 - OUTLIERS)), 4)]


def spread_ranges(
    checkpoint: str | Path, configuration: ECNConfiguration, data: Path
) -> dict[str, list[float]]:
    """Range of the uncertainty stated for formation energies of the validation split.

    That of training crystals is smaller: members of an ensemble agree on what they were fitted to.
    Gaps have no such range, for those of many usual semiconductors are uncertain.
    """
    model = load_checkpoint(checkpoint, BondNetwork).model
    if _ENERGY not in model.uncertainties:
        return {}
    val = configuration.load(data, "val")
    known = ~np.isnan(val.targets[_ENERGY])
    stated = predict_graphs(model, val, "cpu")[f"{_ENERGY}_std"][known]
    return {f"{_ENERGY}_std": [0.0, round(float(np.quantile(stated, 1 - OUTLIERS)), 4)]}


def _so3_configuration(
    content: Mapping[str, Any],
) -> SO3Configuration | PropertiesConfiguration | TensorsConfiguration:
    if fitted_to_tensors(content):
        return config_of_card(content, TensorsConfiguration)
    if fitted_to_properties(content):
        return config_of_card(content, PropertiesConfiguration)
    return config_of_card(content, SO3Configuration)


def so3_spread_ranges(checkpoint: str | Path, data: Path) -> dict[str, list[float]]:
    """As :func:`spread_ranges`, of DFT's and the teacher's crystals that were held out."""
    loaded = load_checkpoint(checkpoint, SO3Network)
    name = f"{_ENERGY}_std"
    if _ENERGY not in loaded.model.uncertainties:
        return {}
    parts = held_out(loaded.card.content, data)
    stated = [pooled_and_predicted(loaded.model, part)[1][name] for part in parts]
    largest = float(np.quantile(np.concatenate(stated), 1 - OUTLIERS))
    return {name: [0.0, round(largest, 4)]}


def write_domain(weights: Path, data: Path) -> dict[str, Any]:
    """Measure the domain of a checkpoint and enter it in the card beside its weights."""
    card: Card = read_card(weights)
    if card.network == "ecn":
        configuration = config_of_card(card.content, ECNConfiguration)
        domain = ecn_domain(configuration, data)
        domain["ranges"] |= spread_ranges(weights, configuration, data)
    elif card.network == "so3":
        domain = so3_domain(_so3_configuration(card.content), data)
        domain["ranges"] |= so3_spread_ranges(weights, data)
    else:
        domain = empnn_domain(config_of_card(card.content, EMPNNConfiguration), data)
    content = {**card.content, "domain": domain}
    replace_file(weights.with_suffix(".json"), card_text(content))
    return domain
