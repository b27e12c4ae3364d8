"""Properties and relaxed cells are what they were when the reference was made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms
from reference_results import TOLERANCE, differences, examples, prototypes, results, stored

from ase_ecn import LatticeRelaxer
from ase_ecn.relaxation.predictor import StrainPredictor


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return stored()


@pytest.fixture(scope="module")
def crystals() -> dict[str, Atoms]:
    return examples()


def test_results_of_the_examples_are_unchanged(
    reference: dict[str, Any], crystals: dict[str, Atoms]
) -> None:
    assert len(crystals) == 16
    found = differences(results(crystals), reference["examples"])
    assert not found, "\n".join(found)


def test_the_relaxer_takes_the_same_course(
    reference: dict[str, Any], crystals: dict[str, Atoms]
) -> None:
    network = StrainPredictor("empnn-mp20", device="cpu", dtype="float64")
    for name, expected in reference["examples"]["empnn-mp20 free"].items():
        optimizer = LatticeRelaxer(crystals[name].copy(), checkpoint=network, logfile=None)
        optimizer.run()
        cell = np.array(expected["cell"])
        assert np.abs(optimizer.atoms.cell[:] - cell).max() < TOLERANCE, name
        assert (optimizer.nsteps, optimizer.reason) == (expected["steps"], expected["reason"])
        assert optimizer.strain_spread == pytest.approx(expected["strain_spread"], abs=TOLERANCE)


def test_a_difference_would_be_seen(reference: dict[str, Any]) -> None:
    first = reference["examples"]["ecn-mp20"]
    name = next(iter(first))
    other = {**first, name: {**first[name], "band_gap": first[name]["band_gap"] + 1e-5}}
    (line,) = differences(other, first)
    assert line.startswith(f"{name}/band_gap")
    assert differences({}, first)
    assert differences({**first, name: {}}, first)
    assert not differences(first, first)


@pytest.mark.slow
def test_results_of_the_prototypes_are_unchanged(reference: dict[str, Any]) -> None:
    crystals = prototypes()
    assert len(crystals) == 200
    found = differences(results(crystals), reference["prototypes"])
    assert not found, "\n".join(found)
