"""Rows of a batch that are written together are those that ase.db writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.db import connect
from ase.db.row import atoms2dict

from ase_ecn.screening import new_rows as module
from ase_ecn.screening.new_rows import new_rows

TABLES = ("systems", "species", "keys", "text_key_values", "number_key_values", "sqlite_sequence")


def content(atoms: Atoms, results: dict[str, Any], pairs: dict[str, Any]) -> dict[str, Any]:
    return {
        **atoms2dict(atoms),
        "calculator": "ecn",
        "calculator_parameters": {},
        "ctime": 26.5,
        "user": "me",
        "key_value_pairs": pairs,
        **results,
    }


def rows() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    rng = np.random.default_rng(1)
    plain = bulk("NaCl", "rocksalt", a=5.6)
    odd = bulk("FeO", "rocksalt", a=4.3, cubic=True)
    odd.set_constraint(FixAtoms([0, 3]))
    odd.set_initial_magnetic_moments(rng.normal(size=8))
    odd.set_initial_charges(rng.normal(size=8))
    odd.set_tags(range(8))
    odd.set_masses(rng.uniform(1, 2, size=8))
    results = {
        "energy": -3.25,
        "forces": rng.normal(size=(8, 3)),
        "stress": rng.normal(size=6),
        "magmom": 1.5,
        "magmoms": rng.normal(size=8),
    }
    pairs = {"gap": 1.0, "count": 3, "metal": np.bool_(True), "name": "#1", "spread": float("nan")}
    nested = {"forces": results["forces"], "input": {"cell": [np.eye(3)]}, "odd": np.arange(3)}
    flat = {"cell": np.eye(3), "input": {"a": 1, "b": "x"}, "mask": np.array([True, False])}
    return [
        (content(plain, {}, {"name": "#0"}), {}),
        (content(odd, results, pairs), nested),
        (content(plain, {"energy": 1.0}, pairs), flat),
    ]


def written(path: Path, *, together: bool, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    if not together:
        monkeypatch.setattr(module, "_is_known", lambda *_: False)
    database = connect(path, use_lock_file=False)
    database.count()
    numbers = []
    for part in (rows(), rows()[::-1]):
        for one in part:
            one[0]["unique_id"] = f"{one[0]['unique_id']}{together}"
        with database:
            cursor = database.connection.cursor()
            new = new_rows(database, cursor)
            numbers += [new.add(*one) for one in part]
            new.finish(cursor)
    monkeypatch.undo()
    return numbers


def table(path: Path, name: str) -> list[Any]:
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()  # noqa: S608
    if name != "systems":
        return found
    return [(*row[:1], *row[2:3], *row[4:26], *row[27:]) for row in found]  # no names, no times


def test_rows_are_those_of_ase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {together: tmp_path / f"{together}.db" for together in (True, False)}
    numbers = {
        together: written(path, together=together, monkeypatch=monkeypatch)
        for together, path in paths.items()
    }
    assert numbers[True] == numbers[False] == [1, 2, 3, 4, 5, 6]
    for name in TABLES:
        assert table(paths[True], name) == table(paths[False], name), name
    ours, theirs = (list(connect(paths[together]).select()) for together in (True, False))
    for one, other in zip(ours, theirs, strict=True):
        assert one.toatoms() == other.toatoms()
        assert one.key_value_pairs.keys() == other.key_value_pairs.keys()
        assert repr(one.data) == repr(other.data)
    assert len(list(connect(paths[True]).select("gap>0,metal=1"))) == 4
    assert len(list(connect(paths[True]).select("forces"))) == 2


def test_numbers_of_rows_are_not_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.db"
    written(path, together=True, monkeypatch=monkeypatch)
    database = connect(path, use_lock_file=False)
    database.delete([5, 6])
    with database:
        cursor = database.connection.cursor()
        new = new_rows(database, cursor)
        assert new.add(*rows()[0]) == 7
        new.finish(cursor)
    assert [row.id for row in connect(path).select()] == [1, 2, 3, 4, 7]
    assert connect(path).write(bulk("Cu")) == 8


def test_other_tables_are_left_to_ase(tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    database = connect(path, use_lock_file=False)
    database.write(bulk("Cu"), external_tables={"mine": {"x": 1.0}})
    with database:
        assert isinstance(new_rows(database, database.connection.cursor()), module._OneByOne)
        database.connection.execute("ALTER TABLE keys ADD COLUMN other TEXT")
        assert not module._is_known(database, database.connection.cursor())


@pytest.mark.parametrize("pairs", [{"energy": 1.0}, {"gap": [1.0]}, {"a b": 1.0}])
def test_pairs_that_ase_refuses(tmp_path: Path, pairs: dict[str, Any]) -> None:
    database = connect(tmp_path / "out.db", use_lock_file=False)
    database.count()
    with database:
        new = new_rows(database, database.connection.cursor())
        with pytest.raises(ValueError, match=r"[Bb]ad"):
            new.add(content(bulk("Cu"), {}, pairs), {})
