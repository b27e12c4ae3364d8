"""Regressions that predict each label from other compositions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ase_ecn.training.data.audit import read_predictions
from ase_ecn.training.release.out_of_fold import (
    FOLDS,
    Part,
    composition_folds,
    predicted_parts,
    write_predictions,
)


def toy(count: int, seed: int) -> Part:
    """Labels that bend with the first of six scalars, with an error that grows with the second."""
    rng = np.random.default_rng(seed)
    scalars = rng.normal(size=(count, 6))
    labels = np.tanh(scalars[:, 0]) + 0.3 * scalars[:, 2]
    labels += rng.normal(scale=0.02 * np.exp(scalars[:, 1]))
    return Part(torch.as_tensor(scalars).float(), labels, rng.integers(FOLDS, size=count))


def test_labels_are_predicted_with_their_spread() -> None:
    train, other = toy(3000, 0), toy(600, 1)
    for part, (values, stds) in zip((train, other), predicted_parts(train, [other])):
        errors = np.abs(values - part.labels)
        assert errors.mean() < 0.06
        assert (errors < 1.645 * stds).mean() == pytest.approx(0.9, abs=0.03)
        wide = part.scalars[:, 1].numpy() > 1
        assert stds[wide].mean() > 2 * stds[~wide].mean()


def test_a_label_has_no_part_in_its_own_prediction() -> None:
    train = toy(500, 0)
    wrong = train.labels.copy()
    wrong[train.groups == 3] += 100.0
    (before, _), (after, _) = (
        predicted_parts(Part(train.scalars, labels, train.groups), [])[0]
        for labels in (train.labels, wrong)
    )
    same = before == after
    np.testing.assert_array_equal(same, train.groups == 3)


def test_a_wrong_label_is_far_and_an_unknown_one_is_predicted() -> None:
    train = toy(3000, 0)
    labels = train.labels.copy()
    wrong, unknown = np.argsort(train.scalars[:, 1].numpy())[:2]  # where errors are small
    labels[wrong] += 3.0
    labels[unknown] = np.nan
    ((values, stds),) = predicted_parts(Part(train.scalars, labels, train.groups), [])
    far = np.abs(values - labels) > 6 * stds
    assert far[wrong]
    assert far.sum() < 0.01 * len(far)
    assert values[unknown] == pytest.approx(train.labels[unknown], abs=0.3)
    assert stds[unknown] > 0


class Packed:
    """Compositions, packed."""

    def __init__(self, crystals: list[list[int]]) -> None:
        self.numbers = np.array([z for crystal in crystals for z in crystal], dtype=np.uint8)
        self.atoms = np.cumsum([0, *map(len, crystals)])


def test_crystals_of_one_composition_are_in_one_fold() -> None:
    crystals = [[11, 17], [11, 11, 17, 17], [17, 11], *([z, 8] for z in range(20, 60))]
    folds = composition_folds(Packed(crystals))  # type: ignore[arg-type]
    assert len(set(folds[:3])) == 1
    assert set(folds) == set(range(FOLDS))


def test_predictions_are_written_for_the_audit(tmp_path: Path) -> None:
    found = {("mp-1", "band_gap"): (1.25, 0.5), ("mp-1", "formation_energy"): (-2.0, 0.0625)}
    write_predictions(tmp_path / "predictions.csv", found)
    assert read_predictions(tmp_path / "predictions.csv") == {
        ("mp-1", "band_gap"): (1.25, 0.5),
        ("mp-1", "formation_energy"): (-2.0, 0.0625),
    }
