"""Structures from ase.db databases: files, and servers such as PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.db import connect

from ase_ecn.errors import CrystalError, OptionError
from ase_ecn.readers.source import Source, digest, unreadable

DATABASES = (".db", ".json", ".aselmdb")
"""Endings of the names of database files."""
_URLS = ("postgresql://", "postgres://", "mysql://", "mariadb://")
_PAGE = 256


def is_url(source: str | Path) -> bool:
    """Whether this is the address of a database server."""
    return str(source).startswith(_URLS)


# SQLite tells of damaged text by quoting it, which Python may fail to decode.
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


def read_database(address: str | Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """Rows of a database.

    Parameters
    ----------
    address
        Path or URL.
    label
        Beginning of the rows' labels; ``#`` and the row's id follow.
    labelled
        Whether entries of ``data`` and results are needed as labels, too.

    Raises
    ------
    OptionError
        If it cannot be read.
    """
    try:
        for row in _rows(address, labelled):
            yield _of_row(f"{label}#{row.id}", row, labelled)
    except Exception as error:  # each backend has its own
        raise OptionError(f"cannot read {label}: {type(error).__name__}: {error}") from error


def count_rows(address: str | Path) -> int:
    """Number of rows of a database."""
    return int(connect(address).count())


def journal_labels(path: Path) -> list[str]:
    """A few labels of the crystals that a screen has written into a file; none if it is no screen.

    The file is not changed.
    """
    query = "SELECT label FROM screen_journal LIMIT 20"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return [str(label) for (label,) in database.execute(query)]
    except DATABASE_ERRORS:  # no database, or one without this table
        return []


def _of_row(label: str, row: Any, labelled: bool) -> Source:
    if isinstance(row, _BadRow):
        return unreadable(label, row.reason, row.id)
    try:
        columns = dict(row.key_value_pairs)
        return Source(
            label,
            digest(row.numbers, row.cell, row.positions, row.pbc),
            partial(_row_atoms, row),
            columns,
            number=int(row.id),
            labels={**row.data, **columns} if labelled else columns,
            results=_results(row) if labelled else {},
        )
    except Exception as error:  # rows are decoded when an attribute is used
        return unreadable(label, f"damaged row: {type(error).__name__}: {error}", int(row.id))


def _rows(address: str | Path, data: bool) -> Iterator[Any]:
    database = connect(address)
    if not is_url(address) and Path(address).suffix != ".db":
        yield from database.select()
        return
    # ASE fetches all rows of a query at once, and sorts the whole table to return a few of them
    # in order; ranges of the primary key avoid both.
    with database.managed_connection() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT MAX(id) FROM systems")
        last = cursor.fetchone()[0] or 0
    for start in range(0, last, _PAGE):
        page = range(start + 1, start + _PAGE + 1)
        try:
            rows = list(database.select(f"id>{start},id<={start + _PAGE}", include_data=data))
        except Exception:  # a damaged row raises anything, and fails its whole page
            if is_url(address):
                raise  # it is the connection that is lost
            rows = [row for number in page for row in _rows_one_by_one(database, number, data)]
        yield from sorted(rows, key=lambda row: row.id)


@dataclass(frozen=True)
class _BadRow:
    """Number of a row that cannot be read, and why."""

    id: int
    reason: str


def _rows_one_by_one(database: Any, number: int, data: bool) -> list[Any]:
    try:
        return list(database.select(f"id={number}", include_data=data))
    except Exception as error:
        return [_BadRow(number, f"damaged row: {type(error).__name__}: {error}")]


def _results(row: Any) -> dict[str, Any]:
    calculator = row.toatoms().calc
    return {} if calculator is None else dict(calculator.results)


def _row_atoms(row: Any) -> Atoms:
    try:
        atoms: Atoms = row.toatoms()
    except Exception as error:  # a damaged row raises anything
        raise CrystalError(f"damaged row: {type(error).__name__}: {error}") from error
    # Results belong to the input, not to the structure that a screen computes.
    atoms.calc = None
    return atoms
