"""The experiments of the EMPNN paper as commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.training.data.datasets import READERS, Dataset
from ase_ecn.training.fits.fit_empnn import model_config
from reproduce.__main__ import main
from reproduce.empnn_tables import experiments
from reproduce.empnn_tables.denoising import denoising_table
from reproduce.empnn_tables.experiments import (
    Budget,
    Experiment,
    configuration,
    table_experiments,
)
from reproduce.empnn_tables.paper import DATASETS, FIELD_SETS, FIELDS

TINY = [
    *("--epochs", "1", "--batch-size", "4", "--features", "8", "--plain-layers", "1"),
    *("--deforming-layers", "1", "--device", "cpu", "--datasets", "perov_5"),
]


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Eight crystals in place of Perov-5."""
    crystals = [as_crystal(bulk("NaCl", "rocksalt", a=5 + 0.1 * k)) for k in range(8)]
    dataset = Dataset("toy", [str(k) for k in range(8)], crystals)
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(READERS, "perov_5", lambda data, split: dataset)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_table_2_has_fifteen_networks_that_can_be_built() -> None:
    assert len(FIELD_SETS) == 15
    assert set(FIELDS) == {*FIELD_SETS, "feed forward", "DFT"}
    for row, fields in FIELD_SETS.items():
        model = configuration(Experiment(2, row, "mp_20"), Budget(features=4))["model"]
        assert model_config(model).fields == fields
        assert sum(p.numel() for p in EMPNN(model_config(model)).parameters()) > 0


def test_figures_of_the_paper_stand_where_they_belong() -> None:
    rows = {(e.table, e.row, e.dataset): e.paper for e in table_experiments()}
    assert rows[1, "parameter-mse", "perov_5"] == (0.983, 15.437)
    assert rows[2, "symmetric gradient: edges + triplets + area", "mp_20"] == (0.124, 1.160)
    assert rows[2, "feed forward", "perov_5"] == (0.303, 6.438)
    assert rows[3, "EMPNN", "carbon_24"] == (0.200, 3.199)
    assert rows[3, "EMPNN", "perov_5"] is None
    assert rows[1, "log-strain", "mp_20"] is None
    best = np.max([[FIELDS[row][d] for d in DATASETS] for row in FIELD_SETS], axis=0)
    np.testing.assert_array_equal(best, [[0.107, 1.375], [0.124, 1.479], [0.296, 5.765]])


def test_tables_are_printed_beside_the_papers_and_not_redone(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["metric-mae", "gradient: edges", "symmetric gradient: edges", "feed forward"]
    rows += ["no change", "mean density"]
    arguments = ["tables", *TINY, "--rows", *rows, "--out", str(tmp_path / "out")]
    assert main([*arguments, "--data", str(data)]) == 0
    printed = capsys.readouterr().out
    lines = {line.split(" | ")[0].strip("| "): line for line in printed.splitlines()}
    assert "| 0.964 / 15.074 | 1 | 2 | 8 / 8 |" in lines["metric-mae"]
    assert "| 0.259 / 4.654 | 1 | 2 |" in lines["gradient: edges"]
    assert "| 0.281 / 5.134 | 1 | 2 |" in lines["symmetric gradient: edges"]
    # Both rows have the same fields, so that the network is fitted once.
    ours = {row: lines[row].split(" | ")[2] for row in lines if "gradient" in row}
    assert len(set(ours.values())) == 1
    assert "not fitted" in lines["no change"]
    assert "0.000 / 0.000" in lines["no change"]
    assert "not run | 0.150 / -1.446" in lines["DFT"]
    assert printed.count("Table") == 3

    def refuse(*_: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(experiments, "fit_lattice_network", refuse)
    assert main([*arguments, "--data", str(data)]) == 0
    assert capsys.readouterr().out == printed
    assert main([*arguments, "--data", str(data), "--rows", "DFT"]) == 1


def test_reconstruction_starts_from_a_cube(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["reconstruct", *TINY, "--rows", "EMPNN", "mean density", "--epochs", "2"]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--data", str(data)]) == 0
    printed = capsys.readouterr().out
    edges = (5 + 0.1 * np.arange(8)) / np.sqrt(2)
    results = [json.loads(f.read_text()) for f in (tmp_path / "out").glob("*/result.json")]
    assert len(results) == 2
    for result in results:
        assert result["scores"]["lengths_noise"] == pytest.approx((edges - 1).mean())
        assert f"{result['lengths']:.3f} / {result['angles']:.3f}" in printed
        assert result["lengths"] < (edges - 1).mean()
    (density,) = (r for r in results if r["steps"] == 0)
    # A cube with the volume of a rhombohedron of 60 degrees.
    assert density["angles"] == pytest.approx(30)
    assert "| 2 | 4 | 8 / 8 |" in printed


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
