from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig, exp_of_small
from ase_ecn.nn.fused_empnn import FusedEMPNN, can_fuse


def test_one_crystal_is_deformed_as_by_the_network(
    small_empnn: EMPNN, prototypes: dict[str, Atoms]
) -> None:
    for parameter in small_empnn.parameters():  # normalisations too, which begin as ones and zeros
        torch.nn.init.normal_(parameter, std=0.3)
    fused = FusedEMPNN(small_empnn)
    for name, atoms in prototypes.items():
        atoms = atoms.copy()
        atoms.set_cell(atoms.cell[:] * [1.03, 1, 0.98], scale_atoms=True)
        batch = lattice_batch([as_crystal(atoms)], 12, dtype=torch.float64)
        assert fused.fits(batch)
        with torch.no_grad():
            expected = small_empnn(batch)[-1]
            found = fused(batch)
        assert (expected - batch.cells).abs().max() > 1e-3, name
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


def test_only_one_small_crystal_fits(small_empnn: EMPNN, prototypes: dict[str, Atoms]) -> None:
    crystal = as_crystal(prototypes["fcc"])
    assert can_fuse(small_empnn)
    assert not FusedEMPNN.fits(lattice_batch([crystal, crystal], 12))
    assert not FusedEMPNN.fits(lattice_batch([as_crystal(prototypes["fcc"] * (5, 5, 4))], 12))


@pytest.mark.parametrize(
    "options",
    [
        {"fields": ("edge-ket-bra", "edge-length")},
        {"expansion": "first-order"},
        {"weight_limit": 0.01},
        {"positions": True},
        {"max_strain": 2.0},
    ],
)
def test_networks_of_other_kinds_are_not_fused(options: dict[str, object]) -> None:
    config = EMPNNConfig(features=8, plain_layers=1, deforming_layers=1)
    assert can_fuse(EMPNN(config))
    assert not can_fuse(EMPNN(replace(config, **options)))


def test_exponentials_of_small_matrices() -> None:
    strain = torch.randn(5, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    strain *= 0.5 / strain.norm(dim=(1, 2), keepdim=True)
    torch.testing.assert_close(
        exp_of_small(strain), torch.linalg.matrix_exp(strain), rtol=0, atol=1e-13
    )
