from __future__ import annotations

import numpy as np
import torch
from ase.build import bulk
from ase.geometry import cell_to_cellpar
from toys import rocksalts

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.training.fits.fit_empnn import (
    Batch,
    LatticeObjective,
)
from ase_ecn.training.fits.noise import GaussianNoise
from ase_ecn.training.fits.scores import denoise, denoising_scores
from reproduce.empnn_tables.lattice_baselines import (
    FeedForwardConfig,
    FeedForwardLattice,
    mean_density_cells,
)


def test_mean_density_keeps_the_shape(rng: np.random.Generator) -> None:
    crystals = rocksalts(4).crystals
    cells = GaussianNoise(0.1).apply(np.stack([c.cell for c in crystals]), rng)
    scaled = mean_density_cells(cells, crystals, [as_crystal(bulk("Po", "sc", a=3.0))])
    np.testing.assert_allclose(np.abs(np.linalg.det(scaled)), 2 * 27.0)
    ratio = np.linalg.solve(cells, scaled)
    np.testing.assert_allclose(ratio, ratio[:, :1, :1] * np.eye(3), atol=1e-12)


def test_feed_forward_cells_have_the_parameters_that_were_predicted() -> None:
    torch.manual_seed(0)
    model = FeedForwardLattice(FeedForwardConfig(features=16, plain_layers=1)).double().eval()
    crystals = [as_crystal(bulk("NaCl", "rocksalt", a=5.6)), as_crystal(bulk("Mg"))]
    batch = lattice_batch(crystals, 12, dtype=torch.float64)
    model.standardise(batch.cells, torch.tensor([2, 2]))
    torch.nn.init.zeros_(model.readout[-1].weight)
    torch.nn.init.zeros_(model.readout[-1].bias)
    (cells,) = model(batch)
    mean = np.mean([cell_to_cellpar(c.cell) for c in crystals], axis=0)
    for cell in cells.detach().numpy():
        np.testing.assert_allclose(cell_to_cellpar(cell), mean, rtol=1e-6)


def test_a_feed_forward_predictor_learns_the_lattice_constant(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    model = FeedForwardLattice(FeedForwardConfig(features=16, plain_layers=1, hidden_layers=2))
    crystals = rocksalts(9).crystals
    cells = np.stack([c.cell for c in crystals])
    model.standardise(torch.as_tensor(cells), torch.full((9,), 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    objective = LatticeObjective(12, "cpu", "parameter-mae")
    for _ in range(100):
        noisy = GaussianNoise(0.1).apply(cells, rng)
        batch = Batch(crystals, torch.as_tensor(noisy), torch.as_tensor(cells))
        optimizer.zero_grad()
        objective(model, batch).backward()
        optimizer.step()
    noisy = GaussianNoise(0.1).apply(cells, rng)
    scores = denoising_scores(noisy, denoise(model, crystals, noisy, "cpu", batch_size=4), cells)
    assert scores["lengths_removed"] > 0.4
    assert scores["angles_removed"] > 0.9
