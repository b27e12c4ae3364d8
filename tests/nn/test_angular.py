from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from scipy.special import eval_legendre

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.batch import bond_graph, pack
from ase_ecn.nn.angular import AngularDensity, spherical_harmonics


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_harmonics_multiply_to_legendre_polynomials(degree: int) -> None:
    unit = torch.nn.functional.normalize(torch.randn(7, 3, dtype=torch.float64), dim=1)
    y = spherical_harmonics(unit, degree)[degree - 1]
    expected = eval_legendre(degree, (unit @ unit.T).numpy())
    np.testing.assert_allclose((y @ y.T).numpy(), expected, atol=1e-12)


def test_angular_features_are_the_sum_over_pairs_of_bonds(prototypes: dict[str, Atoms]) -> None:
    """Against the plain quadratic sum over pairs of bonds of an atom."""
    torch.manual_seed(1)
    layer = AngularDensity(6, 5, channels=3, degree=2).double()
    batch = pack([bond_graph(as_crystal(prototypes["triclinic"]))]).batch(
        np.array([0]), dtype=torch.float64
    )
    h = torch.randn(len(batch.numbers), 6, dtype=torch.float64)
    edges = torch.randn(len(batch.source), 5, dtype=torch.float64)
    weight = torch.rand(len(batch.source), dtype=torch.float64)
    unit = batch.vector / batch.distance[:, None]
    with torch.no_grad():
        found, _ = layer(h, edges, spherical_harmonics(unit, 2), batch.source, batch.target, weight)
        v = layer.value(h)[batch.target] * layer.radial(edges) * weight[:, None]
    same = (batch.source[:, None] == batch.source[None]).double().numpy()
    cosine = (unit @ unit.T).numpy()
    plain = np.hstack([(eval_legendre(d, cosine) * same) @ v.numpy() for d in (1, 2)])
    np.testing.assert_allclose(found.numpy(), plain / np.sqrt(1 + plain**2), atol=1e-12)
