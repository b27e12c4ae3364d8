from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ase.io import write
from screens import lattices

from ase_ecn.screening import (
    count_structures,
    read_structures,
)


def test_frames_are_counted_and_streamed(tmp_path: Path) -> None:
    write(tmp_path / "in.extxyz", lattices(5))
    assert count_structures(tmp_path / "in.extxyz") == 5
    entries = read_structures(tmp_path / "in.extxyz")
    assert next(entries).label == "in.extxyz#0"
    assert len(list(entries)) == 4


def test_a_damaged_file_does_not_lose_what_is_before(tmp_path: Path, run_screen: Callable) -> None:
    path = tmp_path / "in.extxyz"
    write(path, lattices(5))
    text = path.read_text()
    path.write_text(text[: -len(text) // 4])
    report = run_screen(path, tmp_path / "out.db")
    assert report.stored == 3
    assert report.failed == 1
    (path.parent / "bad.db").write_text("this is no database, but long enough to look at" * 20)
    assert run_screen(path.parent / "bad.db", tmp_path / "out2.db").failed == 1


def test_names_stand_for_themselves_alone(tmp_path: Path) -> None:
    """Some of ASE's readers look for all files of a name with * or [ in it."""
    folder = tmp_path / "run[1]"
    folder.mkdir()
    for name, atoms in zip(("2[0-9]", "20", "2*"), lattices(3), strict=True):
        write(tmp_path / "plain.res", atoms, format="res")
        (tmp_path / "plain.res").rename(folder / f"{name}.res")
    for name, atoms in zip(("2[0-9]", "20", "2*"), lattices(3), strict=True):
        (source,) = read_structures(folder / f"{name}.res")
        assert abs(source.load().get_volume() - atoms.get_volume()) < 1e-4


def test_a_reason_is_the_same_each_time_and_names_the_file(
    tmp_path: Path, run_screen: Callable
) -> None:
    """A name with * is read under another one in a folder of its own."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "9*.vasp").touch()
    first, second = (next(read_structures(tmp_path / "in")) for _ in range(2))
    assert first.problem == second.problem
    assert first.problem.endswith("Empty file: 9*.vasp")
    assert run_screen(tmp_path / "in", tmp_path / "out.db").failed == 1
    assert run_screen(tmp_path / "in", tmp_path / "out.db").computed == 0
