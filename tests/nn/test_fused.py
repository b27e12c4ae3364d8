from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import bond_graph, bond_graphs, pack
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.fused import FusedECN, can_fuse
from ase_ecn.symmetry.colours import Group


@pytest.mark.parametrize("group", ["S_lattice", pytest.param("P-1", marks=pytest.mark.slow)])
def test_members_computed_together_give_their_mean(
    prototypes: dict[str, Atoms], group: Group
) -> None:
    names = ("formation_energy", "band_gap")
    plain = ECNConfig(names, ("site_moments",), width=8, layers=3, group=group)
    configs = [
        replace(plain, uncertainties=names, features="properties"),
        replace(plain, uncertainties=names[1:], angular_degree=3, angular_channels=5),
        replace(plain, crystal_targets=names[1:], features="group_period"),
    ]
    members = [perturbed(config, seed) for seed, config in enumerate(configs)]
    siteless = perturbed(replace(plain, site_targets=()), 3)
    even = ECNEnsemble(members)
    weighted = ECNEnsemble(members, {names[0]: (0.3, 0.7, 0.0), "site_moments": (0.2, 0.5, 0.3)})
    apart = ECNEnsemble(members, weighted.config.weights, {"band_gap": (0.4, 2.0)})
    for name in ("rocksalt", "hcp"):
        graph = bond_graph(as_crystal(prototypes[name]).primitive.crystal)
        for packed in (pack([graph], group), pack([graph, graph], group)):
            batch = packed.batch(np.arange(len(packed)), dtype=torch.float64)
            for model in (even, weighted, apart, siteless, *members):
                assert can_fuse(model)
                together = FusedECN(model)
                assert together.fits(batch)
                with torch.inference_mode():
                    found, expected = together(batch), model(batch)
                assert found.keys() == expected.keys()
                for key in expected:
                    torch.testing.assert_close(found[key], expected[key], rtol=0, atol=1e-12)


def test_other_networks_are_not_computed_together() -> None:
    config = ECNConfig(("formation_energy",), width=8, layers=2)
    for change in (
        {"messages": "coloured"},
        {"hubbard": True},
        {"readout": "contributions"},
        {"cell_encoding": True, "motif": "fixed"},
    ):
        assert not can_fuse(ECN(replace(config, **change)))
    assert not can_fuse(ECNEnsemble([ECN(config), ECN(replace(config, layers=3))]))


def perturbed(config: ECNConfig, seed: int) -> ECN:
    """A network none of whose parts is zero, in double precision."""
    torch.manual_seed(seed)
    member = ECN(config).double().eval()
    for parameter in member.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    member.shift += torch.randn_like(member.shift)
    member.scale += torch.rand_like(member.scale)
    return member


def test_members_that_disagree_are_less_certain(prototypes: dict[str, Atoms]) -> None:
    members = []
    for seed in range(3):
        torch.manual_seed(seed)
        config = ECNConfig(("band_gap",), uncertainties=() if seed else ("band_gap",), width=8)
        members.append(ECN(config).double().eval())
    crystals = [as_crystal(prototypes[n]).primitive.crystal for n in ("hcp", "perovskite")]
    batch = pack(bond_graphs(crystals, "voronoi")).batch(np.arange(2), dtype=torch.float64)
    weights = (0.0, 0.25, 0.75)
    with torch.inference_mode():
        values = torch.stack([member(batch)["band_gap"] for member in members])
        stated = members[0](batch)["band_gap_std"]
        found = ECNEnsemble(members, {"band_gap": weights}, {"band_gap": (0.4, 2.0)})(batch)
    # Of two values a and b with weights 1/4 and 3/4 the standard deviation is sqrt(3)/4 |a - b|.
    deviation = 3**0.5 / 4 * (values[2] - values[1]).abs()
    expected = ((0.4 * stated) ** 2 + (2 * deviation) ** 2).sqrt()
    torch.testing.assert_close(found["band_gap_std"], expected)
    torch.testing.assert_close(found["band_gap"], 0.25 * values[1] + 0.75 * values[2])
    for spreads, message in [
        ({"metal": (1.0, 1.0)}, "no member states"),
        ({"band_gap": (1.0,)}, "two numbers"),
        ({"band_gap": (0.0, 0.0)}, "not both 0"),
        ({"band_gap": (1.0, -1.0)}, "two numbers"),
        ({"band_gap": (float("nan"), 1.0)}, "two numbers"),
        ({"band_gap": (float("inf"), 1.0)}, "two numbers"),
    ]:
        with pytest.raises(OptionError, match=message):
            ECNEnsemble(members, None, spreads)
