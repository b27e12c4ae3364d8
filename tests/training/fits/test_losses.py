from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.geometry import cell_to_cellpar
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import logm, sqrtm
from toys import random_cells

from ase_ecn.training.fits.losses import (
    LATTICE_LOSSES,
    lattice_loss,
    lattice_loss_named,
    multitask_loss,
)
from ase_ecn.training.fits.noise import (
    gaussian_noise,
)


def test_missing_labels_count_for_nothing() -> None:
    outputs = {"a": torch.tensor([1.0, 5.0]), "metal": torch.tensor([9.0, -9.0])}
    labels = {"a": torch.tensor([2.0, np.nan]), "metal": torch.tensor([np.nan, np.nan])}
    loss = multitask_loss(outputs, labels, {"a": 2.0}, {"a": 3.0}, frozenset({"metal"}))
    assert loss.item() == pytest.approx(3 * 1.0 / 2)


def test_lattice_loss_knows_no_rotation_and_no_basis() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=(1, 3, 3)) + 4 * np.eye(3)
    noisy = gaussian_noise(true, 0.1, rng)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    basis = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    losses = [
        lattice_loss(torch.tensor(a), torch.tensor(b)).item()
        for a, b in (
            (noisy, true),
            (noisy @ rotation, true),
            (noisy, true @ rotation),
            (basis @ noisy, basis @ true),
        )
    ]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-10)
    assert lattice_loss(torch.tensor(true), torch.tensor(true)).item() < 1e-4
    stretched = lattice_loss(torch.tensor(true), torch.tensor(true * 1.001)).item()
    assert stretched == pytest.approx(2 * 0.001 * np.sqrt(3), rel=1e-2)


BASIS_FREE = ("metric-riemann", "relative-metric", "log-strain")


def evaluated(name: str, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    return lattice_loss_named(name)(torch.as_tensor(predicted), torch.as_tensor(true)).numpy()


def slowly(name: str, predicted: np.ndarray, true: np.ndarray) -> float:
    """One crystal's loss, by other means than the losses themselves."""
    ours, theirs = predicted @ predicted.T, true @ true.T
    if name.startswith("parameter"):
        unit = abs(np.linalg.det(true)) ** (1 / 3)
        scale = np.array([1 / unit] * 3 + [np.pi / 180] * 3)
        difference = (cell_to_cellpar(predicted) - cell_to_cellpar(true)) * scale
    elif name in ("metric-mae", "metric-mse"):
        difference = ours - theirs
    else:
        root = np.linalg.inv(sqrtm(theirs))
        relative = np.real(root @ ours @ root)
        if name == "relative-metric":
            # The relative metric is that of the true lattice seen from the predicted one.
            return float(np.sqrt(((1 / np.linalg.eigvalsh(relative) - 1) ** 2).sum()))
        strain = np.real(logm(relative))
        total = float((strain**2).sum())
        return total if name == "metric-riemann" else 0.5 * float(np.sqrt(total))
    return float(np.abs(difference).sum() if name.endswith("mae") else (difference**2).sum())


@pytest.mark.parametrize("name", LATTICE_LOSSES)
def test_losses_have_the_values_of_their_definitions(name: str) -> None:
    predicted, true = random_cells(0)
    expected = [slowly(name, a, b) for a, b in zip(predicted, true)]
    np.testing.assert_allclose(evaluated(name, predicted, true), expected, rtol=1e-6)


@pytest.mark.parametrize("name", LATTICE_LOSSES)
def test_losses_vanish_with_a_finite_gradient_at_the_true_cell(name: str) -> None:
    for cell in (random_cells(1)[1], np.tile(4 * np.eye(3), (2, 1, 1))):
        true = torch.as_tensor(cell)
        predicted = true.clone().requires_grad_()
        loss = lattice_loss_named(name)(predicted, true).sum()
        loss.backward()
        assert abs(loss.item()) < 1e-4
        assert predicted.grad is not None
        assert torch.isfinite(predicted.grad).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
@pytest.mark.parametrize("name", LATTICE_LOSSES)
def test_losses_do_not_see_rotations(name: str, seed: int) -> None:
    predicted, true = random_cells(seed)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    loss = evaluated(name, predicted, true)
    np.testing.assert_allclose(evaluated(name, predicted @ rotation, true), loss, rtol=1e-8)
    np.testing.assert_allclose(evaluated(name, predicted, true @ rotation), loss, rtol=1e-8)
    basis = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    changed = evaluated(name, basis @ predicted, basis @ true)
    assert np.allclose(changed, loss, rtol=1e-8) == (name in BASIS_FREE)
