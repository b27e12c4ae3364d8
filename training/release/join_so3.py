"""Ensembles of SO(3)-equivariant networks, see :mod:`ase_ecn.training.release.join`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble
from ase_ecn.properties import of_output
from ase_ecn.training.data.property_rows import load_property_rows
from ase_ecn.training.fits.config import PropertiesConfiguration, config_of_card
from ase_ecn.training.fits.fit_properties import predict_rows
from ase_ecn.training.release.calibrate_so3 import held_out, pooled_and_predicted
from ase_ecn.training.release.member_weights import (
    MemberOutputs,
    best_alone,
    error_of,
    weights_of_smallest_error,
)

_CLEARLY = 0.95
"""Share of the error of the best member below which a mean of energies is worth its cost."""


def joined_so3(
    networks: Sequence[SO3ECN], content: Mapping[str, Any], data: Path | None
) -> SO3Ensemble:
    """Ensemble of some networks.

    Parameters
    ----------
    networks
        Without uncertainties.
    content
        Card of the first.
    data
        Folder of the data sets on whose held-out crystals the weights are chosen; ``None`` for
        plain means. DFT's energies and the teacher's count alike. The energy is that of one
        network unless a mean is clearly better, as each that counts has to be differentiated.

    Raises
    ------
    OptionError
        If weights are to be chosen of networks with response tensors.
    """
    tensors = [bool(network.config.tensor_targets) for network in networks]
    if any(tensors):
        if data is not None:
            raise OptionError("networks with response tensors are joined by plain means")
        return SO3Ensemble(networks, _energies_of_others(networks, tensors)).eval()
    plain = SO3Ensemble(networks)
    if data is None:
        return plain.eval()
    outputs = outputs_of_members(networks, content, data)
    weights = {name: weights_of_smallest_error(name, parts) for name, parts in outputs.items()}
    energy = plain.architecture.target
    alone = best_alone(energy, outputs[energy])
    if error_of(energy, outputs[energy], weights[energy]) > _CLEARLY * error_of(
        energy, outputs[energy], alone
    ):
        weights[energy] = alone
    return SO3Ensemble(networks, weights).eval()


def _energies_of_others(
    networks: Sequence[SO3ECN], tensors: Sequence[bool]
) -> dict[str, tuple[float, ...]]:
    """Weights by which networks with tensors leave the energy to those that have none.

    Their trunks may have been fitted to tensors, and give other energies then.
    """
    others = tensors.count(False)
    if not others:
        return {}
    return {networks[0].config.target: tuple((not has) / others for has in tensors)}


def outputs_of_members(
    networks: Sequence[SO3ECN], content: Mapping[str, Any], data: Path
) -> dict[str, list[MemberOutputs]]:
    """Of held-out crystals, by name of the numbers that all members predict."""
    config = config_of_card(content, PropertiesConfiguration)
    rows = load_property_rows(data, config.data, config.model.cutoff, "val")
    outputs = [predict_rows(network, rows, "cpu") for network in networks]
    found: dict[str, list[MemberOutputs]] = {}
    for name in networks[0].targets:
        if of_output(name).kind == "class" or not all(name in output for output in outputs):
            continue
        labels = rows.targets.get(name, rows.site_targets.get(name))
        assert labels is not None
        found[name] = [_known([output[name] for output in outputs], labels)]
    energy = config.model.target
    for part in held_out(content, data)[1:]:  # those far above the hull, and the teacher's
        predicted = [pooled_and_predicted(network, part)[1][energy] for network in networks]
        found[energy].append(_known(predicted, part.targets[energy]))
    return found


def _known(values: Sequence[NDArray[np.float64]], labels: NDArray[np.float64]) -> MemberOutputs:
    known = ~np.isnan(labels)
    return MemberOutputs(np.stack(values)[:, known], labels[known])
