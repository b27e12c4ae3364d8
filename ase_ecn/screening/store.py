"""The output of a screen: an ase.db with a journal in the same database.

Rows and journal change in the same transactions, so a process that is killed leaves either both
or neither. ``screen_journal`` has one line per crystal of the input, whatever its outcome; the
view ``screen_failures`` shows those without a result, ``screen_settings`` the options of the
screen, and ``screen_units`` the units of the properties.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ase.db import connect

from ase_ecn.errors import OptionError, StorageError
from ase_ecn.readers import Source, is_url
from ase_ecn.readers.databases import DATABASE_ERRORS
from ase_ecn.screening import journal
from ase_ecn.screening.compute import Outcome
from ase_ecn.screening.input_keys import renaming
from ase_ecn.screening.journal import MOST_PER_TRANSACTION
from ase_ecn.screening.new_rows import new_rows
from ase_ecn.screening.origins import Line, Origin
from ase_ecn.screening.rows import row_and_data

logger = logging.getLogger(__name__)

STORED = "stored"
"""Status of a crystal that has a row."""
REJECTED = "rejected"
"""Status of a crystal that does not satisfy the condition."""
OUTRANKED = "outranked"
"""Status of a crystal that is not among the best."""
FAILED = "failed"
"""Status of a crystal without a result."""
_ABOVE = "energy_above_hull"


@dataclass(frozen=True)
class Failure:
    """A crystal without a result.

    Attributes
    ----------
    label
        Label of the crystal in the input.
    reason
        Why there is no result.
    """

    label: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """The status of one outcome, and the value by which it is ranked."""

    outcome: Outcome
    status: str
    value: float | None = None


class Store:
    """An ase.db with a journal.

    Parameters
    ----------
    address
        Path of a SQLite file or URL of a PostgreSQL database.
    origin
        The input whose crystals are written.

    Raises
    ------
    OptionError
        If it cannot be opened, or has structures but no screen: nothing is written into a database
        of somebody else's.
    StorageError
        Later, if it cannot be read or written, for instance because the disk is full or the server
        is unreachable. Everything committed before is kept.
    """

    def __init__(self, address: str, origin: Origin | None = None) -> None:
        self.origin = origin or Origin()
        self._told: set[str] = set()
        self.server = is_url(address)
        self.name = urlsplit(address).path.strip("/") if self.server else address
        try:
            # ase.db's lock file would outlive a killed process and lock out the next one. The
            # databases have locks of their own.
            self.database = connect(address, **({} if self.server else {"use_lock_file": False}))
            self._create_tables()
        except OptionError:
            raise
        except Exception as error:  # each backend has its own
            raise OptionError(f"cannot open {address}: {type(error).__name__}: {error}") from error

    def settings(self) -> dict[str, str]:
        """Options of the screen as JSON by name; empty before it has begun."""
        with self._transaction() as cursor:
            cursor.execute("SELECT name, value FROM screen_settings")
            return {str(name): str(value) for name, value in cursor.fetchall()}

    def settle(self, settings: dict[str, Any]) -> None:
        """Record the options of a screen, or check that they are those recorded before.

        Raises
        ------
        OptionError
            If the database contains a screen with different options.
        """
        wanted = {name: json.dumps(value) for name, value in settings.items()}
        with self._transaction() as cursor:
            cursor.execute("SELECT name, value FROM screen_settings")
            found = dict(cursor.fetchall())
            journal.complete(cursor, self.server)
            if not found:
                for item in wanted.items():
                    cursor.execute("INSERT INTO screen_settings VALUES (?, ?)", item)
                return
        differing = [
            f"{name} was {found.get(name, 'not set')}, now {wanted.get(name, 'not set')}"
            for name in sorted(found.keys() | wanted.keys())
            if found.get(name) != wanted.get(name)
        ]
        if differing:
            raise OptionError(
                f"the output contains a screen with different options ({'; '.join(differing)}): "
                "choose another output"
            )

    def note_units(self, units: Mapping[str, str]) -> None:
        """Record the units of properties, by name; those recorded before stay."""
        with self._transaction() as cursor:
            self._lock(cursor)
            cursor.execute("SELECT name FROM screen_units")
            known = {name for (name,) in cursor.fetchall()}
            for name, unit in units.items():
                if name not in known:
                    cursor.execute("INSERT INTO screen_units VALUES (?, ?)", (name, unit))

    def units(self) -> dict[str, str]:
        """Units of the properties; empty for screens of releases that did not record them."""
        with self._transaction() as cursor:
            cursor.execute("SELECT name, unit FROM screen_units")
            return {str(name): str(unit) for name, unit in cursor.fetchall()}

    def pending(self, sources: Sequence[Source], retry_failed: bool) -> list[Source]:
        """Sources that are not in the journal yet, or have changed since."""
        with self._transaction() as cursor:
            known = journal.lines(cursor, [source.label for source in sources])
        left = []
        for source in sources:
            line = self.origin.line_of(source, known.get(source.label, []))
            changed = line is None or not line.is_up_to_date(source)
            if changed or (retry_failed and line is not None and line.status == FAILED):
                left.append(source)
        return left

    def write(self, verdicts: Sequence[Verdict], properties: Sequence[str], common: Any) -> None:
        """Add rows and their lines of the journal.

        Parameters
        ----------
        verdicts
            Any number, of different labels.
        properties
            Names of the properties to keep.
        common
            Key-value pairs of every row.
        """
        for start in range(0, len(verdicts), MOST_PER_TRANSACTION):
            part = verdicts[start : start + MOST_PER_TRANSACTION]
            with self._transaction() as cursor:
                self._lock(cursor)
                known = journal.lines(cursor, [v.outcome.source.label for v in part])
                self._write_part(cursor, part, known, properties, common)

    def _write_part(
        self,
        cursor: Any,
        verdicts: Sequence[Verdict],
        known: dict[str, list[Line]],
        properties: Sequence[str],
        common: dict[str, str],
    ) -> None:
        rows = new_rows(self.database, cursor)
        taken = journal.labels(cursor, [verdict.outcome.source.label for verdict in verdicts])
        entries = []
        for verdict in verdicts:
            source = verdict.outcome.source
            line = self.origin.line_of(source, known.get(source.label, []))
            if line is not None:
                if line.is_up_to_date(source) and line.status != FAILED:
                    continue  # another process has written it
                self._forget(cursor, source, line)
            label = line.label if line else self._free_label(cursor, source, taken)
            taken.add(label)
            number = None
            if verdict.status == STORED:
                content, data = row_and_data(verdict.outcome, label, properties, common)
                self._tell_renamed(data.get("input_keys", {}))
                number = rows.add(content, data)
            entry = (label, source.digest, verdict.status, verdict.outcome.error, verdict.value)
            entries.append((*entry, number, source.label, self.origin.name))
        rows.finish(cursor)
        journal.add(cursor, entries)

    def _forget(self, cursor: Any, source: Source, line: Line) -> None:
        """Delete what is written of a crystal that has changed, or failed."""
        if not line.is_up_to_date(source):
            logger.warning("%s has changed since it was screened", line.label)
        if line.row is not None:
            self.database._delete(cursor, [line.row])
        cursor.execute("DELETE FROM screen_journal WHERE label = ?", (line.label,))

    def _free_label(self, cursor: Any, source: Source, taken: Collection[str]) -> str:
        for label in self.origin.labels(source):
            # Of a crystal's own name it is known already.
            others = [] if label == source.label else journal.labels(cursor, [label])
            if label not in taken and not others:
                return label
        raise AssertionError("labels do not end")

    def _tell_renamed(self, keys: Mapping[str, str]) -> None:
        """Say once of each key of the input under which other name it is kept."""
        news = {n: key for n, key in keys.items() if n not in self._told}
        self._told.update(news)
        if text := renaming(news):
            logger.warning(text)

    def add_to_row(self, row: int, pairs: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Add key-value pairs and data to a row; those under the same keys are replaced."""
        with self._transaction() as cursor:
            self._lock(cursor)
            self.database.update(row, data=dict(data), **pairs)

    def best(self, top: int, largest: bool) -> list[float]:
        """Values of the best crystals that are stored, the best first."""
        order = "DESC" if largest else "ASC"
        with self._transaction() as cursor:
            cursor.execute(
                "SELECT value FROM screen_journal WHERE status = 'stored' "  # noqa: S608
                f"ORDER BY value {order}, label LIMIT {int(top)}"
            )
            return [float(value) for (value,) in cursor.fetchall()]

    def prune(self, top: int, largest: bool) -> None:
        """Delete the rows of all but the best crystals."""
        order = "DESC" if largest else "ASC"
        with self._transaction() as cursor:
            self._lock(cursor)
            cursor.execute(
                "SELECT label, row_id FROM screen_journal WHERE status = 'stored' "  # noqa: S608
                f"ORDER BY value {order}, label LIMIT 1000000000 OFFSET {int(top)}"
            )
            beaten = cursor.fetchall()
            for start in range(0, len(beaten), MOST_PER_TRANSACTION):
                part = beaten[start : start + MOST_PER_TRANSACTION]
                self.database._delete(cursor, [row for _, row in part])
                for label, _ in part:
                    cursor.execute(
                        "UPDATE screen_journal SET status = ?, row_id = NULL WHERE label = ?",
                        (OUTRANKED, label),
                    )

    def counts(self) -> dict[str, int]:
        """Number of crystals of the input by status."""
        with self._transaction() as cursor:
            cursor.execute("SELECT status, COUNT(*) FROM screen_journal GROUP BY status")
            return {str(status): int(count) for status, count in cursor.fetchall()}

    def failures(self) -> Iterator[Failure]:
        """Crystals without a result, in the order of their labels."""
        with self._transaction() as cursor:
            cursor.execute(
                "SELECT label, reason FROM screen_journal WHERE status = 'failed' ORDER BY label"
            )
            for label, reason in iter(cursor.fetchone, None):
                yield Failure(label, reason)

    def order(self, by: str | None) -> str:
        """How the best crystals come first: by a property, ``"-band_gap"`` for the largest.

        ``None`` is the distance to the hull; without one it is the order of the screen, ``""``.

        Raises
        ------
        OptionError
            If this cannot be the name of a property.
        """
        if by is not None and not re.fullmatch(r"-?\w+", by):
            raise OptionError(f"cannot sort by {by!r}: give the name of a property")
        kept = json.loads(self.settings().get("properties", f'["{_ABOVE}"]'))
        return by or (_ABOVE if _ABOVE in kept else "")

    def rows(self, limit: int | None = None, sort: str | None = None) -> Iterator[Any]:
        """Rows in the order in which they were written, or sorted as ``ase.db`` sorts."""
        with self._transaction() as cursor:
            cursor.execute("SELECT MAX(id) FROM systems")
            last = cursor.fetchone()[0] or 0
        if limit is not None or sort is not None:
            yield from self.database.select(sort=sort or "id", limit=limit)
            return
        for start in range(0, last, MOST_PER_TRANSACTION):
            page = self.database.select(f"id>{start},id<={start + MOST_PER_TRANSACTION}")
            yield from sorted(page, key=lambda row: row.id)

    def _create_tables(self) -> None:
        if self.server:
            self.database.count()  # by which ase.db makes its tables
        with self._transaction() as cursor:
            if journal.is_made(cursor, self.server, self.name) and not self.server:
                return
            if not self.server:
                # Whoever finds only some of ase.db's tables cannot use any of them.
                cursor.execute("BEGIN IMMEDIATE")
                self.database.count()
            journal.make(cursor, self.server)

    def _lock(self, cursor: Any) -> None:
        """Keep other writers out until the end of the transaction."""
        cursor.execute("LOCK TABLE screen_journal" if self.server else "BEGIN IMMEDIATE")

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A cursor; all its changes are committed at the end, or none."""
        database = self.database
        connection = None
        try:
            database.__enter__()
            connection = database.connection
            yield connection.cursor()
            connection.commit()
        except Exception as error:
            if not _is_database_error(error):
                raise
            raise StorageError(
                f"the database {self.name} failed ({error}); what was written before is kept, "
                "and the same command continues from there"
            ) from error
        finally:
            # Closing without a commit rolls back, in both databases.
            database.connection = None
            if connection is not None:
                connection.close()


def _is_database_error(error: Exception) -> bool:
    known = (*DATABASE_ERRORS, OSError)
    return isinstance(error, known) or type(error).__module__.startswith("psyco")


def screened(out: str | Path) -> Store:
    """Open the output of a screen.

    Raises
    ------
    OptionError
        If there is no such output.
    """
    address = str(out)
    if is_url(address):
        return Store(address)
    path = journal_path(address)
    if not Path(path).exists():
        raise OptionError(f"{path} does not exist")
    return Store(path)


def failures(out: str | Path) -> Iterator[Failure]:
    """Crystals for which a screen has no result.

    Parameters
    ----------
    out
        Output of a screen.

    Raises
    ------
    OptionError
        If there is no such output.
    """
    return screened(out).failures()


def journal_path(out: str) -> str:
    """The ase.db of an output: the output itself, or that from which a Parquet file is written."""
    return f"{out}.db" if out.endswith(".parquet") else out
