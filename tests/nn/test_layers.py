from __future__ import annotations

import pytest
import torch

from ase_ecn.nn.layers import GaussianBasis, scatter_mean, scatter_sum, smooth_step


def test_scatter_mean_and_smooth_step() -> None:
    values = torch.tensor([[1.0], [3.0], [5.0]])
    mean = scatter_mean(values, torch.tensor([0, 0, 2]), torch.tensor([2, 0, 1]))
    assert mean.squeeze().tolist() == [2.0, 0.0, 5.0]
    x = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert smooth_step(x).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_gaussian_basis_peaks_at_its_centres() -> None:
    basis = GaussianBasis(1.0, 5.0, 9)
    features = basis(torch.linspace(1, 5, 9, dtype=torch.float64))
    assert (features.argmax(dim=1) == torch.arange(9)).all()
    assert torch.allclose(features.diagonal(), torch.ones(9, dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_and_means_are_those_of_torch_scatter(dtype: torch.dtype) -> None:
    torch_scatter = pytest.importorskip("torch_scatter", reason="torch-scatter is not installed")
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(500, 7, 3, generator=generator, dtype=dtype)
    index = torch.randint(0, 40, (500,), generator=generator)
    counts = torch.bincount(index, minlength=41)
    total = torch_scatter.scatter_sum(values, index, dim=0, dim_size=41)
    torch.testing.assert_close(scatter_sum(values, index, 41), total)
    mean = torch_scatter.scatter_mean(values, index, dim=0, dim_size=41)
    torch.testing.assert_close(scatter_mean(values, index, counts), mean)
