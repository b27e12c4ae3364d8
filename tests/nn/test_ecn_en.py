from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import bond_graph, pack
from ase_ecn.nn.ecn import ECNConfig
from ase_ecn.nn.ecn_en import EquivariantECN


def test_displacements_turn_with_the_crystal(prototypes: dict[str, Atoms]) -> None:
    """E(n) equivariance of the moved coordinates (eq. 27), and invariant predictions."""
    torch.manual_seed(0)
    config = ECNConfig(("formation_energy",), messages="coloured", width=16, layers=3)
    model = EquivariantECN(config).double().eval().requires_grad_(False)
    rng = np.random.default_rng(5)
    atoms = prototypes["triclinic"].copy()
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(len(atoms))
    turned = Atoms(
        atoms.numbers[order],
        cell=atoms.cell[:] @ rotation,
        positions=atoms.positions[order] @ rotation + [0.3, 5.0, -2.0],
        pbc=True,
    )
    batches = [
        pack([bond_graph(as_crystal(a))]).batch(np.array([0]), dtype=torch.float64)
        for a in (atoms, turned)
    ]
    one, two = (model.displacements(b).numpy() for b in batches)
    assert np.abs(one).max() > 1e-3
    np.testing.assert_allclose(one[order] @ rotation, two, atol=1e-10)
    energies = [model(b)["formation_energy"].item() for b in batches]
    assert abs(energies[0] - energies[1]) < 1e-10


def test_sites_of_high_symmetry_do_not_move(prototypes: dict[str, Atoms]) -> None:
    torch.manual_seed(0)
    config = ECNConfig(("formation_energy",), messages="coloured", group="P-1", width=8, layers=2)
    model = EquivariantECN(config).double().requires_grad_(False)
    for name in ("rocksalt", "fluorite"):
        crystal = as_crystal(prototypes[name]).primitive.crystal
        batch = pack([bond_graph(crystal)], "P-1").batch(np.array([0]), dtype=torch.float64)
        assert model.displacements(batch).abs().max() < 1e-12, name


def test_equivariant_ecn_needs_coloured_messages() -> None:
    with pytest.raises(OptionError, match="coloured"):
        EquivariantECN(ECNConfig(("formation_energy",)))
