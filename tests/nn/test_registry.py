from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms

from ase_ecn.checkpoint import bundled_checkpoints, load_checkpoint, read_card
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CheckpointError
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.fused import QuickECN
from ase_ecn.nn.network import PropertyNetwork
from ase_ecn.nn.registry import NETWORKS, build, check_kind, predicts_properties, quick


def test_every_bundled_checkpoint_is_of_a_known_kind_and_becomes_itself_again() -> None:
    for name in bundled_checkpoints():
        card = read_card(name)
        model = load_checkpoint(name).model
        assert model.kind == card.network in NETWORKS
        assert isinstance(model, PropertyNetwork) == predicts_properties(card.network)
        again = build(card.network, model.config.to_dict())
        assert type(again) is type(model)
        assert again.config == model.config


def test_unknown_kinds_are_refused_with_those_that_are_known() -> None:
    for use in (check_kind, predicts_properties, lambda kind: build(kind, {})):
        with pytest.raises(CheckpointError, match="'gnn'; known are ecn, empnn, so3"):
            use("gnn")


def test_a_plain_network_is_its_only_member(small_ecn: ECN, small_empnn: EMPNN) -> None:
    assert small_ecn.networks == (small_ecn,)
    assert small_empnn.networks == (small_empnn,)
    pair = ECNEnsemble([small_ecn, small_ecn])
    assert pair.networks == (small_ecn, small_ecn)
    assert (pair.kind, pair.targets, pair.motif) == ("ecn", small_ecn.targets, "free")


@pytest.mark.parametrize("options", [{}, {"messages": "coloured"}, {"group": "bravais"}])
def test_the_quick_way_gives_what_the_network_predicts(
    options: dict[str, str], prototypes: dict[str, Atoms]
) -> None:
    torch.manual_seed(1)
    model = ECN(ECNConfig(("band_gap",), ("site_moments",), width=8, layers=2, **options))
    model = model.double().eval().requires_grad_(False)
    predict = quick(model)
    assert isinstance(predict, QuickECN) == (options.get("messages") != "coloured")
    graphs = model.graphs([as_crystal(prototypes[name]) for name in ("fcc", "diamond")])
    found, expected = predict(graphs), model.predict(graphs)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name].numpy(), value.numpy(), atol=1e-10)


def test_a_radial_network_of_energies_gives_forces_and_sees_crystals_as_they_are() -> None:
    radial = {"bonds": "radial", "group": "S_N"}
    energies = ECN(ECNConfig(("potential_energy",), readout="contributions", **radial))
    assert energies.gives_forces
    assert energies.motif is None
    assert quick(energies) == energies.predict
    gaps = ECN(ECNConfig(("band_gap",), **radial))
    assert not gaps.gives_forces
    assert gaps.motif == "free"


def test_a_fit_starts_from_what_it_takes(small_ecn: ECN, small_empnn: EMPNN) -> None:
    other = ECN(ECNConfig(("band_gap", "metal"), width=16, layers=3))
    assert other.takes(small_ecn)
    assert not other.takes(small_empnn)
    assert not small_empnn.takes(EMPNN.from_dict({"features": 8}))
    small_ecn.scale.copy_(torch.tensor([2.0, 3.0, 4.0]))
    other.take_units(small_ecn)
    assert other.scale.tolist() == [1.0, 3.0]  # the gap's is not there, the class is the second
