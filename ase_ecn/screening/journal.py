"""The journal of a screen: tables with a line for each crystal, beside those of ase.db.

All functions run within a transaction of whoever calls them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ase_ecn.errors import OptionError
from ase_ecn.screening.origins import Line

MOST_PER_TRANSACTION = 1000
"""ase.db commits after so many changes by itself, which would separate rows from their journal."""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS screen_journal (label TEXT PRIMARY KEY, digest TEXT, "
    "status TEXT, reason TEXT, value DOUBLE PRECISION, row_id INTEGER)",
    "CREATE INDEX IF NOT EXISTS screen_status ON screen_journal (status)",
    "CREATE TABLE IF NOT EXISTS screen_settings (name TEXT PRIMARY KEY, value TEXT)",
    "CREATE TABLE IF NOT EXISTS screen_units (name TEXT PRIMARY KEY, unit TEXT)",
)
# Outputs of releases that did not record them lack these further columns of the journal.
_LATER = ("name", "origin")
_VIEW = "screen_failures AS SELECT label, reason FROM screen_journal WHERE status = 'failed'"
_NAMES = {"systems", "screen_journal", "screen_settings", "screen_units", "screen_failures"}


def is_made(cursor: Any, server: bool, name: str) -> bool:
    """Whether all tables are there.

    Raises
    ------
    OptionError
        If there are structures without a journal: somebody else's, which are left alone.
    """
    if server:
        cursor.execute("SELECT to_regclass('systems'), to_regclass('screen_journal')")
        names = {str(table) for table in cursor.fetchone()}
    else:
        cursor.execute("SELECT name FROM sqlite_master")
        names = {str(table) for (table,) in cursor.fetchall()}
    if "systems" in names and "screen_journal" not in names:
        cursor.execute("SELECT COUNT(*) FROM systems")
        if count := cursor.fetchone()[0]:
            raise OptionError(
                f"{name} is no output of a screen: it has {count} structures that no screen has "
                "written"
            )
    return names >= _NAMES


def make(cursor: Any, server: bool) -> None:
    """Make the tables that are not there yet."""
    for statement in _TABLES:
        cursor.execute(statement)
    complete(cursor, server)
    # The two dialects agree on views, but not on how not to create one twice.
    exists = "OR REPLACE VIEW" if server else "VIEW IF NOT EXISTS"
    cursor.execute(f"CREATE {exists} {_VIEW}")


def complete(cursor: Any, server: bool) -> None:
    """Add the columns that journals of earlier releases lack; their labels are the names."""
    if server:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'screen_journal'"
        )
        there = {str(name) for (name,) in cursor.fetchall()}
    else:
        cursor.execute("PRAGMA table_info(screen_journal)")
        there = {str(row[1]) for row in cursor.fetchall()}
    missing = [column for column in _LATER if column not in there]
    if not missing:
        return
    for column in missing:
        cursor.execute(f"ALTER TABLE screen_journal ADD COLUMN {column} TEXT")
    cursor.execute("UPDATE screen_journal SET name = label WHERE name IS NULL")
    cursor.execute("CREATE INDEX IF NOT EXISTS screen_name ON screen_journal (name)")


def lines(cursor: Any, names: Sequence[str]) -> dict[str, list[Line]]:
    """Lines by the names that crystals have in their inputs, those of all inputs."""
    found: dict[str, list[Line]] = {}
    for start in range(0, len(names), MOST_PER_TRANSACTION):
        part = list(names[start : start + MOST_PER_TRANSACTION])
        marks = ", ".join("?" * len(part))
        cursor.execute(
            "SELECT label, name, origin, digest, status, row_id "  # noqa: S608
            f"FROM screen_journal WHERE name IN ({marks})",
            part,
        )
        for values in cursor.fetchall():
            found.setdefault(values[1], []).append(Line(*values))
    return found


def labels(cursor: Any, wanted: Sequence[str]) -> set[str]:
    """Those of at most :data:`MOST_PER_TRANSACTION` labels that there are already."""
    marks = ", ".join("?" * len(wanted))
    cursor.execute(
        f"SELECT label FROM screen_journal WHERE label IN ({marks})",  # noqa: S608
        list(wanted),
    )
    return {str(label) for (label,) in cursor.fetchall()}


def add(cursor: Any, entries: Sequence[tuple[Any, ...]]) -> None:
    """Add lines: label, digest, status, reason, value, row, name and origin of each."""
    cursor.executemany(
        "INSERT INTO screen_journal (label, digest, status, reason, value, row_id, name, origin) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        entries,
    )
