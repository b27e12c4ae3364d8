from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from toys import toy_dataset

from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.training.data.cache import labelled_graphs, subset
from ase_ecn.training.fits.scores import predict_graphs
from ase_ecn.training.release.calibrate import best_factors, reliability, with_spreads


def test_uncertainties_hold_what_they_state() -> None:
    """Nine in ten of fresh labels are in the interval, and spreads follow the errors."""
    rng = np.random.default_rng(0)
    dataset = toy_dataset(600)
    noisy = np.array([9 in crystal.numbers for crystal in dataset.crystals])
    labels = rng.laplace(scale=np.where(noisy, 0.5, 0.05))
    labelled = labelled_graphs(replace(dataset, targets={"formation_energy": labels}))
    torch.manual_seed(0)
    model = ECN(ECNConfig(("formation_energy",), width=16, layers=2)).eval()
    torch.nn.init.zeros_(model.heads["formation_energy"][-1].weight)
    torch.nn.init.zeros_(model.heads["formation_energy"][-1].bias)
    fit_part, fresh = (subset(labelled, np.arange(k, 600, 2)) for k in (0, 1))
    calibrated, held = with_spreads(model, fit_part, ("formation_energy",))
    assert 0.88 < held["formation_energy"] < 0.92
    predictions = predict_graphs(calibrated, fresh, "cpu")
    assert 0.8 < reliability(predictions, fresh)["formation_energy"]["0.9"] < 0.98
    std = predictions["formation_energy_std"]
    assert np.median(std[noisy[1::2]]) > 3 * np.median(std[~noisy[1::2]])
    np.testing.assert_array_equal(
        predictions["formation_energy"], predict_graphs(model, fresh, "cpu")["formation_energy"]
    )


def test_the_disagreement_of_members_counts_as_much_as_it_helps() -> None:
    """Where one of two uncertainties knows the errors and the other is noise."""
    rng = np.random.default_rng(0)
    true = np.exp(rng.normal(size=6000))
    noise = np.exp(rng.normal(size=6000))
    errors = np.abs(rng.normal(size=6000)) * true
    for parts, best in ((np.stack([true, noise]), 0), (np.stack([noise, true]), 1)):
        factors = best_factors(parts, errors)
        assert factors[best] == pytest.approx(1, abs=0.1)
        assert factors[1 - best] < 0.25
    # Two that know different halves of the errors are both needed.
    errors = np.abs(rng.normal(size=6000)) * np.hypot(true, noise)
    np.testing.assert_allclose(best_factors(np.stack([true, noise]), errors), 1, atol=0.1)


def test_ensembles_state_what_their_members_disagree_about() -> None:
    """Calibrated on one part of the crystals, the intervals hold on the others."""
    labelled = labelled_graphs(toy_dataset(600))
    name = next(iter(labelled.targets))
    members = []
    for seed in range(2):
        torch.manual_seed(seed)
        members.append(ECN(ECNConfig((name,), width=8, layers=1)).eval())
    fit_part, fresh = (subset(labelled, np.arange(k, 600, 2)) for k in (0, 1))
    ensemble = ECNEnsemble(members)
    calibrated, held = with_spreads(ensemble, fit_part, (name,))
    assert isinstance(calibrated, ECNEnsemble)
    assert list(calibrated.config.spreads) == [name]
    assert 0.88 < held[name] < 0.92
    predictions = predict_graphs(calibrated, fresh, "cpu")
    assert 0.8 < reliability(predictions, fresh)[name]["0.9"] < 0.98
    np.testing.assert_array_equal(predictions[name], predict_graphs(ensemble, fresh, "cpu")[name])
    again, _ = with_spreads(calibrated, fit_part, (name,))
    assert isinstance(again, ECNEnsemble)
    assert again.config == calibrated.config
    for key, tensor in calibrated.state_dict().items():
        assert torch.equal(again.state_dict()[key], tensor), key
