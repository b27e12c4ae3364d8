"""New rows of a screen's ase.db, those of a batch by one statement for each of its tables.

ase.db writes row by row: five statements, a look for tables that a screen never has, and a check
of every key. For a batch this takes several times as long as what SQLite does. The layout of its
files is that of :mod:`ase.db.sqlite`, which has not changed since version 9; files of another one,
and servers, are left to ase.db.
"""

from __future__ import annotations

import math
import numbers
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from ase.calculators.calculator import all_properties
from ase.db.core import check, now
from ase.db.row import AtomsRow

_VERSION = 9
_TABLES = {
    "systems": (
        *("id", "unique_id", "ctime", "mtime", "username", "numbers", "positions", "cell", "pbc"),
        *("initial_magmoms", "initial_charges", "masses", "tags", "momenta", "constraints"),
        *("calculator", "calculator_parameters", "energy", "free_energy", "forces", "stress"),
        *("dipole", "magmoms", "magmom", "charges", "key_value_pairs", "data", "natoms", "fmax"),
        *("smax", "volume", "mass", "charge"),
    ),
    "species": ("Z", "n", "id"),
    "keys": ("key", "id"),
    "text_key_values": ("key", "value", "id"),
    "number_key_values": ("key", "value", "id"),
}
"""Columns of ase.db's tables, in their order."""
_ARRAYS = ("initial_magmoms", "initial_charges", "masses", "tags", "momenta")


class NewRows(Protocol):
    """Rows that are added within one transaction."""

    def add(self, row: AtomsRow, data: Mapping[str, Any]) -> int:
        """Add a row with key-value pairs and arrays; return its number."""
        ...

    def finish(self, cursor: Any) -> None:
        """Write what is not written yet."""
        ...


def new_rows(database: Any, cursor: Any) -> NewRows:
    """Where rows are added, in the quickest way that the database allows.

    Parameters
    ----------
    database
        Of ``ase.db.connect``.
    cursor
        Of a transaction in which nobody else writes.
    """
    if database.type == "db" and _is_known(database, cursor):
        return _Together(database, cursor)
    return _OneByOne(database)


def _is_known(database: Any, cursor: Any) -> bool:
    """Whether the tables are those of :data:`_TABLES`, and there are no others of ase.db."""
    database._initialize(database.connection)
    if database.version != _VERSION or not np.little_endian:
        return False
    for table, columns in _TABLES.items():
        cursor.execute(f"PRAGMA table_info({table})")
        if tuple(str(column[1]) for column in cursor.fetchall()) != columns:
            return False
    return not database._get_external_table_names()


class _OneByOne:
    """By ase.db."""

    def __init__(self, database: Any) -> None:
        self._database = database

    def add(self, row: AtomsRow, data: Mapping[str, Any]) -> int:
        return int(self._database.write(row, data=data))

    def finish(self, _: Any) -> None:
        """Nothing is left."""


class _Together:
    """Collected, and written by one statement for each table."""

    def __init__(self, database: Any, cursor: Any) -> None:
        self._database = database
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'systems'")
        found = cursor.fetchone()
        # As SQLite numbers them: no number is used again, also if its row was deleted.
        self._last = 0 if found is None else int(found[0])
        self._values: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}

    def add(self, row: AtomsRow, data: Mapping[str, Any]) -> int:
        self._last += 1
        pairs = row.key_value_pairs
        self._values["systems"].append((self._last, *self._system(row, pairs, data)))
        elements = Counter(row.numbers.tolist())
        self._values["species"] += [(z, count, self._last) for z, count in elements.items()]
        for key, value in pairs.items():
            _check_key(key)
            text = isinstance(value, str)
            table = "text_key_values" if text else "number_key_values"
            self._values[table].append((key, value if text else _number(key, value), self._last))
            self._values["keys"].append((key, self._last))
        return self._last

    def finish(self, cursor: Any) -> None:
        for table, rows in self._values.items():
            marks = ", ".join("?" * len(_TABLES[table]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
            rows.clear()

    def _system(
        self, row: AtomsRow, pairs: Mapping[str, Any], data: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        """All of a row but its number."""
        database, given = self._database, row.__dict__
        blob, encode = database.blob, database.encode
        results = {name: given[name] for name in all_properties if name in given}
        return (
            *(row.unique_id, row.ctime, now(), row.user, blob(row.numbers), blob(row.positions)),
            *(blob(row.cell), int(np.dot(row.pbc, [1, 2, 4]))),
            *(blob(given.get(name)) for name in _ARRAYS),
            encode(row._constraints) if row._constraints else None,
            *(row.calculator, encode(row.calculator_parameters)),
            *(results.get("energy"), results.get("free_energy")),
            *(blob(results.get(name)) for name in ("forces", "stress", "dipole", "magmoms")),
            *(results.get("magmom"), blob(results.get("charges"))),
            *(encode(pairs), encode(data, binary=True), len(row.numbers)),
            float(row.fmax) if "forces" in results else None,
            float(row.smax) if "stress" in results else None,
            *(float(row.volume), float(row.mass), float(row.charge)),
        )


def _number(key: str, value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, numbers.Real | np.bool_):
        return float(value)
    raise ValueError(f"bad value for {key!r}: {value}")


@lru_cache(maxsize=4096)
def _check_key(key: str) -> None:
    check({key: math.nan})
