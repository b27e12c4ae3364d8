"""The test table of a lattice network that moves atoms."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from toys import rocksalts

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.training.data.relaxation_pairs import Pairs
from ase_ecn.training.release import evaluate_moving as module
from ase_ecn.training.release.evaluate import evaluate


def test_a_network_that_changes_nothing_leaves_the_errors_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crystals = rocksalts(6).crystals
    starts = [crystal.with_cell(1.04 * crystal.cell) for crystal in crystals]
    monkeypatch.setattr(module, "relaxation_pairs", lambda *_: Pairs(starts, crystals))
    monkeypatch.setattr(module, "load_crystals", lambda *_: crystals)
    model = EMPNN(EMPNNConfig(features=8, plain_layers=1, deforming_layers=1, positions=True))
    for layer in model.deforming:
        torch.nn.init.zeros_(layer.weight.weight)
        torch.nn.init.zeros_(layer.pull.weight)
    section = {
        "network": "empnn",
        "name": "still",
        "data": {"name": "perov_5"},
        "model": {"features": 8, "plain_layers": 1, "deforming_layers": 1, "positions": True},
        "rattle": 0.1,
        "fit": {"epochs": 1},
    }
    card = {"name": "still", "elements": list(range(1, 90)), "configuration": section}
    save_checkpoint(tmp_path / "still.safetensors", model, card)
    scores = evaluate(tmp_path / "still.safetensors", tmp_path)
    assert scores["hypothetical_crystals"] == scores["relaxed_crystals"] == 6
    for name in ("lengths_mean", "lengths_median"):
        assert scores[f"hypothetical_start_{name}"] == pytest.approx(0.04)
        assert scores[f"hypothetical_{name}"] == pytest.approx(0.04, abs=1e-6)
        assert scores[f"relaxed_{name}"] == pytest.approx(0, abs=1e-6)
    assert scores["hypothetical_atoms_mean"] == pytest.approx(0, abs=1e-6)
