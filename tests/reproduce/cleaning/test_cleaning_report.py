from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from ase_ecn.errors import OptionError
from ase_ecn.training.data.datasets import (
    TRAIN_MARK,
    Dataset,
)
from reproduce.__main__ import parser
from reproduce.cleaning.cleaning_report import (
    PAPER_COUNTS,
    histogram_figure,
    histograms,
    target_statistics,
)
from reproduce.cleaning.materials_project import clean
from reproduce.commands import clean_command


def test_statistics(toy: Dataset) -> None:
    cleaned = clean(toy, processes=1)
    statistics = target_statistics(cleaned)
    assert TRAIN_MARK not in statistics
    energy = statistics["formation_energy"]
    assert energy.count == 4
    assert energy.mean == pytest.approx(np.mean([-1.1, -0.9, 0.2, -1.5]))
    assert energy.deviation == pytest.approx(np.std([-1.1, -0.9, 0.2, -1.5]))
    gap = statistics["band_gap"]  # of insulators
    assert (gap.count, gap.mean) == (2, 4.5)
    values = histograms(cleaned)
    assert values["sites"].tolist() == [0, 1, 2, 0, 1]
    assert values["degree"].sum() == len(cleaned.degrees) == 9
    left, right = histogram_figure(cleaned).axes
    assert sum(bar.get_height() for bar in left.patches) == 4
    assert sum(bar.get_height() for bar in right.patches) == 9


def test_figures_say_when_matplotlib_is_missing(
    toy: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned = clean(toy, processes=1)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(OptionError, match=r"ase-ecn\[plots\]"):
        histogram_figure(cleaned)


def command(*arguments: str) -> int:
    options = parser().parse_args(["clean", *arguments])
    return options.run(options)


def test_the_command_writes_splits_and_statistics(
    toy: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        clean_command, "SETS", {"mp_20": lambda data: toy, "mp_extra": lambda data: toy}
    )
    out = tmp_path / "out"
    assert command("--data", str(tmp_path), "--out", str(out), "--processes", "1") == 0
    printed = capsys.readouterr().out
    assert "126126" in printed
    assert "-1.42" in printed
    ids = []
    for part in ("train", "val", "test"):
        with (out / f"{part}.csv").open() as file:
            ids += [row["material_id"] for row in csv.DictReader(file)]
    assert sorted(ids) == ["id-1", "id-2", "id-7", "id-9"]
    with (out / "counts.csv").open() as file:
        counts = {row["stage"]: row for row in csv.DictReader(file)}
    assert counts["e"]["entries"] == "4"
    assert {k: int(row["paper"]) for k, row in counts.items()} == PAPER_COUNTS
    assert (out / "targets.csv").read_text().startswith("target,unit,labels,mean,std,paper_mean")
    assert "degree,12,1\n" in (out / "histograms.csv").read_text().replace("\r", "")
    assert (out / "histograms.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OptionError, match="unknown sets mp_21; known are mp_20, mp_extra"):
        command("--data", str(tmp_path), "--out", str(out), "--sets", "mp_20,mp_21")
    with pytest.raises(OptionError, match="at least 1"):
        command("--data", str(tmp_path), "--out", str(out), "--processes", "0")
