"""One folder with a file of each kind that has ever ended a screen, beside good ones."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from ase.build import bulk
from ase.db import connect
from ase.io import write

from ase_ecn.screening import failures

GOOD = {
    "@one.vasp": "Cu",
    "M\\xfcller.vasp": "Cu",
    "NaCl.cif": "Na4Cl4",
    "blank-lines.extxyz#0": "Cu",
    "blank-lines.extxyz#1": "Ag",
    "byte-order-mark.cif": "Na4Cl4",
    "empty-contcar/POSCAR": "Cu",
    "frames.extxyz#0": "Cu",
    "frames.extxyz#2": "Au",
    "others.db#1": "Cu",
    "others.db#3": "Ag",
    "relaxed-twice/CONTCAR.relax2.gz": "Ag",
    "same/a/POSCAR": "Cu",
    "same/b/POSCAR": "Ag",
    "table.csv#0": "Na4Cl4",
    "table.csv#2": "Na4Cl4",
}
EVIL = {
    "binary.cif",
    "empty.cif",
    "frames.extxyz#1",
    "half.cif",
    "link-to-itself",
    "link-to-nowhere.cif",
    "mixed-site.cif",
    "not-a-database.db",
    "notes.txt",
    "others.db#2",
    "overlapping.vasp",
    "table.csv#1",
}


def put(path: Path, symbol: str, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, bulk(symbol), format="vasp")
    path.write_text(path.read_text() + text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    root.mkdir()
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    write(root / "NaCl.cif", salt)
    cif = (root / "NaCl.cif").read_text()
    _write_other_texts(root, cif)
    _write_other_folders(root)
    write(root / "frames.extxyz", [bulk("Cu"), bulk("Cu"), bulk("Au")], format="extxyz")
    frames = (root / "frames.extxyz").read_text().splitlines(keepends=True)
    frames[5] = frames[5].replace("Cu", "Xx")
    (root / "frames.extxyz").write_text("".join(frames))
    with connect(root / "others.db") as database:
        for symbol in ("Cu", "Ni", "Ag"):
            database.write(bulk(symbol), note=symbol)
    with sqlite3.connect(root / "others.db") as connection:
        connection.execute("UPDATE systems SET positions = x'00' WHERE id = 2")
    connection.close()
    (root / "link-to-nowhere.cif").symlink_to("/nowhere/at/all")
    (root / "link-to-parent").symlink_to("..")
    (root / "link-to-itself").symlink_to("link-to-itself")
    os.mkfifo(root / "pipe.vasp")  # is passed over: reading it would wait for ever
    return root


def _write_other_texts(root: Path, cif: str) -> None:
    (root / "byte-order-mark.cif").write_bytes(b"\xef\xbb\xbf" + cif.encode())
    (root / "half.cif").write_text(cif[: len(cif) // 2])
    (root / "empty.cif").touch()
    (root / "binary.cif").write_bytes(bytes(range(256)) * 8)
    mixed = cif.replace("0.0  0.0  0.0  1.0000", "0.0  0.0  0.0  0.5000", 1)
    assert mixed != cif
    (root / "mixed-site.cif").write_text(mixed)
    (root / "notes.txt").write_text("NaCl is done, see NaCl.cif")
    (root / "not-a-database.db").write_bytes(b"SQLite format 3\0" + bytes(200))
    quoted = '"' + cif.replace('"', '""') + '"'
    (root / "table.csv").write_text(f"cif\n{quoted}\nnothing\n{quoted}\n")
    put(root / "@one.vasp", "Cu")
    put(root / "overlapping.vasp", "Si")
    text = (root / "overlapping.vasp").read_text().splitlines()
    (root / "overlapping.vasp").write_text("\n".join([*text[:-1], text[-2]]) + "\n")
    put(root / "odd.vasp", "Cu")
    (root / "odd.vasp").rename(os.fsdecode(os.fsencode(root) + b"/M\xfcller.vasp"))
    write(root / "a.xyz", [bulk("Cu"), bulk("Ag")], format="extxyz")
    lines = (root / "a.xyz").read_text().splitlines()
    (root / "a.xyz").unlink()
    (root / "blank-lines.extxyz").write_text("\n".join([*lines[:3], "", "", *lines[3:], "", ""]))


def _write_other_folders(root: Path) -> None:
    put(root / "empty-contcar" / "POSCAR", "Cu")
    (root / "empty-contcar" / "CONTCAR").touch()
    for step, symbol in ((1, "Cu"), (2, "Ag")):
        put(root / "relaxed-twice" / "CONTCAR", symbol)
        text = (root / "relaxed-twice" / "CONTCAR").read_bytes()
        (root / "relaxed-twice" / f"CONTCAR.relax{step}.gz").write_bytes(gzip.compress(text))
    (root / "relaxed-twice" / "CONTCAR").unlink()
    put(root / "same" / "a" / "POSCAR", "Cu")
    put(root / "same" / "b" / "POSCAR", "Ag")
    (root / "folder.cif").mkdir()


def test_all_good_ones_are_screened_and_the_others_said(folder: Path, run_screen: Callable) -> None:
    out = folder / "out.db"  # within its input
    first = run_screen(folder, out)
    screened = {row.source: row.formula for row in connect(out).select()}
    assert screened == GOOD
    failed = {failure.label: failure.reason for failure in failures(out)}
    assert set(failed) == EVIL
    assert all(failed.values())
    assert first.computed == len(GOOD) + len(EVIL)
    assert run_screen(folder, out).computed == 0
