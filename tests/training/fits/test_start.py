"""Fits that start from a checkpoint, or from a member of an ensemble."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from toys import EMPNN_CONFIG, run_fit

from ase_ecn.checkpoint import load_checkpoint, read_card, save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CheckpointError
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble
from ase_ecn.training.fits.start import beginning, start_from


def test_a_fit_may_start_from_a_checkpoint(toy: Path) -> None:
    first = run_fit(toy, "empnn", EMPNN_CONFIG, "first")
    still = EMPNN_CONFIG.replace("learning_rate: 0.01", "learning_rate: 1.0e-12")
    second = run_fit(toy, "empnn", f"init: {first}\n{still}", "second")
    one, two = load_checkpoint(first).model, load_checkpoint(second).model
    for a, b in zip(one.parameters(), two.parameters()):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)
    assert read_card(second).content["init"]["sha256"] == read_card(first).sha256
    with pytest.raises(CheckpointError, match="architecture"):
        start_from(two, "empnn-mp20")


def test_a_fit_may_start_from_a_member_of_an_ensemble(tmp_path: Path) -> None:
    config = SO3ECNConfig(widths=(16, 16, 16), layers=2)
    members = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        members.append(SO3ECN(config))
    path = tmp_path / "both.safetensors"
    content = {"name": "both", "version": "v1", "elements": [11], "properties": {}}
    said = [{"sha256": str(seed), "seed": seed} for seed in (0, 1)]
    save_checkpoint(path, SO3Ensemble(members), {**content, "members": said})
    for number, chosen in (("", 0), ("#1", 0), ("#2", 1)):
        network = SO3ECN(config)
        start_from(network, f"{path}{number}")
        for mine, theirs in zip(network.parameters(), members[chosen].parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=0, atol=0)
        assert beginning(f"{path}{number}").content["seed"] == chosen
    for wrong in ("#3", "#0", "#x"):
        with pytest.raises(CheckpointError, match="has the members #1 to #2"):
            beginning(f"{path}{wrong}")


def test_gains_of_elements_may_be_fresh_and_change_nothing(tmp_path: Path) -> None:
    config = SO3ECNConfig(widths=(16, 16, 16), layers=2)
    torch.manual_seed(0)
    source = SO3ECN(config)
    path = tmp_path / "one.safetensors"
    save_checkpoint(
        path, source, {"name": "one", "version": "v1", "elements": [11], "properties": {}}
    )
    network = SO3ECN(replace(config, element_gains=True))
    start_from(network, str(path))
    crystals = [as_crystal(bulk("NaCl", "rocksalt", a=5.6)), as_crystal(bulk("Cu"))]
    before = source.energies_alone(crystals, forces=True)
    after = network.energies_alone(crystals, forces=True)
    assert before is not None
    assert after is not None
    np.testing.assert_allclose(after.values, before.values, atol=1e-6)
    # The other way round they would be lost.
    save_checkpoint(
        path, network, {"name": "one", "version": "v1", "elements": [11], "properties": {}}
    )
    with pytest.raises(CheckpointError, match="architecture"):
        start_from(SO3ECN(config), str(path))
