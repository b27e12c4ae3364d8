from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.constraints import FixAtoms, FixScaled
from ase.db import connect
from ase.io import write
from pages import data_of

from ase_ecn import relax
from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.cli import main
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.screening import unrelaxed

EXAMPLES = Path(__file__).parents[2] / "examples" / "crystals"


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
    assert [line.split()[0] for line in lines[1:3]] == ["MgO", "Ti2O4"]
    assert lines[3].startswith("2 crystals in ")
    assert "P(metal)" not in lines[0]
    assert main(["screen", str(EXAMPLES), "-o", out, "--device", "cpu"]) == 1
    assert "different options" in capsys.readouterr().err


def test_screen_refuses_outputs_that_cannot_be(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in ("out.csv", "none/out.db"):
        assert main(["screen", str(folder), "-o", str(tmp_path / out)]) == 1
        assert "error:" in capsys.readouterr().err


def test_a_users_own_property_has_a_column_with_its_unit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = ECN(ECNConfig(("hardness",), width=16, layers=1))
    checkpoint = tmp_path / "own.safetensors"
    card = {"name": "own", "elements": [11, 17], "properties": {"hardness": "GPa"}}
    save_checkpoint(checkpoint, network, card)
    write(tmp_path / "salt.cif", bulk("NaCl", "rocksalt", a=5.6))
    out = str(tmp_path / "out.db")
    arguments = [str(tmp_path / "salt.cif"), "--checkpoint", str(checkpoint), "--device", "cpu"]
    assert main(["predict", *arguments]) == 0
    assert "hardness / GPa" in capsys.readouterr().out
    assert main(["screen", *arguments, "-o", out]) == 0
    assert "hardness / GPa" in capsys.readouterr().out.splitlines()[0]
    assert main(["report", out, "-o", str(tmp_path / "out.html")]) == 0
    columns = data_of((tmp_path / "out.html").read_text())["columns"]
    assert ("hardness", "GPa") in [(column["heading"], column["unit"]) for column in columns]


def test_screen_relaxes_atoms_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    atoms = bulk("ZnO", "wurtzite", a=3.4, c=5.2)
    held, odd = atoms.copy(), atoms.copy()
    held.set_constraint(FixAtoms([0, 1, 2, 3]))
    odd.set_constraint(FixScaled([0], [True, False, False]))
    write(tmp_path / "in.traj", [atoms, held, odd])
    out = str(tmp_path / "out.db")
    arguments = ["screen", str(tmp_path / "in.traj"), "-o", out, "--device", "cpu"]
    assert main([*arguments, "--relax", "all"]) == 1
    assert "FixScaled" in capsys.readouterr().err
    free, fixed = connect(out).select()
    assert free.potential_checkpoint == "ecn-mp"
    assert free.relaxation_reason == fixed.relaxation_reason == "converged"
    (relaxation,) = relax(atoms, device="cpu", method="all")
    np.testing.assert_allclose(free.positions, relaxation.atoms.positions, atol=1e-3)
    moved = [unrelaxed(free).cell.scaled_positions(unrelaxed(free).positions)]
    moved = [row.toatoms().get_scaled_positions() - moved[0] for row in (free, fixed)]
    largest = [np.abs(change - np.round(change)).max() for change in moved]
    assert largest[0] > 1e-4
    assert largest[1] < 1e-10
    assert main(arguments) == 1
    assert "different options" in capsys.readouterr().err


def test_screen_knows_an_input_after_relax_from_what_is_relaxed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out.db")
    arguments = ["screen", "-o", out, "--device", "cpu", "--relax"]
    assert main([*arguments, str(folder / "a.cif")]) == 0
    assert "volume_change" in next(connect(out).select()).key_value_pairs
    assert main(arguments) == 1
    assert "IN is missing" in capsys.readouterr().err
    assert main(["screen", str(folder), "-o", out, "--relax", "atoms"]) == 1
    assert "'cell' or 'all'" in capsys.readouterr().err


def test_a_screen_of_the_folder_where_one_is_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "candidates"
    here.mkdir()
    write(here / "salt.cif", bulk("NaCl", "rocksalt", a=5.6))
    monkeypatch.chdir(here)
    for _ in range(2):
        assert main(["screen", ".", "--device", "cpu"]) == 0
        assert "1 crystals in candidates-screened.db" in capsys.readouterr().out
