from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ase.build import bulk

from ase_ecn.screening.store import Store


def test_units_are_noted_and_a_database_without_them_goes_on(
    tmp_path: Path, run_screen: Callable
) -> None:
    out = tmp_path / "out.db"
    run_screen([bulk("Cu"), bulk("Fe")], out)
    units = Store(str(out)).units()
    assert units["formation_energy"] == "eV/atom"
    assert units["magnetization"] == "µB/cell"
    assert "site_moments" not in units  # no column of a table
    # As screens of releases that did not note them.
    with closing(sqlite3.connect(out)) as connection:
        connection.execute("DROP TABLE screen_units")
        connection.commit()
    assert Store(str(out)).units() == {}
    report = run_screen([bulk("Cu"), bulk("Fe"), bulk("Si")], out)
    assert (report.stored, report.computed) == (3, 1)
    assert Store(str(out)).units() == units


def test_what_is_noted_stays(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "s.db"))
    store.note_units({"hardness": "GPa"})
    store.note_units({"hardness": "MPa", "toughness": "1"})
    assert store.units() == {"hardness": "GPa", "toughness": "1"}
