from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write


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
