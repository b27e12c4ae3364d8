from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from reproduce.__main__ import main
from reproduce.empnn_tables import experiments
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


def test_table_2_has_fifteen_networks_that_can_be_built() -> None:
    assert len(FIELD_SETS) == 15
    assert set(FIELDS) == {*FIELD_SETS, "feed forward", "DFT"}
    for row, fields in FIELD_SETS.items():
        model = configuration(Experiment(2, row, "mp_20"), Budget(features=4))["model"]
        network = EMPNN(EMPNNConfig(**{**model, "fields": tuple(model["fields"])}))
        assert network.config.fields == fields
        assert sum(p.numel() for p in network.parameters()) > 0


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
