from __future__ import annotations

import torch
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.training.release.supercell_jump import supercell_jumps


def test_jump_is_measured_on_the_network_itself() -> None:
    torch.manual_seed(0)
    model = ECN(ECNConfig(("formation_energy",), width=16, layers=2)).eval()
    # Copper bonds to own images only; rocksalt has no such bonds.
    crystals = [as_crystal(bulk("Cu")), as_crystal(bulk("NaCl", "rocksalt", a=5.6))]
    copper, rocksalt = supercell_jumps(model, crystals)
    assert copper > 1e-4
    assert rocksalt < 1e-5
    blind = ECN(ECNConfig(("formation_energy",), group="S_N", width=16, layers=2)).eval()
    assert (supercell_jumps(blind, crystals) < 1e-3).all()
