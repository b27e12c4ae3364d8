"""Damaged rows, tables and files are told, and spoil no others."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.db import connect
from ase.io import write
from interrupted import fit_line, written
from screens import lattices

from ase_ecn.errors import ASEECNError, OptionError, StorageError
from ase_ecn.screening import failures


def damage(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)


def test_a_damaged_row_of_a_database_spoils_no_other(tmp_path: Path, run_screen: Callable) -> None:
    path = tmp_path / "in.db"
    with connect(path) as database:
        for atoms in lattices(8):
            database.write(atoms, number=1)
    damage(path, "UPDATE systems SET positions = ? WHERE id = 2", b"12345")
    damage(path, "UPDATE systems SET numbers = ? WHERE id = 3", b"\0" * 12)
    damage(path, "UPDATE systems SET cell = NULL WHERE id = 4")
    damage(path, "UPDATE systems SET key_value_pairs = ? WHERE id = 5", "{'no json")
    damage(path, "UPDATE systems SET positions = ? WHERE id = 6", np.zeros(6).tobytes())
    report = run_screen(path, tmp_path / "out.db")
    reasons = {failure.label: failure.reason for failure in failures(tmp_path / "out.db")}
    assert report.stored + report.failed == 8
    assert {"in.db#1", "in.db#7", "in.db#8"} <= set(written(tmp_path / "out.db"))
    assert {"in.db#2", "in.db#3", "in.db#5", "in.db#6"} <= set(reasons), reasons
    assert "damaged row" in reasons["in.db#2"]


def test_a_damaged_row_of_a_table_spoils_no_other(tmp_path: Path, run_screen: Callable) -> None:
    write(tmp_path / "x.cif", bulk("Cu"))
    good = (tmp_path / "x.cif").read_text()
    rows = [
        *[["a", good], ["b", good.replace("Cu", "\0\1")], ["c"], ["d", good[:200]]],
        *[["e", good, "too", "much"], ["f", good.replace("1.0", "1\xff0")], ["g", good]],
    ]
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="latin-1") as file:
        writer = csv.writer(file)
        writer.writerows([["id", "cif"], *rows])
    report = run_screen(path, tmp_path / "out.db")
    assert report.stored + report.failed == 7
    assert {"in.csv#0", "in.csv#6"} <= set(written(tmp_path / "out.db"))
    reasons = {failure.label: failure.reason for failure in failures(tmp_path / "out.db")}
    assert {"in.csv#1", "in.csv#2", "in.csv#3", "in.csv#5"} <= set(reasons)
    assert "nothing in column 'cif'" in reasons["in.csv#2"]


@pytest.mark.parametrize("name", ["in.csv.gz", "in.parquet"])
def test_a_table_that_ends_too_early_is_told(
    name: str, tmp_path: Path, run_screen: Callable
) -> None:
    import gzip

    path = tmp_path / name
    write(tmp_path / "x.cif", bulk("Cu"))
    good = (tmp_path / "x.cif").read_text()
    if name.endswith("gz"):
        quoted = good.replace('"', '""')
        text = "cif\n" + "".join(
            f'"{quoted}# {np.random.default_rng(k).random()}"\n' for k in range(99)
        )
        content = gzip.compress(text.encode())
        path.write_bytes(content[: len(content) // 2])
        report = run_screen(path, tmp_path / "out.db")
        assert report.stored > 0
    else:
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pa.table({"cif": [good] * 9}), path, compression="none")
        content = bytearray(path.read_bytes())
        content[100:400] = b"\xff" * 300
        path.write_bytes(content)
        report = run_screen(path, tmp_path / "out.db")
    assert report.failed > 0
    written(tmp_path / "out.db")


def test_a_damaged_frame_spoils_no_other(tmp_path: Path, run_screen: Callable) -> None:
    path = tmp_path / "in.extxyz"
    write(path, lattices(7))
    lines = path.read_text().splitlines(keepends=True)
    lines[5] = "Cu 0 zero 0\n"
    lines[3 * 4 + 1] = lines[3 * 4 + 1].replace('Lattice="', 'Lattice="x ')
    path.write_text("".join(lines))
    report = run_screen(path, tmp_path / "out.db")
    assert (report.stored, report.failed) == (5, 2)
    assert sorted(written(tmp_path / "out.db")) == [f"in.extxyz#{k}" for k in (0, 2, 3, 5, 6)]


def test_a_damaged_output_is_refused(tmp_path: Path, run_screen: Callable) -> None:
    out = tmp_path / "out.db"
    run_screen(lattices(30), out)
    content = out.read_bytes()
    out.write_bytes(content[: len(content) // 2])
    with pytest.raises(ASEECNError, match=r"out\.db"):
        run_screen(lattices(31), out)
    out.write_bytes(b"\xff" * 5000)
    with pytest.raises(OptionError, match="cannot open"):
        run_screen(lattices(31), out)


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        (b"CREATE TABLE screen_journal", b"CREATE TABL\xf3 screen_journal"),
        (b"none.cif", b"n\xf3ne.cif"),
    ],
    ids=["schema", "label"],
)
def test_text_that_is_not_utf_8_in_an_output_costs_no_other_file(
    was: bytes, is_: bytes, tmp_path: Path, run_screen: Callable
) -> None:
    """SQLite tells of the one in words that Python cannot decode; of the other its module does."""
    folder = tmp_path / "crystals"
    folder.mkdir()
    first, second = lattices(2)
    write(folder / "first.cif", first)
    (folder / "none.cif").write_text("no crystal\n")
    run_screen(folder, folder / "out.db")
    content = (folder / "out.db").read_bytes()
    assert was in content
    (folder / "out.db").write_bytes(content.replace(was, is_))
    write(folder / "second.cif", second)
    run_screen(folder, tmp_path / "all.db")
    assert {"first.cif", "second.cif"} <= set(written(tmp_path / "all.db"))
    with pytest.raises(ASEECNError, match=r"out\.db"):
        list(failures(folder / "out.db"))


def test_a_damaged_state_of_a_fit_is_told(tmp_path: Path) -> None:
    fit_line(tmp_path)
    state = tmp_path / "state.pt"
    content = state.read_bytes()
    for damaged in (b"", content[:-300], b"cposix\nsystem\n(S'exit 3'\ntR."):
        state.write_bytes(damaged)
        with pytest.raises(StorageError, match=r"state\.pt, which is damaged"):
            fit_line(tmp_path)
