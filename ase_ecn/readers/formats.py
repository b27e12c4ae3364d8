"""Which reader reads which file.

A new format is a function from a path to :class:`~ase_ecn.readers.Source`s and one line of
:data:`READERS`, or a call of :func:`register`. All other files are left to ASE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ase_ecn.errors import OptionError
from ase_ecn.readers.cif import CIF, read_cif
from ase_ecn.readers.databases import DATABASES, count_rows, read_database
from ase_ecn.readers.extended_xyz import EXTXYZ, count_extxyz, read_extxyz
from ase_ecn.readers.files import read_file
from ase_ecn.readers.json_lines import JSON_LINES, count_json_lines, read_json_lines
from ase_ecn.readers.source import Source, unreadable
from ase_ecn.readers.tabular import (
    CSV,
    PARQUET,
    count_csv,
    count_parquet,
    read_csv,
    read_parquet,
)


def _unknown(path: Path) -> int | None:
    del path
    return None


@dataclass(frozen=True)
class Reader:
    """How files whose names end in a certain way are read.

    Attributes
    ----------
    endings
        Such as ``".csv.gz"``.
    read
        Yields the structures of a file one by one. Called with its path, the beginning of their
        labels, and whether labels for a fit are needed. May raise an
        :class:`~ase_ecn.errors.OptionError`; one bad structure among many should rather be
        :func:`~ase_ecn.readers.unreadable`.
    count
        Number of structures of a file; ``None`` if it is known only after reading all of it.
    """

    endings: tuple[str, ...]
    read: Callable[[Path, str, bool], Iterator[Source]]
    count: Callable[[Path], int | None] = _unknown


READERS = [
    Reader(CIF, read_cif),
    Reader(DATABASES, read_database, count_rows),
    Reader(CSV, read_csv, count_csv),
    Reader(PARQUET, read_parquet, count_parquet),
    Reader(EXTXYZ, read_extxyz, count_extxyz),
    Reader(JSON_LINES, read_json_lines, count_json_lines),
]
"""The first one with a matching ending is used."""
_ANY = Reader(("",), read_file)


def register(reader: Reader) -> None:
    """Add a reader, which takes precedence over those that are there."""
    READERS.insert(0, reader)


def reader_of(path: Path) -> Reader:
    """Return the reader of a file: ASE's if no other matches."""
    return next((one for one in READERS if path.name.lower().endswith(one.endings)), _ANY)


def read_path(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """Structures of a file; if its content does not match its name, an unreadable source."""
    try:
        yield from reader_of(path).read(path, label, labelled)
    except OptionError as error:
        yield unreadable(label, str(error))
    except OSError as error:  # a dead link, a file that one may not read
        yield unreadable(label, f"cannot read {path}: {error.strerror or error}")
