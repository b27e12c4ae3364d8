"""Whatever comes in: a finite, invariant result or an error that says what was wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.testing import UNUSUAL_KINDS, random_equivalent, unusual_inputs

BOUND = 1e-5
"""Largest difference between descriptions of a crystal in eV/atom."""

EDGE_BOUND = 3e-4
"""The same for a supercell that is a repetition to within about the tolerance of 1e-3 Å: one
description of it may be merged and another not."""

SLOW_IS_FINE: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.fixture(scope="module")
def predictor() -> PropertyPredictor:
    return PropertyPredictor(dtype="float64", device="cpu")


@pytest.fixture(scope="module")
def network() -> StrainPredictor:
    return StrainPredictor(dtype="float64", device="cpu")


def check(
    predictor: PropertyPredictor, network: StrainPredictor, named: tuple[str, Any], seed: int
) -> None:
    """Fail where the outcome is neither an error on purpose nor a finite, invariant result."""
    name, given_input = named
    try:
        crystal = as_crystal(given_input, predictor.card.elements & network.card.elements)
    except ASEECNError:
        return
    crystals = [crystal]
    if isinstance(given_input, Atoms):
        other = random_equivalent(given_input, np.random.default_rng(seed), max_atoms=40)
        crystals.append(as_crystal(other.atoms))
    (prediction,) = predictor.predict(crystals[:1])
    again = predictor.predict(crystals[1:], forces=False)
    for value in prediction.values():
        numbers = list(value.values()) if isinstance(value, dict) else value
        assert np.isfinite(numbers).all()
    (outcome,) = network.relax([crystal], steps=2)
    assert np.isfinite(outcome.deformation).all()
    assert np.linalg.det(outcome.deformation) > 0
    if again:
        difference = abs(prediction.formation_energy - again[0].formation_energy)
        bound = EDGE_BOUND if name == "nearly a repetition" else BOUND
        assert difference < bound, f"{difference} eV/atom"


@pytest.mark.parametrize("kind", UNUSUAL_KINDS)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=6, **SLOW_IS_FINE)
def test_any_input_gives_an_invariant_result_or_a_clear_error(
    predictor: PropertyPredictor,
    network: StrainPredictor,
    kind: str,
    data: st.DataObject,
    seed: int,
) -> None:
    check(predictor, network, data.draw(unusual_inputs(kind)), seed)


@pytest.mark.slow
@given(unusual_inputs(), st.integers(0, 2**32 - 1))
@settings(max_examples=20_000, derandomize=False, **SLOW_IS_FINE)
def test_twenty_thousand_inputs(
    predictor: PropertyPredictor, network: StrainPredictor, named: tuple[str, Any], seed: int
) -> None:
    check(predictor, network, named, seed)
