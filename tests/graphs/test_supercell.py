from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch
from ase import Atoms

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.graphs.batch import bond_graph, pack
from ase_ecn.graphs.supercell import supercell


def explicit_supercell(crystal: Crystal) -> Crystal:
    """The 2x2x2 supercell atom by atom, in the order of the network's nodes."""
    cells = np.array(list(itertools.product((0, 1), repeat=3)))
    scaled = (crystal.scaled_positions[None] + cells[:, None]).reshape(-1, 3) / 2
    return Crystal(np.tile(crystal.numbers, 8), 2 * crystal.cell, scaled)


def test_supercell_batch_is_the_graph_of_the_supercell(prototypes: dict[str, Atoms]) -> None:
    """Folded bonds are those that the Voronoi tessellation of 8 N real atoms has."""
    for name in ("rocksalt", "perovskite", "hcp"):
        crystal = as_crystal(prototypes[name]).primitive.crystal
        folded = supercell(pack([bond_graph(crystal)]).batch(np.array([0]), dtype=torch.float64))
        real = bond_graph(explicit_supercell(crystal))

        def rows(source: Any, target: Any, vector: Any) -> np.ndarray:
            table = np.column_stack([source, target, np.round(np.asarray(vector), 6) + 0.0])
            return table[np.lexsort(table.T[::-1])]

        np.testing.assert_allclose(
            rows(folded.source, folded.target, folded.vector),
            rows(real.source, real.target, real.vector),
            atol=1e-5,
            err_msg=name,
        )
