from __future__ import annotations

from pathlib import Path

import pytest

from ase_ecn.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples" / "crystals"


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
