from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.db import connect
from ase.db.core import check
from ase.io import write
from pages import column
from screens import lattices

from ase_ecn.report import write_report
from ase_ecn.screening.input_keys import as_pairs, input_pairs, taken_by_screens


def test_names_become_keys_that_ase_allows() -> None:
    columns = {
        "prototype": "rocksalt",
        "number": "42",
        "checked": "True",
        "rank": np.int64(3),
        "band gap (eV)": 1.5,
        "band_gap": 2.5,
        "band_gap_std": 0.1,
        "input_band_gap": 3.5,
        "energy": -1.0,
        "Si": 1,
        "CO2": 2,
        "größe": 4.0,
        "1st": "a",
        "hull": "b",
        "refined_energy": 5.0,
        "empty": "",
        "none": None,
        "nan": float("nan"),
        "list": [1, 2],
        "hardness": 7.0,
    }
    pairs, keys = as_pairs(columns, taken_by_screens({"hardness"}))
    check(pairs)  # ASE's own opinion
    assert pairs == {
        "prototype": "rocksalt",
        "number": "'42'",
        "checked": True,
        "rank": 3,
        "band_gap_eV": 1.5,
        "input_band_gap_2": 2.5,
        "input_band_gap_std": 0.1,
        "input_band_gap": 3.5,
        "input_energy": -1.0,
        "input_Si": 1,
        "input_CO2": 2,
        "gr_e": 4.0,
        "input_1st": "a",
        "input_hull": "b",
        "input_refined_energy": 5.0,
        "input_hardness": 7.0,
    }
    assert list(keys) == [name for name in columns if name not in ("empty", "none", "nan", "list")]


def test_keys_of_a_database_stay_keys(
    tmp_path: Path, run_screen: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(tmp_path / "in.db") as database:
        for k, atoms in enumerate(lattices(3)):
            database.write(atoms, prototype=("fcc", "bcc")[k % 2], band_gap=1.0 + k, source="mine")
    with caplog.at_level(logging.WARNING):
        run_screen(tmp_path / "in.db", tmp_path / "out.db", batch_size=1)
    told = [record.message for record in caplog.records]
    assert len(told) == 1
    assert "band_gap as input_band_gap" in told[0]
    assert "prototype" not in told[0]
    out = connect(tmp_path / "out.db")
    assert [row.source for row in out.select("prototype=fcc")] == ["in.db#1", "in.db#3"]
    (row,) = out.select("input_band_gap>2.5")
    assert input_pairs(row) == {"prototype": "fcc", "input_band_gap": 3.0, "input_source": "mine"}
    assert row.band_gap != row.input_band_gap
    write_report(tmp_path / "out.db", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert sorted(column(page, "prototype")) == ["bcc", "fcc", "fcc"]
    assert sorted(column(page, "given_band_gap")) == [1.0, 2.0, 3.0]
    # The output of a screen is an input as any other.
    assert run_screen(tmp_path / "out.db", tmp_path / "next.db").stored == 3
    (row,) = connect(tmp_path / "next.db").select("input_band_gap=3,prototype=fcc")
    assert row.input_source == "mine"
    assert row.input_source_2 == "in.db#3"


def test_columns_of_tables_and_comments_of_frames_are_keys(
    tmp_path: Path, run_screen: Callable
) -> None:
    write(tmp_path / "cu.vasp", bulk("Cu"))
    (tmp_path / "in.csv").write_text("file,made by,rank\ncu.vasp,me,3\ncu.vasp,,4\n")
    run_screen(tmp_path / "in.csv", tmp_path / "table.db")
    (row,) = connect(tmp_path / "table.db").select("made_by=me")
    assert row.rank == 3
    assert row.data["input"] == {"made by": "me", "rank": 3}
    assert len(list(connect(tmp_path / "table.db").select("rank>3"))) == 1
    frames = lattices(2)
    for k, atoms in enumerate(frames):
        atoms.info |= {"sample": f"s{k}", "done": True, "vector": [1, 2, 3]}
    write(tmp_path / "in.extxyz", frames)
    for source, out in ((tmp_path / "in.extxyz", "frames.db"), (frames, "memory.db")):
        run_screen(source, tmp_path / out)
        (row,) = connect(tmp_path / out).select("sample=s1,done=True")
        assert "vector" not in row.key_value_pairs


def test_keys_are_columns_of_parquet_tables(tmp_path: Path, run_screen: Callable) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    frames = lattices(4)
    given = [{"sample": "a"}, {"sample": "b", "rank": 1}, {"rank": 2.5}, {"sample": 7, "ok": True}]
    for atoms, info in zip(frames, given, strict=True):
        atoms.info |= info
    run_screen(frames, tmp_path / "out.parquet")
    table = parquet.read_table(tmp_path / "out.parquet")
    columns = table.to_pydict()
    assert columns["sample"] == ["a", "b", None, "7"]
    assert columns["rank"] == [None, 1.0, 2.5, None]
    assert columns["ok"] == [None, None, None, True]
    assert columns["out_of_domain"] == [False] * 4
    assert json.loads(columns["input"][1]) == {"sample": "b", "rank": 1}
