from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from baseline_toys import run, rutiles

from ase_ecn.errors import DatasetError, OptionError
from reproduce.baselines import parts as baseline_parts
from reproduce.baselines.fit_baseline import (
    table_scores,
)
from reproduce.baselines.parts import Splits
from reproduce.baselines.tables import BaselineResult, format_table
from reproduce.commands import baselines_command


@pytest.mark.slow
def test_site_moments_as_a_data_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    seeds = {"train": 0, "val": 1, "test": 2}
    monkeypatch.setattr(
        baseline_parts, "site_moment_split", lambda data, name, split: rutiles(24, seeds[split])
    )
    (tmp_path / "data").mkdir()
    arguments = ["--data-set", "site_moments", "--models", "median,schnet", "--epochs", "1"]
    assert run(tmp_path, *arguments, "--compare", "ecn-mp20") == 0
    printed = capsys.readouterr().out
    assert "paper" not in printed
    rows = [line.split("|")[1].split(",")[0].strip() for line in printed.splitlines()]
    assert rows[3:] == ["median", "schnet", "ecn-mp20"]
    assert "site moments (µB)" in printed
    stored = Splits("site_moments", tmp_path / "data").part("val", "within5")
    assert len(stored.labels["site_moments"]) == len(stored.graphs.numbers)


def test_scores_of_the_tables() -> None:
    labels = {
        "band_gap": np.array([0.0, 2.0, np.nan, 1.0]),
        "metal": np.array([1.0, 0.0, np.nan, 0.0]),
    }
    predictions = {
        "band_gap": np.array([1.0, 2.0, 9.0, 1.5]),
        "metal": np.array([0.9, 0.7, 0.1, 0.2]),
    }
    scores = table_scores(predictions, labels)
    assert scores["band_gap_mae"] == pytest.approx(0.5)
    assert scores["band_gap_mae_insulators"] == pytest.approx(0.25)
    assert scores["metal_auc"] == 1.0
    assert (scores["metal_precision"], scores["nonmetal_precision"]) == (0.5, 1.0)


@pytest.mark.slow
def test_the_command_fits_prints_and_goes_on(
    toy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--models", "mean,trees,cgcnn", "--epochs", "2", "--seeds", "2"]
    assert run(toy, *arguments) == 0
    first = capsys.readouterr().out
    assert "0.052 ± 0.001" in first
    rows = [line for line in first.splitlines() if "cgcnn, 2 epochs at 0.0012" in line]
    assert len(rows) == 1
    assert rows[0].count("±") >= 3
    lines = (toy / "out" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["model"] for line in lines] == ["mean"] + 2 * ["trees"] + 2 * ["cgcnn"]
    assert json.loads(lines[-1])["parameters"] > 1000

    monkeypatch.setattr(baselines_command, "_run_one", lambda *_: pytest.fail("fitted again"))
    assert run(toy, *arguments) == 0
    assert capsys.readouterr().out == first
    assert run(toy, "--table-only", "--compare", "ecn-mp20") == 0
    assert "| ecn-mp20" in capsys.readouterr().out


def test_the_table_of_perovskites() -> None:
    results = [
        BaselineResult("perov_5", "schnet", seed, 9, 0.001, 1, 1.0, {"heat_all_mae": 0.05 + seed})
        for seed in (0, 1)
    ]
    others = BaselineResult("mp_20", "mean", 0, 0, 0.0, 0, 1.0, {})
    table = format_table("perov_5", [*results, others])
    assert "0.038 ± 0.004" in table
    assert "| 0.550 ± 0.707 |" in table
    assert "mean" not in table


def test_bad_options_and_files_are_refused(toy: Path) -> None:
    with pytest.raises(OptionError, match=r"unknown models cgcn; known are mean.*schnet"):
        run(toy, "--models", "cgcn")
    with pytest.raises(OptionError, match="no models"):
        run(toy, "--models", "")
    with pytest.raises(OptionError, match="positive"):
        run(toy, "--epochs", "0")
    (toy / "out").mkdir()
    (toy / "out" / "results.jsonl").write_text("{}\n")
    with pytest.raises(DatasetError, match="no result"):
        run(toy, "--table-only")
