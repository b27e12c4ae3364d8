"""Fresh readouts on a trunk that stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.training.data.labels import LabelledCrystal, packed_labels
from ase_ecn.training.data.property_rows import PropertyRows
from ase_ecn.training.fits.fit_heads import refit_heads
from ase_ecn.training.fits.fit_properties import predict_rows

CONFIG = SO3ECNConfig(
    widths=(16, 16, 16),
    layers=2,
    crystal_targets=("band_gap", "magnetization", "metal"),
    site_targets=("site_moments",),
    dropout=0.1,
)
CRYSTALS = 120


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> PropertyRows:
    """Alloys whose properties are those of the atoms; some labels are missing."""
    crystals = [
        as_crystal(bulk(name, structure, a=a))
        for a in np.linspace(3.0, 3.4, CRYSTALS // 4)
        for name, structure in (
            ("FeCo", "cesiumchloride"),
            ("FeAl", "cesiumchloride"),
            ("Fe", "bcc"),
            ("Al", "bcc"),
        )
    ]
    packed = packed_labels(
        "alloys",
        (
            LabelledCrystal(
                c.numbers, c.cell, c.scaled_positions, 0.0, np.zeros((len(c), 3)), np.zeros(6), "x"
            )
            for c in crystals
        ),
        CONFIG.cutoff,
        "formation_energy",
        tmp_path_factory.mktemp("labels"),
    )
    of_element = {26: 2.2, 27: 1.7, 13: 0.0}
    sites = np.array([of_element[int(z)] for c in crystals for z in c.numbers])
    mean = np.array([np.mean([of_element[int(z)] for z in c.numbers]) for c in crystals])
    sites[::7] = np.nan
    known = np.where(np.arange(len(crystals)) % 5 == 0, np.nan, mean)
    targets = {"magnetization": known, "band_gap": known, "metal": np.ones(len(crystals))}
    return PropertyRows(packed, targets, {"site_moments": sites}, ["x"] * len(crystals))


@pytest.fixture(scope="module")
def network() -> SO3ECN:
    torch.manual_seed(0)
    model = SO3ECN(CONFIG).eval()
    assert model.heads is not None
    model.heads.shift[1] = 1.0
    return model


@pytest.mark.slow
def test_fresh_readouts_learn_and_the_rest_stays(network: SO3ECN, rows: PropertyRows) -> None:
    names = ["magnetization", "site_moments"]
    before = predict_rows(network, rows, "cpu")
    changed, errors = refit_heads(network, rows, rows, names, epochs=300)
    after = predict_rows(changed, rows, "cpu")
    for name, labels in (*rows.targets.items(), *rows.site_targets.items()):
        if name not in names:
            np.testing.assert_allclose(after[name], before[name], atol=1e-6)
            continue
        found = [float(np.nanmean(np.abs(p[name] - labels))) for p in (before, after)]
        np.testing.assert_allclose(errors[name], found, rtol=1e-4)
        assert found[1] < 0.2 * found[0]
    assert changed.config.attentive == ("band_gap", "band_gap_hse", "metal", "magnetization")
    rebuilt = SO3ECN.from_dict(changed.config.to_dict())
    rebuilt.load_state_dict(changed.state_dict())


@pytest.mark.slow
def test_a_readout_that_did_not_become_better_stays(network: SO3ECN, rows: PropertyRows) -> None:
    good, _ = refit_heads(network, rows, rows, ["magnetization"], epochs=300)
    same, errors = refit_heads(good, rows, rows, ["magnetization"], epochs=1)
    assert errors["magnetization"][1] > errors["magnetization"][0]
    for one, two in zip(good.parameters(), same.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["metal", "formation_energy", "fermi_level"])
def test_other_properties_are_refused(network: SO3ECN, rows: PropertyRows, name: str) -> None:
    with pytest.raises(OptionError, match=f"no readouts of {name}; possible: band_gap, magn"):
        refit_heads(network, rows, rows, [name], epochs=1)


def test_epochs_are_needed(network: SO3ECN, rows: PropertyRows) -> None:
    with pytest.raises(OptionError, match="epochs is 0; it must be at least 1"):
        refit_heads(network, rows, rows, ["magnetization"], epochs=0)


def test_heads_may_have_other_means_than_those_of_older_networks() -> None:
    model = SO3ECN(SO3ECNConfig(crystal_targets=("magnetization",), attentive=("magnetization",)))
    assert "heads.readouts.magnetization.attention.weight" in model.state_dict()
    old = {k: v for k, v in CONFIG.to_dict().items() if k != "attentive"}
    parts = SO3ECN.from_dict(old).state_dict()
    assert "heads.readouts.magnetization.attention.weight" not in parts
    assert "heads.readouts.band_gap.attention.weight" in parts
