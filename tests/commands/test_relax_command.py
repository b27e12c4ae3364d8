from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write

from ase_ecn import relax
from ase_ecn.cli import main


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
