"""The commands of ``python -m ase_ecn.training``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from toys import ECN_CONFIG, EMPNN_CONFIG, run_fit

from ase_ecn import ECNCalculator, LatticeRelaxer
from ase_ecn.checkpoint import load_checkpoint, read_card
from ase_ecn.training.__main__ import main


def test_an_ecn_is_fitted_saved_evaluated_and_used(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = run_fit(toy, "ecn", ECN_CONFIG)
    curve = (toy / "run" / "curve.csv").read_text().splitlines()
    assert len(curve) == 4
    assert "formation_energy_mae" in curve[0]
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.calc = ECNCalculator(weights)
    assert np.isfinite(atoms.get_potential_energy())
    fitted = ("formation_energy", "band_gap", "metal_probability")
    assert atoms.calc.properties == (*fitted, "energy_above_hull", "decomposition")
    with pytest.raises(ValueError, match="supported are"):
        bulk("Cu").calc = atoms.calc
    arguments = ["evaluate", str(weights), "--data", str(toy / "data"), "--write"]
    assert main([*arguments, "--device", "cpu"]) == 0
    assert "formation_energy_mae" in capsys.readouterr().out
    test = atoms.calc.predictor.card.content["test"]
    assert test == {}  # loaded before the evaluation
    assert "metal_auc" in ECNCalculator(weights).predictor.card.content["test"]


def test_an_empnn_is_fitted_saved_evaluated_and_used(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = run_fit(toy, "empnn", EMPNN_CONFIG)
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    LatticeRelaxer(atoms, checkpoint=weights, device="cpu", logfile=None).run(steps=2)
    assert main(["evaluate", str(weights), "--data", str(toy / "data"), "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "lengths_improvement" in out
    assert "relaxed_moved_mean" in out


def test_a_fit_to_the_validation_split_too_holds_nothing_out(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = run_fit(toy, "ecn", ECN_CONFIG.replace("perov_5}", "perov_5, with_val: true}"))
    card = read_card(weights).content
    assert card["split"]["crystals"] == {"train": 48}
    assert "training and validation parts together" in card["split"]["name"]
    assert card["validation"] == {}
    assert "mae" not in (toy / "run" / "curve.csv").read_text()
    averaged = torch.load(toy / "run" / "state.pt", weights_only=True)["average"]
    for name, weight in load_checkpoint(weights).model.state_dict().items():
        assert torch.equal(weight, averaged[f"module.{name}"])
    evaluation = ["evaluate", str(weights), "--data", str(toy / "data"), "--device", "cpu"]
    assert main(evaluation) == 0
    assert main([*evaluation, "--split", "val"]) == 1
    assert "no validation split is held out" in capsys.readouterr().err


def test_results_go_to_runs_by_default(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(toy)
    (toy / "c.yaml").write_text(ECN_CONFIG)
    arguments = ["--config", "c.yaml", "--data", "data", "--device", "cpu"]
    assert main(["fit-ecn", *arguments]) == 0
    assert (toy / "runs" / "toy" / "toy.safetensors").is_file()
