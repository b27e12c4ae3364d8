from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from baseline_toys import halides, rutiles

from ase_ecn.crystal import as_crystal
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.elements import trend_properties
from reproduce.baselines.composition import (
    COMPOSITION_MODELS,
    composition_features,
    element_fractions,
    fit_composition_model,
)
from reproduce.baselines.fit_baseline import (
    table_scores,
)
from reproduce.baselines.parts import primitive_dataset


@pytest.mark.slow
def test_what_compositions_tell_of_atoms() -> None:
    train, val, test = (primitive_dataset(rutiles(60, seed)) for seed in range(3))
    targets = {"site_moments": False}
    errors = {}
    for name in COMPOSITION_MODELS:
        predicted = fit_composition_model(name, train, val, targets, seed=0)(test)
        errors[name] = table_scores(predicted, dict(test.site_targets))["site_moments_mae"]
    assert max(errors["trees"], errors["linear"]) < 0.1
    assert min(errors["mean"], errors["median"]) > 0.5


def test_features_of_compositions() -> None:
    salt = as_crystal(bulk("NaCl", "rocksalt", a=5.6) * (2, 1, 1))
    fractions = element_fractions(Dataset("x", ["a"], [salt]))
    assert fractions.shape == (1, 118)
    assert fractions[0, 10] == fractions[0, 16] == 0.5
    features = composition_features(fractions)[0, 118:].reshape(-1, 4)
    np.testing.assert_allclose(features[0], [9, 8, 1, 17])  # group
    np.testing.assert_allclose(features[1], [3, 0, 3, 3])  # row
    np.testing.assert_allclose(features[2], [2.045, 1.115, 0.93, 3.16])  # electronegativity
    argon = composition_features(np.eye(118)[[17]])[0, 118:].reshape(-1, 4)
    assert np.isnan(argon[2]).all()
    assert np.isfinite(np.delete(argon, 2, axis=0)).all()
    assert trend_properties().shape == (118, 6)


@pytest.mark.parametrize("name", sorted(COMPOSITION_MODELS))
def test_what_compositions_tell(name: str) -> None:
    train, val, test = halides(240), halides(60, 1), halides(60, 2)
    heavy = {d.name + str(len(d)): d.targets["metal"] for d in (train, val, test)}
    assert all(0 < m.mean() < 1 for m in heavy.values())
    predicted = fit_composition_model(name, train, val, {"band_gap": False, "metal": True}, seed=0)(
        test
    )
    scores = table_scores(predicted, test.targets)
    if name in ("mean", "median"):
        assert scores["metal_auc"] == 0.5
    else:
        assert scores["metal_auc"] == 1.0
        assert scores["band_gap_mae"] < 0.4
        assert scores["band_gap_mae_insulators"] < 0.6
