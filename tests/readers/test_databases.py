from __future__ import annotations

from pathlib import Path

from ase.db import connect
from screens import lattices

from ase_ecn.screening import (
    count_structures,
    read_structures,
)


def test_databases_are_read_in_pages(tmp_path: Path) -> None:
    path = tmp_path / "in.db"
    with connect(path) as database:
        for k, atoms in enumerate(lattices(600)):
            database.write(atoms, number=k)
        database.delete([17, 300])
    entries = list(read_structures(path))
    assert len(entries) == count_structures(path) == 598
    assert [e.columns["number"] for e in entries] == [k for k in range(600) if k not in (16, 299)]
    assert entries[16].label == "in.db#18"
