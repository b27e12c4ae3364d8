from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from ase_ecn.cli import main


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
