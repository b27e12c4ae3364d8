from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from ase.io import write
from screens import lattices

from ase_ecn.errors import OptionError
from ase_ecn.readers import count_structures, read_structures
from ase_ecn.readers.extended_xyz import count_extxyz


def parts(folder: Path, count: int) -> list[str]:
    texts = []
    for k, atoms in enumerate(lattices(count)):
        write(folder / f"{k}.extxyz", atoms)
        texts.append((folder / f"{k}.extxyz").read_text())
    return texts


@pytest.mark.parametrize("between", ["", "\n", "  \n\n"])
@pytest.mark.parametrize("name", ["all.extxyz", "all.xyz", "all.extxyz.gz"])
def test_empty_lines_between_frames_lose_none(between: str, name: str, tmp_path: Path) -> None:
    text = between + between.join(parts(tmp_path, 3)) + between
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    found = list(read_structures(path))
    assert [source.label for source in found] == [f"{name}#{k}" for k in range(3)]
    assert count_structures(path) == 3
    for source, atoms in zip(found, lattices(3), strict=True):
        np.testing.assert_allclose(source.load().cell[:], atoms.cell[:])


def test_lines_that_are_no_frame_are_told_and_lose_no_other(tmp_path: Path) -> None:
    first, second, third = parts(tmp_path, 3)
    too_many = second.replace("1\n", "2\n", 1)  # takes the first line of the next frame along
    path = tmp_path / "all.extxyz"
    path.write_text("".join([first, too_many, third, "and more\n", first]))
    found = list(read_structures(path))
    assert [not source.problem for source in found] == [True, False, False, True]
    path.write_text("".join([first, "a note\nof two lines\n", third]))
    good, bad, last = read_structures(path)
    assert bad.problem == "not readable: line 4 should be the number of atoms of a frame"
    assert good.load().get_volume() < last.load().get_volume()
    path.write_bytes(
        b"\xef\xbb\xbf"
        + first.encode()
        + second.replace("pbc", "x=\udcff pbc").encode("utf-8", "surrogateescape")
    )
    assert [source.problem for source in read_structures(path)] == ["", ""]


def test_other_files_of_the_name_are_left_to_ase(tmp_path: Path) -> None:
    write(tmp_path / "poscar.xyz", lattices(1)[0], format="vasp")
    assert count_extxyz(tmp_path / "poscar.xyz") is None
    (tmp_path / "none.xyz").write_text("no crystal\n")
    (source,) = read_structures(tmp_path / "none.xyz")
    assert "not readable" in source.problem
    with pytest.raises(OptionError, match="No such file"):
        count_extxyz(tmp_path / "missing.xyz")


def test_columns_that_no_line_has_are_refused_at_once(tmp_path: Path) -> None:
    """ASE's reader would take minutes and all memory for them."""
    first, second = parts(tmp_path, 2)
    assert "pos:R:3" in second
    path = tmp_path / "all.extxyz"
    path.write_text(first + second.replace("pos:R:3", "pos:R:300000000") + first)
    found = list(read_structures(path))
    assert [not source.problem for source in found] == [True, False, True]
    assert found[1].problem == (
        "not readable: ValueError: Properties lists 300000001 columns, but no line has more than 4"
    )
    path.write_text(second.replace("pos:R:3", "pos:R:3:tags:I:-1"))
    assert "not readable" in next(iter(read_structures(path))).problem


@pytest.mark.parametrize("number", ["9" * 12, str(2**63), "9" * 5000])
def test_a_number_of_atoms_beyond_all_lines_takes_the_rest_of_the_file(
    number: str, tmp_path: Path
) -> None:
    first, second = parts(tmp_path, 2)
    path = tmp_path / "all.extxyz"
    path.write_text(first + second.replace("1\n", f"{number}\n", 1) + first)
    found = list(read_structures(path))
    assert [not source.problem for source in found] == [True, False]
    assert count_structures(path) == 2
