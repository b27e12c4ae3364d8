from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from ase.io import read, write

from ase_ecn import relax
from ase_ecn.checkpoint import bundled_checkpoints
from ase_ecn.cli import main
from ase_ecn.screening import read_structures

EXAMPLES = Path(__file__).parent.parent / "examples" / "crystals"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good structures in three formats, and two bad files."""
    source = tmp_path / "in"
    source.mkdir()
    write(source / "a.cif", bulk("NaCl", "rocksalt", a=5.9))
    write(source / "b.extxyz", [bulk("Cu"), bulk("Si")])
    write(source / "c.xyz", Atoms("H2", [[0, 0, 0], [0, 0, 0.74]]))
    (source / "d.cif").write_text("this is no crystal")
    (source / ".hidden").write_text("")
    return source


def test_predict_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(EXAMPLES / "NaCl-rocksalt.cif"), "--device", "cpu"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert "E_f / eV/atom" in out[0]
    assert out[1].startswith("Na4Cl4")


def test_bad_files_are_reported_and_skipped(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(f) for f in sorted(folder.glob("*.*")) if not f.name.startswith(".")]
    assert main(["predict", *files, "missing.cif", "--device", "cpu"]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 4
    for name in ("c.xyz", "d.cif", "missing.cif"):
        assert f"skipped {name}" in captured.err
    assert "all three directions" in captured.err


def test_relax_writes_all_structures(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "relaxed.extxyz"
    files = [str(folder / "a.cif"), str(folder / "b.extxyz")]
    assert main(["relax", *files, "-o", str(out), "--device", "cpu"]) == 0
    images = read(out, index=":")
    assert [a.get_chemical_formula() for a in images] == ["ClNa", "Cu", "Si2"]
    assert images[0].get_volume() < bulk("NaCl", "rocksalt", a=5.9).get_volume()


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


def test_relax_refuses_a_mask_that_is_none(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["relax", str(folder / "a.cif"), "-o", str(tmp_path / "out.extxyz")]
    assert main([*arguments, "--mask", "xy"]) == 1
    assert "--mask must be six times 0 or 1" in capsys.readouterr().err
    assert main([*arguments, "--mask", "1,1"]) == 1
    assert "6 components" in capsys.readouterr().err


def test_screen_fills_a_database_and_goes_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.db"
    arguments = ["screen", str(folder), "-o", str(out), "--relax", "--device", "cpu"]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert "3 crystals in" in captured.out
    assert "(5 computed now)" in captured.out
    assert "skipped c.xyz" in captured.err
    rows = list(connect(out).select())
    assert [row.source for row in rows] == ["a.cif", "b.extxyz#0", "b.extxyz#1"]
    row = rows[0]
    assert row.energy == pytest.approx(2 * row.formation_energy)
    assert row.calculator == "ecn"
    assert row.magmoms.shape == (2,)
    assert row.volume_change < 0
    assert len(list(connect(out).select("band_gap>3"))) == 1
    assert main(arguments) == 1
    assert "(0 computed now)" in capsys.readouterr().out
    write(folder / "e.cif", bulk("MgO", "rocksalt", a=4.3))
    assert main(arguments) == 1
    assert "(1 computed now)" in capsys.readouterr().out
    assert len(list(connect(out).select())) == 4


def test_screen_selects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out.db")
    selection = ["--where", "band_gap > 1 and natoms <= 6", "--top", "2", "--by", "band_gap"]
    only = ["--properties", "band_gap,formation_energy", "--largest", "--device", "cpu"]
    assert main(["screen", str(EXAMPLES), "-o", out, *selection, *only]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["MgO", "BaTiO3"]
    assert lines[3].startswith("2 crystals in ")
    assert "P(metal)" not in lines[0]
    assert main(["screen", str(EXAMPLES), "-o", out, "--device", "cpu"]) == 1
    assert "other options" in capsys.readouterr().err


def test_bad_outputs_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in ("out.csv", "none/out.db"):
        assert main(["screen", str(folder), "-o", str(tmp_path / out)]) == 1
        assert "error:" in capsys.readouterr().err
    out = str(tmp_path / "out.nonsense")
    assert main(["relax", str(folder / "a.cif"), "-o", out, "--device", "cpu"]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_info_shows_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    assert "ecn-mp20" in capsys.readouterr().out
    assert main(["info", "empnn-mp20"]) == 0
    assert json.loads(capsys.readouterr().out)["network"] == "empnn"
    assert main(["info", "nothing"]) == 1
    assert "error: unknown checkpoint" in capsys.readouterr().err


def test_selftest_of_the_bundled_checkpoints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 0
    assert capsys.readouterr().out.count(": ok") == len(bundled_checkpoints())


def test_the_command_is_installed_and_prints_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ase_ecn.cli", "predict", str(EXAMPLES / "Fe-bcc.extxyz")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def test_examples_are_valid_crystals() -> None:
    entries = list(read_structures(EXAMPLES))
    assert len(entries) >= 12
    assert all(len(entry.load()) > 0 for entry in entries)
    assert {Path(entry.label).suffix for entry in entries} == {".cif", ".vasp", ".extxyz"}


def test_pattern_shows_the_colours_of_the_lattice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "copper.cif", bulk("Cu"))
    assert main(["pattern", str(tmp_path / "copper.cif")]) == 0
    assert "cF" in capsys.readouterr().out
    picture = tmp_path / "copper.png"
    assert main(["pattern", str(tmp_path / "copper.cif"), "-o", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["pattern", str(tmp_path / "missing.cif")]) == 1
