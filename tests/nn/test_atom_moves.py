"""A lattice network that moves atoms too."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig


def moving_network() -> EMPNN:
    torch.manual_seed(0)
    config = EMPNNConfig(features=16, plain_layers=1, deforming_layers=2, positions=True)
    model = EMPNN(config).double().eval()
    for layer in model.deforming:
        torch.nn.init.normal_(layer.weight.weight, std=1.0)
        torch.nn.init.normal_(layer.pull.weight, std=1.0)
    return model


def low_symmetry(rng: np.random.Generator) -> Crystal:
    scaled = rng.uniform(0, 1, (2, 3)) * 0.2 + np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    numbers = np.array([3, 8, 27, 8])
    scaled = np.concatenate([scaled, scaled[:, [1, 2, 0]] + [0.0, 0.5, 0.1]])
    return Crystal(numbers, 5 * np.eye(3) + rng.normal(size=(3, 3)) * 0.4, scaled)


def moved(model: EMPNN, crystal: Crystal) -> tuple[np.ndarray, np.ndarray]:
    """Cell (3, 3) and displacements (N, 3) after the last layer."""
    with torch.no_grad():
        cells, shift = model.steps(lattice_batch([crystal], 12, dtype=torch.float64))[-1]
    assert shift is not None
    return cells[0].numpy(), shift.numpy()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_moves_of_atoms_commute_with_every_description_of_the_crystal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model, crystal = moving_network(), low_symmetry(rng)
    cell, shift = moved(model, crystal)
    assert np.abs(shift).max() > 1e-3
    z, x = crystal.numbers, crystal.scaled_positions
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    other = moved(model, Crystal(z, crystal.cell @ turned, x))
    np.testing.assert_allclose(other[0], cell @ turned, atol=1e-8)
    np.testing.assert_allclose(other[1], shift, atol=1e-8)
    order = rng.permutation(len(z))
    other = moved(model, Crystal(z[order], crystal.cell, x[order]))
    np.testing.assert_allclose(other[0], cell, atol=1e-8)
    np.testing.assert_allclose(other[1], shift[order], atol=1e-8)
    other = moved(model, Crystal(z, crystal.cell, x + rng.normal(size=3)))
    np.testing.assert_allclose(other[1], shift, atol=1e-8)
    basis = np.array(
        [[1, int(rng.integers(-1, 2)), 0], [0, 1, int(rng.integers(-1, 2))], [0, 0, 1]]
    )
    other = moved(model, Crystal(z, basis @ crystal.cell, x @ np.linalg.inv(basis)))
    np.testing.assert_allclose(other[0], basis @ cell, atol=1e-8)
    np.testing.assert_allclose(other[1], shift @ np.linalg.inv(basis), atol=1e-8)
