"""Structures from CSV and Parquet tables, one per row."""

from __future__ import annotations

import csv
import gzip
import sys
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ase import Atoms
from ase.io import read

from ase_ecn.errors import CrystalError, OptionError
from ase_ecn.readers.cif import CIF, atoms_of_text, disordered_structure_of_text
from ase_ecn.readers.decoding import decoded_text
from ase_ecn.readers.source import Source, text_digest, unreadable

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

CSV = (".csv", ".csv.gz")
PARQUET = (".parquet",)
_CIF, _FILE = "cif", "file"
_PAGE = 256


def read_csv(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """Rows of a CSV table with a column ``cif``, or ``file`` with paths relative to the table.

    Raises
    ------
    OptionError
        If the file cannot be read or has neither column.
    """
    del labelled  # all columns are read in any case
    return _sources(_csv_rows(path), path, label)


def read_parquet(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """Rows of a Parquet table with the same columns.

    Raises
    ------
    OptionError
        If the file cannot be read or has neither column, or pyarrow is not installed.
    """
    del labelled
    return _sources(_parquet_rows(path), path, label)


def count_csv(path: Path) -> int:
    """Number of rows of a CSV table."""
    return sum(1 for _ in _csv_rows(path))


def count_parquet(path: Path) -> int:
    """Number of rows of a Parquet table."""
    return int(_parquet(path).metadata.num_rows)


def _sources(rows: Iterator[dict[str, Any]], path: Path, label: str) -> Iterator[Source]:
    for k, row in enumerate(rows):
        where = f"{label}#{k}"
        column = _CIF if row.get(_CIF) or _FILE not in row else _FILE
        if column not in row:
            raise OptionError(
                f"{path} needs a column 'cif' (text of a CIF) or 'file' (name of a structure "
                f"file); there are {', '.join(map(str, row)) or 'none'}"
            )
        text = row.pop(column)
        if text is None:  # the row is too short
            reason = f"damaged row: there is nothing in column {column!r}"
            yield unreadable(where, reason, k + 1)
            continue
        if column == _CIF:
            load, digest = partial(atoms_of_text, str(text)), text_digest(str(text))
            disordered = partial(disordered_structure_of_text, str(text))
        else:
            file = path.parent / str(text)
            load, digest = partial(_read_file, file), _file_digest(file)
            disordered = partial(_disordered, file)
        columns = {str(name): _plain(value) for name, value in row.items()}
        labels = {str(name): value for name, value in row.items() if value not in (None, "")}
        yield Source(
            where, digest, load, columns, number=k + 1, labels=labels, disordered=disordered
        )


def _file_digest(path: Path) -> str:
    try:
        return text_digest(path.read_bytes().hex())
    except OSError:  # reading it will report this
        return text_digest(str(path))


def _disordered(path: Path) -> Structure | None:
    if not path.name.lower().endswith(CIF):
        return None
    try:
        return disordered_structure_of_text(decoded_text(path))
    except (OSError, ValueError) as error:
        raise CrystalError(f"cannot read {path}: {error}") from error


def _read_file(path: Path) -> Atoms:
    try:
        if path.name.lower().endswith(CIF):
            return atoms_of_text(decoded_text(path))
        atoms = read(str(path.absolute()), do_not_split_by_at_sign=True)
    except CrystalError as error:
        raise type(error)(f"{path}: {error}") from error
    except Exception as error:  # ASE's readers raise anything
        raise CrystalError(f"cannot read {path}: {type(error).__name__}: {error}") from error
    assert isinstance(atoms, Atoms)
    atoms.calc = None
    return atoms


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    with _opened(path) as stream:
        reader = csv.DictReader(stream)
        try:
            while (row := _next_row(reader)) is not None:
                yield row
        except (csv.Error, OSError, EOFError, zlib.error) as error:
            raise OptionError(f"cannot read {path}: {error}") from error


def _opened(path: Path) -> IO[str]:
    # Bytes that are not UTF-8 spoil only their own row: no number contains a replacement
    # character. Excel writes a byte order mark.
    if path.suffix == ".gz":
        return gzip.open(path, "rt", newline="", encoding="utf-8-sig", errors="replace")
    return path.open(newline="", encoding="utf-8-sig", errors="replace")


def _next_row(reader: csv.DictReader[str]) -> dict[str, Any] | None:
    # The limit, 128 KiB, is global to the process, and a CIF may be longer.
    limit = csv.field_size_limit(sys.maxsize)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(limit)


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    file = _parquet(path)
    try:
        for batch in file.iter_batches(batch_size=_PAGE):
            yield from batch.to_pylist()
    except (OSError, ValueError) as error:  # ArrowInvalid is one of the latter
        raise OptionError(f"cannot read {path}: {error}") from error


def _parquet(path: Path) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise OptionError("Parquet needs pyarrow: pip install 'ase-ecn[parquet]'") from error
    try:
        return parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise OptionError(f"cannot read {path}: {error}") from error


def _plain(value: Any) -> Any:
    """Numbers as numbers; everything that JSON cannot represent as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    try:
        return float(text)
    except ValueError:
        return text
