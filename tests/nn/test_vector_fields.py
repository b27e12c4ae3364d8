from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from ase import Atoms
from torch import Tensor

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.nn.vector_fields import (
    EDGE_FIELDS,
    TRIPLET_FIELDS,
    Edges,
    Triplets,
    consecutive_edges,
    edge_fields,
    triplet_fields,
)
from ase_ecn.testing import random_equivalent

FIELDS = (*EDGE_FIELDS, *TRIPLET_FIELDS)
INVARIANTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "edge-length": lambda v, w: v.norm(dim=1),
    "triplet-first-length": lambda v, w: v.norm(dim=1),
    "triplet-second-length": lambda v, w: w.norm(dim=1),
    "triplet-angle": lambda v, w: torch.cosine_similarity(v, w, dim=1),
    "triplet-area": lambda v, w: torch.linalg.cross(v, w).norm(dim=1) / 2,
}


def edges(vectors: Tensor) -> Edges:
    length = vectors.norm(dim=1)
    return Edges(vectors / length[:, None], length)


def field(name: str, v: Tensor, w: Tensor) -> Tensor:
    if name in EDGE_FIELDS:
        return edge_fields((name,), edges(v))[:, 0]
    return triplet_fields((name,), Triplets(edges(v), edges(w)))[:, 0]


@pytest.fixture
def vectors() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    return torch.randn(2, 6, 3, dtype=torch.float64).unbind(0)


@pytest.mark.parametrize("name", INVARIANTS)
def test_gradients_are_those_of_autograd(name: str, vectors: tuple[Tensor, Tensor]) -> None:
    """And symmetric, because rotations do not change the invariants."""
    v, w = vectors
    deformation = torch.zeros(len(v), 3, 3, dtype=torch.float64, requires_grad=True)
    moved = [x + (deformation @ x[:, :, None]).squeeze(2) for x in (v, w)]
    (gradient,) = torch.autograd.grad(INVARIANTS[name](*moved).sum(), deformation)
    found = field(name, v, w)
    torch.testing.assert_close(found, gradient, atol=1e-12, rtol=0)
    torch.testing.assert_close(found, found.transpose(1, 2), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_turn_with_the_crystal(name: str, vectors: tuple[Tensor, Tensor]) -> None:
    v, w = vectors
    turn, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))
    turned = field(name, v @ turn.T, w @ turn.T)
    torch.testing.assert_close(turned, turn @ field(name, v, w) @ turn.T, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["triplet-angle", "triplet-area"])
def test_fields_of_straight_triplets_vanish(name: str, vectors: tuple[Tensor, Tensor]) -> None:
    v, _ = vectors
    for w in (v, -2 * v):
        assert field(name, v, w).abs().max() < 1e-10


def test_consecutive_edges_are_all_and_only_those() -> None:
    torch.manual_seed(1)
    source, target = torch.randint(0, 5, (2, 30)).unbind(0)
    first, second = consecutive_edges(source, target, 5)
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    expected = {(a, b) for a in range(30) for b in range(30) if target[a] == source[b]}
    assert found == expected
    assert len(first) == len(expected)


@pytest.mark.parametrize("name", [f for f in FIELDS if f != "triplet-ket-bra"])
def test_every_symmetric_field_makes_an_equivariant_network(
    name: str, prototypes: dict[str, Atoms]
) -> None:
    torch.manual_seed(0)
    config = EMPNNConfig(
        features=8, plain_layers=1, deforming_layers=2, neighbors=4, fields=(name,)
    )
    model = EMPNN(config).double().eval().requires_grad_(False)
    for layer in model.deforming:
        for head in (layer.weight, layer.triplet_weight):
            if head is not None:
                torch.nn.init.normal_(head.weight, std=0.3)
    rng = np.random.default_rng(3)
    atoms = prototypes["triclinic"]
    other = random_equivalent(atoms, rng, max_atoms=24)
    strains = []
    for crystal in (as_crystal(atoms), as_crystal(other.atoms)):
        batch = lattice_batch([crystal], config.neighbors, dtype=torch.float64)
        strains.append(np.linalg.solve(crystal.cell, model(batch)[-1][0].numpy()))
    assert np.abs(strains[0] - np.eye(3)).max() > 1e-4, "the network does nothing"
    turned = other.rotation.T @ strains[0] @ other.rotation
    np.testing.assert_allclose(turned, strains[1], atol=1e-8)


def test_first_order_form_and_limit_of_weights(prototypes: dict[str, Atoms]) -> None:
    crystal = as_crystal(prototypes["triclinic"])
    batch = lattice_batch([crystal], 12, dtype=torch.float64)
    cells = {}
    for expansion in ("exponential", "first-order"):
        torch.manual_seed(0)
        config = EMPNNConfig(8, 1, 1, expansion=expansion, weight_limit=0.01)
        model = EMPNN(config).double().requires_grad_(False)
        torch.nn.init.normal_(model.deforming[0].weight.weight, std=100.0)
        cells[expansion] = np.linalg.solve(crystal.cell, model(batch)[-1][0].numpy()) - np.eye(3)
    strain = cells["first-order"]
    assert 1e-4 < np.linalg.norm(strain) < 0.01, "a mean of projectors, each weighted below 0.01"
    expected = strain + strain @ strain / 2
    np.testing.assert_allclose(cells["exponential"], expected, atol=1e-6)


def test_configuration_refuses_nonsense() -> None:
    with pytest.raises(OptionError, match="edge-ket-bra"):
        EMPNNConfig(fields=("ket-bra",))
    with pytest.raises(OptionError, match="only once"):
        EMPNNConfig(fields=("edge-length", "edge-length"))
    with pytest.raises(OptionError, match="first-order"):
        EMPNNConfig(expansion="second-order")
    with pytest.raises(OptionError, match="positive"):
        EMPNNConfig(weight_limit=0.0)
