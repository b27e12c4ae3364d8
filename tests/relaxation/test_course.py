from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from relaxations import pull, relaxer

from ase_ecn import relax
from ase_ecn.relaxation.predictor import StrainPredictor


def test_a_cell_that_runs_away_is_left_as_it_was(
    strained: Atoms, network: StrainPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = strained.cell[:].copy()
    monkeypatch.setattr(
        StrainPredictor, "log_strains", lambda self, crystals, graphs: np.tile(np.eye(3), (1, 1, 1))
    )
    result = relax(strained, device="cpu")[0]
    assert (result.converged, result.reason, result.steps) == (False, "strain out of range", 1)
    np.testing.assert_allclose(result.atoms.cell[:], before, atol=1e-12)
    optimizer = relaxer(strained, network)
    assert optimizer.run() is False
    assert optimizer.reason == "strain out of range"
    np.testing.assert_allclose(strained.cell[:], before, atol=1e-12)


@pytest.mark.parametrize(
    ("factor", "reason"), [(1.99, "oscillating"), (1.5, "converged"), (1.9, "steps")]
)
def test_only_a_relaxation_whose_strains_cease_to_shrink_is_oscillating(
    factor: float,
    reason: str,
    strained: Atoms,
    network: StrainPredictor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(StrainPredictor, "log_strains", pull(20.0, factor))
    before = strained.copy()
    result = relax(before, device="cpu")[0]
    optimizer = relaxer(strained, network)
    assert optimizer.run() is (reason == "converged")
    assert (result.reason, optimizer.reason) == (reason, reason)
    assert result.steps == optimizer.nsteps
    np.testing.assert_allclose(result.atoms.cell[:], strained.cell[:], atol=1e-12)
    if reason == "oscillating":
        assert result.steps == 2
        assert result.strain == pytest.approx(
            np.linalg.norm(optimizer.optimizable.get_strain()), rel=1e-9
        )
        assert result.strain_spread > result.strain


def test_the_best_cell_of_an_oscillation_is_taken(
    strained: Atoms, network: StrainPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Overshoots a little more each time, so that the first cell is the best.
    monkeypatch.setattr(StrainPredictor, "log_strains", pull(20.0, 2.01))
    before = strained.cell[:].copy()
    result = relax(strained, device="cpu")[0]
    relaxer(strained, network).run()
    assert (result.reason, result.converged) == ("oscillating", False)
    np.testing.assert_allclose(result.atoms.cell[:], before, atol=1e-12)
    np.testing.assert_allclose(strained.cell[:], before, atol=1e-12)
