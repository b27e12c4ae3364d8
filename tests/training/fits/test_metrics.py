from __future__ import annotations

import numpy as np

from ase_ecn.training.fits.metrics import (
    lattice_parameter_errors,
    mean_absolute_error,
    precision,
    relative_length_errors,
    roc_auc,
)


def test_metrics() -> None:
    truth = np.array([1.0, np.nan, 3.0])
    assert mean_absolute_error(np.array([2.0, 0.0, 3.0]), truth) == 0.5
    positive = np.array([True, False, True, False])
    assert roc_auc(np.array([0.9, 0.1, 0.8, 0.2]), positive) == 1.0
    assert roc_auc(np.full(4, 0.5), positive) == 0.5
    assert np.isnan(roc_auc(np.ones(2), np.array([True, True])))
    assert precision(positive, np.array([True, True, False, False])) == 0.5
    cells = np.stack([np.diag([4.0, 5.0, 6.0])] * 2)
    other = cells * np.array([1.0, 1.1])[:, None, None]
    lengths, angles = lattice_parameter_errors(other, cells)
    np.testing.assert_allclose(lengths, [0, 0.5])
    np.testing.assert_allclose(angles, 0, atol=1e-9)
    np.testing.assert_allclose(relative_length_errors(other, cells), [0, 0.1])
