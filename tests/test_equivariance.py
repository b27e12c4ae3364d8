"""Claim 6.1 of the ECN paper: permuting by a group element permutes the output."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ase_ecn.nn.layers import ColouredMessages
from ase_ecn.symmetry.lattices import (
    BRAVAIS_TYPES,
    p1bar_generators,
    representative_lattice,
    supercell_generators,
)
from ase_ecn.symmetry.orbits import direct_product, pattern, symmetric_group

CELLS, ATOMS, WIDTH, EDGE = 8, 3, 5, 4


def generators(group: str, lattice: str) -> np.ndarray:
    if group == "S_lattice":
        return symmetric_group(CELLS)
    if group == "P-1":
        return p1bar_generators(3)
    return supercell_generators(representative_lattice(lattice))


def random_element(permutations: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    element = np.arange(permutations.shape[1])
    for k in rng.integers(len(permutations), size=20):
        element = permutations[k][element]
    return element


def layer_output(
    layer: ColouredMessages, h: torch.Tensor, edges: torch.Tensor, colours: np.ndarray
) -> torch.Tensor:
    """One round on the complete graph of the supercell with (n, n, D) edge features."""
    n = len(h)
    source, target = (torch.as_tensor(x.reshape(-1)) for x in np.indices((n, n)))
    colour = torch.as_tensor(colours.reshape(-1))
    flat = edges.reshape(n * n, -1)
    return layer(h, flat, colour, source, target, torch.ones(n * n, dtype=h.dtype))


@pytest.mark.parametrize("group", ["S_lattice", "bravais", "P-1"])
@pytest.mark.parametrize("lattice", BRAVAIS_TYPES[3])
def test_permuting_by_a_group_element_permutes_the_output(group: str, lattice: str) -> None:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    both = direct_product(generators(group, lattice), symmetric_group(ATOMS))
    colours = pattern(both).edge_colours
    layer = ColouredMessages(WIDTH, EDGE, int(colours.max()) + 1).double()
    n = CELLS * ATOMS
    h = torch.randn(n, WIDTH, dtype=torch.float64)
    edges = torch.randn(n, n, EDGE, dtype=torch.float64)
    with torch.no_grad():
        out = layer_output(layer, h, edges, colours)
        for _ in range(3):
            moved = np.argsort(random_element(both, rng))  # what each place receives
            permuted = layer_output(layer, h[moved], edges[moved][:, moved], colours)
            np.testing.assert_allclose(permuted, out[moved], atol=1e-10)
        foreign = rng.permutation(n)
        other = layer_output(layer, h[foreign], edges[foreign][:, foreign], colours)
        assert not np.allclose(other, out[foreign], atol=1e-6), "the colours do nothing"
