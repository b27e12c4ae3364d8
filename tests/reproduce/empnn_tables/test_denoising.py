from __future__ import annotations

from pathlib import Path

import pytest

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from reproduce.__main__ import main
from reproduce.empnn_tables.denoising import denoising_table


def test_a_checkpoint_is_tested_on_any_noise(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["denoise", "empnn-mp20", "--dataset", "perov_5", "--limit", "4"]
    arguments += ["--data", str(data), "--device", "cpu"]
    tables = {}
    for sigma in ("0.0", "0.1"):
        energy = ["--energy", "ecn-mp20"] if sigma == "0.1" else []
        assert main([*arguments, "--sigma", sigma, *energy]) == 0
        lines = capsys.readouterr().out.splitlines()
        values = {x.split(" | ")[0].strip("| "): x.split(" | ")[1:] for x in lines[2:]}
        tables[sigma] = {k: [float(v.strip("| ")) for v in row] for k, row in values.items()}
    assert lines[0] == "| | no change | mean density | one application | relaxer |"
    assert tables["0.0"]["lengths_noise"] == [0, 0, 0, 0]
    noisy = tables["0.1"]
    assert noisy["lengths_improvement"][0] == noisy["energy_change"][0] == 0
    assert noisy["angles_improvement"][1] == pytest.approx(0, abs=1e-6)
    assert noisy["angles_removed"][3] > 0.8
    assert noisy["log_strain"][3] < noisy["log_strain"][0]
    assert main([*arguments, "--sigma", "-1"]) == 1
    assert main([*arguments, "--energy", "ecn-perov5"]) == 1


def test_noise_is_the_same_for_the_same_seed(data: Path, tmp_path: Path) -> None:
    card = dict.fromkeys(("name", "version", "seed", "epochs", "hardware", "wall_time_s"), "")
    card["configuration"] = {"data": {"name": "perov_5"}}
    card["elements"] = [11, 17]
    model = EMPNN(EMPNNConfig(features=8, plain_layers=1, deforming_layers=1))
    save_checkpoint(tmp_path / "x.safetensors", model.eval(), card)
    tables = [
        denoising_table(tmp_path / "x.safetensors", data, seed=seed, limit=2) for seed in (1, 1, 2)
    ]
    assert tables[0] == tables[1]
    assert tables[0]["no change"]["lengths_noise"] != tables[2]["no change"]["lengths_noise"]
