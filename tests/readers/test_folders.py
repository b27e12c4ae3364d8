from __future__ import annotations

from pathlib import Path

from ase.build import bulk
from ase.io import write

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
