from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from ase.db import connect
from ase.io import read, write

from ase_ecn import relax
from ase_ecn.cli import main
from ase_ecn.commands import relax_command


def test_relax_writes_all_structures(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "relaxed.extxyz"
    files = [str(folder / "a.cif"), str(folder / "b.extxyz")]
    assert main(["relax", *files, "-o", str(out), "--device", "cpu"]) == 0
    images = read(out, index=":")
    assert [a.get_chemical_formula() for a in images] == ["ClNa", "Cu", "Si2"]
    assert images[0].get_volume() < bulk("NaCl", "rocksalt", a=5.9).get_volume()


def test_relax_keeps_what_must_not_change(folder: Path, tmp_path: Path) -> None:
    start = bulk("NaCl", "rocksalt", a=5.9)
    lengths = {}
    for option in ("--hydrostatic", "--constant-volume"):
        out = tmp_path / f"relaxed{option}.extxyz"
        arguments = ["relax", str(folder / "a.cif"), "-o", str(out), option, "--device", "cpu"]
        assert main(arguments) == 0
        lengths[option] = read(out).get_volume()
    assert lengths["--constant-volume"] == pytest.approx(start.get_volume(), rel=1e-6)
    assert lengths["--hydrostatic"] < start.get_volume() - 1


def test_relax_wants_six_numbers_as_a_mask(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["relax", str(folder / "a.cif"), "-o", str(tmp_path / "o.xyz"), "--device", "cpu"]
    for mask in ("1,1", "a,b,c,d,e,f"):
        assert main([*arguments, "--mask", mask]) == 1
        assert "error:" in capsys.readouterr().err


def test_relax_refuses_outputs_that_no_writer_knows(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out.nonsense")
    assert main(["relax", str(folder / "a.cif"), "-o", out, "--device", "cpu"]) == 1
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--mask", "1,1,0,0,0,1"], {"mask": [1, 1, 0, 0, 0, 1]}),
        (["--hydrostatic"], {"hydrostatic": True}),
        (["--constant-volume"], {"constant_volume": True}),
    ],
)
def test_relax_limits_the_strain(
    options: list[str], expected: dict[str, Any], tmp_path: Path
) -> None:
    atoms = bulk("ZnO", "wurtzite", a=3.4, c=5.2)
    write(tmp_path / "in.extxyz", atoms)
    out = str(tmp_path / "out.extxyz")
    assert main(["relax", str(tmp_path / "in.extxyz"), "-o", out, "--device", "cpu", *options]) == 0
    (relaxation,) = relax(atoms, device="cpu", **expected)
    np.testing.assert_allclose(read(out).cell[:], relaxation.atoms.cell[:], atol=1e-6)
    assert relaxation.steps > 0


def test_relax_moves_atoms_too(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    atoms = bulk("ZnO", "wurtzite", a=3.4, c=5.2)
    odd = atoms.copy()
    odd.symbols[0] = "Fm"
    for name, crystal in (("in", atoms), ("odd", odd)):
        write(tmp_path / f"{name}.extxyz", crystal)
    files, out = [str(tmp_path / f"{n}.extxyz") for n in ("in", "odd")], str(tmp_path / "o.extxyz")
    options = ["--relax", "all", "--fmax", "0.02", "--device", "cpu"]
    assert main(["relax", *files, "-o", out, *options]) == 1
    assert "Fm" in capsys.readouterr().err
    (relaxation,) = relax(atoms, device="cpu", method="all", fmax=0.02)
    np.testing.assert_allclose(read(out).positions, relaxation.atoms.positions, atol=1e-5)
    assert np.abs(read(out).get_scaled_positions() - atoms.get_scaled_positions()).max() > 1e-4


def test_relax_ends_with_the_reliable_part(tmp_path: Path) -> None:
    write(tmp_path / "in.extxyz", bulk("ZnO", "wurtzite", a=3.4, c=5.4))
    atoms = read(tmp_path / "in.extxyz")  # with as many digits as the file has
    arguments = ["relax", str(tmp_path / "in.extxyz"), "--relax", "all", "--device", "cpu"]
    out = str(tmp_path / "out.extxyz")
    assert main([*arguments, "--reliable", "-o", out]) == 0
    least, whole = (
        relax(atoms, device="cpu", method="all", reliable=reliable)[0].atoms
        for reliable in (True, False)
    )
    np.testing.assert_allclose(read(out).cell[:], least.cell[:], atol=1e-6)
    assert np.abs(read(out).cell[:] - whole.cell[:]).max() > 1e-3


def test_relaxed_structures_keep_names_and_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(tmp_path / "in.db") as database:
        for name in ("candidate 1", "candidate 2"):
            database.write(bulk("MgO", "rocksalt", a=4.3), name=name, source="mine", energy_=1.5)
    source = str(tmp_path / "in.db")
    for name in ("out.db", "out.json", "out.extxyz"):
        assert main(["relax", source, "-o", str(tmp_path / name), "--device", "cpu"]) == 0
        assert "source as input_source" in capsys.readouterr().err
    for name in ("out.db", "out.json"):
        (row,) = connect(tmp_path / name).select("name=candidate 2")
        assert (row.source, row.input_source, row.energy_) == ("in.db#2", "mine", 1.5)
        assert row.relaxation_reason == "converged"
        assert row.volume < bulk("MgO", "rocksalt", a=4.3).get_volume()
    infos = [atoms.info for atoms in read(tmp_path / "out.extxyz", index=":")]
    assert [info["name"] for info in infos] == ["candidate 1", "candidate 2"]
    assert [info["source"] for info in infos] == ["in.db#1", "in.db#2"]
    # What relaxations have written they may write again.
    assert main(["relax", source, "-o", str(tmp_path / "out.db"), "--device", "cpu"]) == 0
    assert len(connect(tmp_path / "out.db")) == 2


def test_relaxed_structures_say_of_which_file_they_are(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.extxyz"
    files = [str(folder / "a.cif"), "missing.vasp", str(folder / "b.extxyz")]
    assert main(["relax", *files, "-o", str(out), "--device", "cpu"]) == 1
    infos = [atoms.info for atoms in read(out, index=":")]
    assert [info["source"] for info in infos] == ["a.cif", "b.extxyz#0", "b.extxyz#1"]
    assert all(info["out_of_domain"] in (True, False) for info in infos)


def test_outputs_that_cannot_be_are_refused_before_the_work(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_work(*arguments: object, **options: object) -> None:
        raise AssertionError("nothing should be relaxed")

    monkeypatch.setattr(relax_command, "relax", no_work)
    mine = folder / "mine.db"
    with connect(mine) as database:
        database.write(bulk("Cu"), name="mine")
    before = mine.read_bytes()
    (folder / "link.db").symlink_to(mine)
    structures, many = str(folder / "a.cif"), str(folder / "b.extxyz")
    for source, out, reason in [
        (many, tmp_path / "POSCAR", "can only store 1"),
        (structures, tmp_path / "out.nonsense", "cannot write"),
        (structures, tmp_path / "none" / "out.extxyz", "folder does not exist"),
        (str(mine), mine, "is an input"),
        (str(mine), folder / "link.db", "is an input"),
        (structures, mine, "stays as it is"),
        (structures, "postgresql://me@host/name", "not to a server"),
    ]:
        assert main(["relax", source, "-o", str(out), "--device", "cpu"]) == 1
        assert reason in capsys.readouterr().err
    assert mine.read_bytes() == before
    assert not (tmp_path / "POSCAR").exists()


def test_the_output_in_a_folder_of_inputs_is_none_of_them(folder: Path) -> None:
    out = folder / "relaxed.extxyz"
    for _ in range(2):
        assert main(["relax", str(folder), "-o", str(out), "--device", "cpu"]) == 1
        assert len(read(out, index=":")) == 3
