"""The energy of one crystal, with forces and stress, and none of its other properties."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ase_ecn.crystal import Crystal
from ase_ecn.domain import VACUUM, vacuum_widths
from ase_ecn.execution import in_halves, own_modes
from ase_ecn.prediction import Prediction, PropertyPredictor, too_large
from ase_ecn.properties import of_output


def predict_energy(
    predictor: PropertyPredictor, crystal: Crystal, *, forces: bool
) -> Prediction | None:
    """Predict the energy of a validated crystal, with forces and stress or without.

    ``out_of_domain`` is by geometry and elements, without the stated uncertainty, which takes a
    pass of all members of an ensemble.

    Parameters
    ----------
    predictor
        With the network.
    crystal
        Taken as it is.
    forces
        Whether to predict forces and stress too.

    Returns
    -------
    Prediction or None
        ``None`` where the network takes as long for all properties.

    Raises
    ------
    MemoryExhaustedError
        If the crystal does not fit into memory.
    UnsupportedElementError
        If the elements do not occur together in the data of a potential energy surface.
    """
    predictor.card.check_system(crystal.numbers)
    return in_halves(partial(_predicted, predictor, forces), [crystal], too_large)[0]


def _predicted(
    predictor: PropertyPredictor, forces: bool, crystals: Sequence[Crystal]
) -> list[Prediction | None]:
    with own_modes(predictor.device):
        found = predictor.model.energies_alone(crystals, forces=forces)
    if found is None:
        return [None]
    (crystal,) = crystals
    features = {name: float(value[0]) for name, value in found.features.items()}
    if VACUUM in predictor.domain.ranges and VACUUM not in features:
        features[VACUUM] = float(vacuum_widths(crystals)[0])
    energy = of_output(predictor.model.targets[0]).public_name
    values: dict[str, Any] = {energy: float(found.values[0])}
    if found.forces is not None and found.stress is not None:
        values |= {"forces": found.forces, "stress": found.stress[0]}
    return [Prediction(values, predictor.domain.outside(crystal.numbers, features))]
