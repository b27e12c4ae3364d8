from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

from ase_ecn.readers.folders import file_groups
from ase_ecn.screening import (
    count_structures,
    read_structures,
)


def test_folders_are_read_and_runs_count_once(tmp_path: Path) -> None:
    for name in ("first", "second/inner"):
        run = tmp_path / name
        run.mkdir(parents=True)
        for file in ("POSCAR", "CONTCAR"):
            write(run / file, bulk("Cu"), format="vasp")
        (run / "INCAR").write_text("NSW = 1\n")
    write(tmp_path / "a.cif", bulk("Fe"))
    labels = [entry.label for entry in read_structures(tmp_path)]
    assert labels == ["a.cif", "first/CONTCAR", "second/inner/CONTCAR"]
    assert count_structures(tmp_path) == 3


def labels(folder: Path) -> list[str]:
    found = list(read_structures(folder))
    assert count_structures(folder) <= len(found)
    return [source.label for source in found if not source.problem]


def put(path: Path, atoms: Atoms) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    write(text, atoms, format="vasp")
    opened = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}.get(path.suffix, open)
    with opened(path, "wt") as stream:
        stream.write(text.getvalue())


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["POSCAR.gz", "CONTCAR.gz"], "CONTCAR.gz"),
        (["POSCAR", "CONTCAR", "CONTCAR.gz"], "CONTCAR"),
        (["POSCAR.orig.gz", "POSCAR.gz"], "POSCAR.gz"),
        ([f"{n}.relax{k}.gz" for n in ("POSCAR", "CONTCAR") for k in (1, 2)], "CONTCAR.relax2.gz"),
        (["CONTCAR.relax9.xz", "CONTCAR.relax10.xz", "POSCAR"], "CONTCAR.relax10.xz"),
        (["CONTCAR.relax2.bz2", "CONTCAR.bz2"], "CONTCAR.bz2"),
    ],
)
def test_of_a_compressed_or_repeated_run_the_last_step_is_read(
    names: list[str], read: str, tmp_path: Path
) -> None:
    for k, name in enumerate(names):
        put(tmp_path / "run" / name, bulk("Cu", a=3.5 + 0.1 * k))
    assert labels(tmp_path) == [f"run/{read}"]
    (source,) = read_structures(tmp_path)
    expected = bulk("Cu", a=3.5 + 0.1 * names.index(read))
    assert source.load().get_volume() == pytest.approx(expected.get_volume())


def test_a_file_of_a_run_that_cannot_be_read_leaves_the_next_one(tmp_path: Path) -> None:
    put(tmp_path / "run" / "POSCAR", bulk("Cu"))
    (tmp_path / "run" / "CONTCAR").touch()
    (tmp_path / "run" / "vasprun.xml").write_text("<modeling>")
    assert labels(tmp_path) == ["run/POSCAR"]
    (tmp_path / "run" / "POSCAR").write_text("nothing")
    (source,) = read_structures(tmp_path)
    assert source.label == "run/vasprun.xml"
    assert "not readable" in source.problem


def test_a_name_with_an_at_sign_is_a_name(tmp_path: Path) -> None:
    put(tmp_path / "CONTCAR.relaxed", bulk("Si"))
    put(tmp_path / "CONTCAR.relaxed@600K", bulk("Mg"))
    put(tmp_path / "Cu@300K.vasp", bulk("Cu"))
    write(tmp_path / "t.extxyz", bulk("Al"))
    (tmp_path / "t.extxyz").rename(tmp_path / "b@0.extxyz")
    (tmp_path / "a.csv").write_text("file\nCu@300K.vasp\n")
    found = {s.label: str(s.load().symbols) for s in read_structures(tmp_path)}
    assert found == {
        "CONTCAR.relaxed": "Si2",
        "CONTCAR.relaxed@600K": "Mg2",
        "Cu@300K.vasp": "Cu",
        "a.csv#0": "Cu",
        "b@0.extxyz": "Al",
    }


def test_links_are_followed_unless_they_lead_back(tmp_path: Path) -> None:
    root, other = tmp_path / "in", tmp_path / "other"
    put(root / "b" / "si.vasp", bulk("Si"))
    put(other / "deep" / "cu.vasp", bulk("Cu"))
    for link, target in {
        "latest": ".",
        "up": "..",
        "a": "b",
        "b/top": root,
        "elsewhere": other,
        "again": other / "deep",
        "gone": "nowhere",
    }.items():
        (root / link).symlink_to(target)
    assert labels(root) == ["again/cu.vasp", "b/si.vasp"]
    (root / "again").unlink()
    assert labels(root) == ["b/si.vasp", "elsewhere/deep/cu.vasp"]


def test_what_cannot_be_read_and_odd_names_end_nothing(tmp_path: Path) -> None:
    put(tmp_path / "si.vasp", bulk("Si"))
    put(tmp_path / "odd.vasp", bulk("Cu"))
    (tmp_path / "odd.vasp").rename(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller.vasp"))
    for name in ("gone.cif", "gone.xyz", "gone.csv", "gone.jsonl"):
        (tmp_path / name).symlink_to("/nowhere/at/all")
    assert labels(tmp_path) == ["M\\xfcller.vasp", "si.vasp"]
    problems = [s.problem for s in read_structures(tmp_path) if s.problem]
    assert len(problems) == 4
    assert all("No such file" in problem for problem in problems)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_pipes_are_passed_over_since_reading_them_may_wait_for_ever(tmp_path: Path) -> None:
    put(tmp_path / "si.vasp", bulk("Si"))
    for name in ("pipe.vasp", "pipe.db", "POSCAR"):
        os.mkfifo(tmp_path / name)
    assert [path.name for (path,) in file_groups(tmp_path)] == ["si.vasp"]


def test_screens_of_a_folder_are_not_among_its_structures(
    tmp_path: Path, run_screen: Callable
) -> None:
    put(tmp_path / "in" / "si.vasp", bulk("Si"))
    run_screen(tmp_path / "in", tmp_path / "in" / "a.db")
    assert labels(tmp_path / "in") == ["si.vasp"]
    stage = tmp_path / "stage"
    stage.mkdir()
    (tmp_path / "in" / "a.db").rename(stage / "a.db")
    assert labels(stage) == ["a.db#1"]  # of another folder, it is an input as any other
    (tmp_path / "in" / "x.vasp").write_bytes((tmp_path / "in" / "si.vasp").read_bytes())
    passed = [tmp_path / "in" / "x.vasp"]
    found = [s.label for s in read_structures(tmp_path / "in", passing_over=passed)]
    assert found == ["si.vasp"]
