"""Uncertainties of SO(3)-equivariant networks, from crystals that were held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.training.data.dft_labels import ABOVE_HULL
from ase_ecn.training.data.labels import LabelledCrystal, PackedLabels, packed_labels
from ase_ecn.training.data.property_rows import PropertyRows
from ase_ecn.training.release.calibrate_so3 import (
    Scored,
    by_stability,
    pooled_and_predicted,
    with_so3_spreads,
)
from ase_ecn.training.release.spread_heads import BOUND

CRYSTALS = 300
CONFIG = SO3ECNConfig(widths=(16, 16, 16), layers=2, crystal_targets=("band_gap",))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedLabels:
    rows = []
    for k in range(CRYSTALS):
        crystal = as_crystal(bulk("NaCl", "rocksalt", a=5.0 + k / CRYSTALS))
        numbers, cell, scaled = crystal.numbers, crystal.cell, crystal.scaled_positions
        zeros = np.zeros((len(numbers), 3)), np.zeros(6)
        rows.append(LabelledCrystal(numbers, cell, scaled, 0.0, *zeros, f"x{k}"))
    folder: Path = tmp_path_factory.mktemp("labels")
    return packed_labels("salts", iter(rows), CONFIG.cutoff, "formation_energy", folder)


def single() -> SO3Network:
    torch.manual_seed(0)
    return SO3ECN(CONFIG).eval()


def ensemble() -> SO3Network:
    torch.manual_seed(1)
    return SO3Ensemble([SO3ECN(CONFIG), SO3ECN(CONFIG)]).eval()


@pytest.mark.parametrize("network", [single(), ensemble()], ids=["one", "ensemble"])
def test_nine_in_ten_errors_of_each_kind_are_in_their_intervals(
    network: SO3Network, packed: PackedLabels, rng: np.random.Generator
) -> None:
    """Also of the few whose errors are three times as large, which teach the heads nothing."""
    near, far = np.arange(0, CRYSTALS, 2), np.arange(1, CRYSTALS, 2)
    parts = []
    for indices, size in ((near, 0.1), (far, 0.3)):
        _, found = pooled_and_predicted(network, Scored(packed, indices, {}))
        labels = found["formation_energy"] + size * rng.laplace(size=len(indices))
        targets = {"formation_energy": labels}
        parts.append(Scored(packed, indices, targets, for_factors=indices is far))
    calibrated, coverage = with_so3_spreads(network, parts, ("formation_energy",))
    shares = []
    for part in parts:
        _, found = pooled_and_predicted(calibrated, part)
        off = np.abs(found["formation_energy"] - part.targets["formation_energy"])
        shares.append(float((off <= BOUND * found["formation_energy_std"]).mean()))
    assert shares[1] == pytest.approx(0.9, abs=0.01)
    assert shares[0] > 0.97
    assert coverage["formation_energy"] > 0.9
    again, _ = with_so3_spreads(calibrated, parts, ("formation_energy",))
    for one, two in zip(again.parameters(), calibrated.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_errors_of_labels_count(packed: PackedLabels) -> None:
    """A network that repeats what a potential says is off by what the potential is off by."""
    indices, network = np.arange(CRYSTALS), single()
    _, found = pooled_and_predicted(network, Scored(packed, indices, {}))
    part = Scored(packed, indices, {"formation_energy": found["formation_energy"]}, label_error=0.2)
    calibrated, _ = with_so3_spreads(network, [part], ("formation_energy",))
    _, found = pooled_and_predicted(calibrated, part)
    # Nine in ten of Laplace's errors are within ln 10 of their mean absolute value.
    expected = 0.2 * np.log(10) / BOUND
    assert np.median(found["formation_energy_std"]) == pytest.approx(expected, rel=0.3)


def test_crystals_far_above_the_hull_are_a_part_of_their_own(packed: PackedLabels) -> None:
    above = np.full(CRYSTALS, np.nan)
    above[:60], above[60:100] = 0.1, 0.09
    targets = {ABOVE_HULL: above, "band_gap": np.arange(CRYSTALS, dtype=float)}
    rows = PropertyRows(packed, targets, {}, [f"x{k}" for k in range(CRYSTALS)])
    near, far = by_stability(rows)
    assert (near.for_factors, far.for_factors) == (False, True)
    np.testing.assert_array_equal(far.indices, np.arange(60))
    np.testing.assert_array_equal(near.indices, np.arange(60, CRYSTALS))
    np.testing.assert_array_equal(near.targets["band_gap"], near.indices)
    above[20:60] = 0.0  # too few to say anything
    (everything,) = by_stability(rows)
    assert len(everything.indices) == CRYSTALS
