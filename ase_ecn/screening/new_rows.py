"""New rows of a screen's ase.db, those of a batch by one statement for each of its tables.

ase.db writes row by row: five statements, a look for tables that a screen never has, and a check
of every key. For a batch this takes several times as long as what SQLite does. The layout of its
files is that of :mod:`ase.db.sqlite`, which has not changed since version 9; files of another one,
and servers, are left to ase.db.
"""

from __future__ import annotations

import json
import math
import numbers
import sqlite3
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from ase.data import atomic_masses
from ase.db.core import check, now
from ase.db.row import AtomsRow
from numpy.typing import NDArray

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
_HEAD = 8
"""Bytes that say where the JSON of packed data begins."""
_JSON = json.JSONEncoder(separators=(",", ":"))


class NewRows(Protocol):
    """Rows that are added within one transaction."""

    def add(self, content: Mapping[str, Any], data: Mapping[str, Any]) -> int:
        """Add a row, of content as ``AtomsRow`` takes it; return its number."""
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

    def add(self, content: Mapping[str, Any], data: Mapping[str, Any]) -> int:
        return int(self._database.write(AtomsRow(content), data=data))

    def finish(self, _: Any) -> None:
        """Nothing is left."""


class _Together:
    """Collected, and written by one statement for each table.

    ``executemany`` would let go of the interpreter's lock, and wait for it again, at each of fifty
    values of a row.
    """

    def __init__(self, database: Any, cursor: Any) -> None:
        self._database = database
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'systems'")
        found = cursor.fetchone()
        # As SQLite numbers them: no number is used again, also if its row was deleted.
        self._last = 0 if found is None else int(found[0])
        self._values: dict[str, list[Any]] = {table: [] for table in _TABLES}  # row after row

    def add(self, content: Mapping[str, Any], data: Mapping[str, Any]) -> int:
        self._last = last = self._last + 1
        pairs = content["key_value_pairs"]
        self._values["systems"] += (last, *self._system(content, data))
        for z, count in Counter(content["numbers"].tolist()).items():
            self._values["species"] += (z, count, last)
        texts, values = self._values["text_key_values"], self._values["number_key_values"]
        for key, value in pairs.items():
            _check_key(key)
            if isinstance(value, str):
                texts += (key, value, last)
            else:
                values += (key, _number(key, value), last)
            self._values["keys"] += (key, last)
        return last

    def finish(self, cursor: Any) -> None:
        most = self._database.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        for table, values in self._values.items():
            width = len(_TABLES[table])
            marks = f"({', '.join('?' * width)})"
            size = most // width * width
            for start in range(0, len(values), size):
                part = values[start : start + size]
                rows = ", ".join([marks] * (len(part) // width))
                cursor.execute(f"INSERT INTO {table} VALUES {rows}", part)  # noqa: S608
            values.clear()

    def _system(self, content: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Any, ...]:
        """All of a row but its number."""
        encode, get = self._database.encode, content.get
        atoms, cell = content["numbers"], np.asarray(content["cell"])
        masses, charges = get("masses"), get("initial_charges")
        constraints, forces, stress = get("constraints"), get("forces"), get("stress")
        left = forces
        if constraints and forces is not None:
            left = AtomsRow(content).constrained_forces
        return (
            *(content["unique_id"], content["ctime"], now(), content["user"]),
            *(_blob(atoms), _blob(content["positions"]), _blob(cell)),
            sum(1 << k for k, periodic in enumerate(content["pbc"].tolist()) if periodic),
            *(_blob(get(name)) for name in _ARRAYS),
            encode(constraints) if constraints else None,
            *(content["calculator"], encode(content["calculator_parameters"])),
            *(get("energy"), get("free_energy"), _blob(forces), _blob(stress)),
            *(_blob(get("dipole")), _blob(get("magmoms")), get("magmom"), _blob(get("charges"))),
            *(encode(content["key_value_pairs"]), self._packed(data), len(atoms)),
            None if left is None else float((left**2).sum(1).max() ** 0.5),
            None if stress is None else float((stress**2).max() ** 0.5),
            abs(float(np.linalg.det(cell))),
            float((atomic_masses[atoms] if masses is None else masses).sum()),
            0.0 if charges is None else float(charges.sum()),
        )

    def _packed(self, data: Mapping[str, Any]) -> bytes:
        """Arrays one after the other, and JSON that says where they are: ase.db's format."""
        parts, described = [], {}
        offset = _HEAD
        for name, value in data.items():
            if isinstance(value, np.ndarray):
                described[name] = {"__ndarray__": [value.shape, _type_name(value.dtype), offset]}
                parts.append(value.tobytes())
                offset += value.nbytes
            else:
                described[name] = value
        try:
            text = _JSON.encode(described)
        except TypeError:  # arrays within lists, and what else an input may have
            packed: bytes = self._database.encode(data, binary=True)
            return packed
        return b"".join([offset.to_bytes(_HEAD, "little"), *parts, text.encode()])


def _blob(array: NDArray[Any] | None) -> bytes | None:
    """As ase.db keeps arrays: integers in 32 bits."""
    if array is None:
        return None
    return (array.astype(np.int32) if array.dtype == np.int64 else array).tobytes()


def _number(key: str, value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, numbers.Real | np.bool_):
        return float(value)
    raise ValueError(f"bad value for {key!r}: {value}")


@lru_cache(maxsize=4096)
def _check_key(key: str) -> None:
    check({key: math.nan})


@lru_cache(maxsize=64)
def _type_name(dtype: np.dtype[Any]) -> str:
    return str(dtype.name)  # which takes NumPy microseconds
