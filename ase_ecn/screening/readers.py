"""Structures from folders, files, tables and databases, one after the other."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import numpy as np
from ase import Atoms
from ase.db import connect
from ase.io import iread, read

from ase_ecn.crystal import CrystalLike, as_crystal
from ase_ecn.errors import CrystalError, OptionError

DATABASES = (".db", ".json", ".aselmdb")
_URLS = ("postgresql://", "postgres://", "mysql://", "mariadb://")
_TABLES = (".csv", ".csv.gz", ".parquet")
_PAGE = 256
# Behind each of them the file is searched for frames from its beginning.
_MOST_BAD_FRAMES = 100

# One crystal per folder of a VASP run: the first of these that is there.
_VASP_OUTCOMES = ("vasprun.xml", "vasprun.xml.gz", "OUTCAR", "OUTCAR.gz", "CONTCAR", "POSCAR")
_VASP_OTHERS = frozenset(
    [
        *("INCAR", "KPOINTS", "POTCAR", "IBZKPT", "OSZICAR", "XDATCAR", "REPORT", "PCDAT"),
        *("CHG", "CHGCAR", "WAVECAR", "LOCPOT", "ELFCAR", "DOSCAR", "EIGENVAL", "PROCAR"),
    ]
)


@dataclass(frozen=True)
class Source:
    """One structure of an input.

    Attributes
    ----------
    label
        Unique within the input: file name, with ``#`` and a number where there are several.
    digest
        Hash of the content.
    load
        Returns the atoms, or raises a :class:`~ase_ecn.errors.CrystalError` with the reason why
        they cannot be read. Can be sent to another process.
    columns
        What else the input says about the structure.
    """

    label: str
    digest: str
    load: Callable[[], Atoms]
    columns: dict[str, Any] = field(default_factory=dict)


def read_structures(
    source: str | Path | CrystalLike | Iterable[CrystalLike],
) -> Iterator[Source]:
    """Structures of an input, read as they are asked for.

    A structure that cannot be read is a :class:`Source` as well, whose ``load`` says why.

    Parameters
    ----------
    source
        An ase.db (path, or URL for PostgreSQL), a CSV or Parquet table with a column ``cif``, any
        file that ASE reads, a folder of these and of folders, or structures themselves. Of
        a VASP run in a folder only the last step counts.

    Raises
    ------
    OptionError
        If there is no such input, or it is not what its name says.
    """
    if isinstance(source, Atoms) or hasattr(source, "lattice"):
        return _from_structures([source])  # type: ignore[list-item]
    if not isinstance(source, str | Path):
        return _from_structures(source)  # type: ignore[arg-type]
    if is_url(source):
        # Without the rest of the address, which may hold a password.
        return _from_database(str(source), urlsplit(str(source)).path.strip("/") or "db")
    path = Path(source)
    if not path.exists():
        raise OptionError(f"{path} does not exist")
    if path.is_dir():
        return _from_folder(path)
    return _from_file(path, path.name)


def count_structures(source: Any) -> int | None:
    """How many structures an input has, or ``None`` if only reading it all would tell.

    In a folder each file counts once.
    """
    if not isinstance(source, str | Path):
        return len(source) if hasattr(source, "__len__") else None
    path = Path(source)
    if is_url(source) or path.suffix in DATABASES:
        return int(connect(source).count())
    if path.is_dir():
        return sum(1 for _ in _files(path))
    if path.name.endswith((".csv", ".csv.gz")):
        return sum(1 for _ in _csv_rows(path))
    if path.suffix == ".parquet":
        return int(_parquet(path).metadata.num_rows)
    return _count_extxyz(path) if path.suffix in (".extxyz", ".xyz") else None


def is_url(source: str | Path) -> bool:
    """Whether this is the address of a database server."""
    return str(source).startswith(_URLS)


def _from_structures(structures: Iterable[CrystalLike]) -> Iterator[Source]:
    for k, structure in enumerate(structures):
        label = f"#{k}"
        try:
            atoms = structure if isinstance(structure, Atoms) else as_crystal(structure).to_atoms()
            yield _of_atoms(label, atoms)
        except CrystalError as error:
            yield _unreadable(label, str(error))


def _from_folder(folder: Path) -> Iterator[Source]:
    for file in _files(folder):
        yield from _from_file(file, file.relative_to(folder).as_posix())


def _files(folder: Path) -> Iterator[Path]:
    entries = sorted(e for e in folder.iterdir() if not e.name.startswith("."))
    names = {entry.name for entry in entries}
    outcomes = [name for name in _VASP_OUTCOMES if name in names]
    passed_over = _VASP_OTHERS.union(outcomes[1:])
    for entry in entries:
        if entry.is_dir():
            yield from _files(entry)
        elif entry.name.split(".")[0] not in _VASP_OTHERS and entry.name not in passed_over:
            yield entry


def _from_file(path: Path, label: str) -> Iterator[Source]:
    try:
        if path.suffix in DATABASES:
            yield from _from_database(path, label)
        elif path.name.endswith(_TABLES):
            yield from _from_table(path, label)
        else:
            yield from _from_ase(path, label)
    except OptionError as error:
        yield _unreadable(label, str(error))


def _from_database(address: str | Path, label: str) -> Iterator[Source]:
    try:
        for row in _database_rows(address):
            yield _of_row(f"{label}#{row.id}", row)
    except Exception as error:  # each backend has its own
        raise OptionError(f"cannot read {label}: {type(error).__name__}: {error}") from error


def _of_row(label: str, row: Any) -> Source:
    if isinstance(row, _BadRow):
        return _unreadable(label, row.reason)
    try:
        digest = _digest(row.numbers, row.cell, row.positions, row.pbc)
        return Source(label, digest, partial(_row_atoms, row), dict(row.key_value_pairs))
    except Exception as error:  # rows are decoded when they are asked for something
        return _unreadable(label, f"damaged row: {type(error).__name__}: {error}")


def _database_rows(address: str | Path) -> Iterator[Any]:
    database = connect(address)
    if not is_url(address) and Path(address).suffix != ".db":
        yield from database.select()
        return
    # ASE fetches all rows that a query gives at once, and sorts them if asked for the next few
    # in order; ranges of the primary key need neither.
    with database.managed_connection() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT MAX(id) FROM systems")
        last = cursor.fetchone()[0] or 0
    for start in range(0, last, _PAGE):
        page = range(start + 1, start + _PAGE + 1)
        try:
            rows = list(database.select(f"id>{start},id<={start + _PAGE}", include_data=False))
        except Exception:  # a damaged row raises anything, and takes its page along
            if is_url(address):
                raise  # it is the connection that is lost
            rows = [row for number in page for row in _rows_one_by_one(database, number)]
        yield from sorted(rows, key=lambda row: row.id)


@dataclass(frozen=True)
class _BadRow:
    """Number of a row that cannot be read, and why."""

    id: int
    reason: str


def _rows_one_by_one(database: Any, number: int) -> list[Any]:
    try:
        return list(database.select(f"id={number}", include_data=False))
    except Exception as error:
        return [_BadRow(number, f"damaged row: {type(error).__name__}: {error}")]


def _row_atoms(row: Any) -> Atoms:
    try:
        atoms: Atoms = row.toatoms()
    except Exception as error:  # a damaged row raises anything
        raise CrystalError(f"damaged row: {type(error).__name__}: {error}") from error
    # Results of the input belong to the input, not to what a screen makes of it.
    atoms.calc = None
    return atoms


def _from_table(path: Path, label: str) -> Iterator[Source]:
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
    for k, row in enumerate(rows):
        if "cif" not in row:
            raise OptionError(f"{path} has no column 'cif' in row {k}")
        text = row.pop("cif")
        if text is None:  # the row has ended too early
            yield _unreadable(f"{label}#{k}", "damaged row: there is nothing in column 'cif'")
            continue
        columns = {str(name): _plain(value) for name, value in row.items()}
        digest = sha256(str(text).encode()).hexdigest()[:32]
        yield Source(f"{label}#{k}", digest, partial(_parse_cif, str(text)), columns)


def _parse_cif(text: str) -> Atoms:
    try:
        atoms = read(io.StringIO(text), format="cif")
    except Exception as error:  # ASE's readers raise anything
        raise CrystalError(f"no readable CIF: {type(error).__name__}: {error}") from error
    assert isinstance(atoms, Atoms)
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
    # Bytes that are no text spoil their own row only: no number can contain a replacement.
    if path.suffix == ".gz":
        return gzip.open(path, "rt", newline="", encoding="utf-8", errors="replace")
    return path.open(newline="", encoding="utf-8", errors="replace")


def _next_row(reader: csv.DictReader[str]) -> dict[str, Any] | None:
    # The limit of 128 KiB is one for the whole process, and a CIF may be longer.
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
    """Numbers as numbers; what a JSON file cannot hold as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    try:
        return float(text)
    except ValueError:
        return text


def _from_ase(path: Path, label: str) -> Iterator[Source]:
    if path.suffix in (".extxyz", ".xyz") and (frames := _count_extxyz(path) or 0) > 1:
        yield from _from_frames(path, label, frames)
        return
    try:
        images = iter(_images(path))
        first = list(islice(images, 2))
        several = len(first) > 1
        for k, atoms in enumerate(chain(first, images)):
            yield _of_atoms(f"{label}#{k}" if several else label, atoms)
    except Exception as error:  # ASE's many readers raise anything
        yield _unreadable(label, f"not readable: {type(error).__name__}: {error}")
        return
    if not first:
        yield _unreadable(label, "no structure in the file")


def _from_frames(path: Path, label: str, frames: int) -> Iterator[Source]:
    """Frames of extended XYZ; what is behind a damaged one is read as well."""
    start = bad = 0
    while start < frames and bad <= _MOST_BAD_FRAMES:
        try:
            for atoms in iread(path, index=slice(start, None), format="extxyz"):
                yield _of_atoms(f"{label}#{start}", atoms)
                start += 1
            return
        except Exception as error:  # ASE's reader raises anything
            yield _unreadable(f"{label}#{start}", f"not readable: {type(error).__name__}: {error}")
            start, bad = start + 1, bad + 1
    if start < frames:
        yield _unreadable(
            label, f"more than {_MOST_BAD_FRAMES} damaged frames: the rest is left out"
        )


def _images(path: Path) -> Iterable[Atoms]:
    if path.name.startswith(("vasprun", "OUTCAR")):
        kind = "vasp-xml" if path.name.startswith("vasprun") else "vasp-out"
        last = read(path, index=-1, format=kind)
        assert isinstance(last, Atoms)
        return [last]
    return iread(path, index=":")


def _of_atoms(label: str, atoms: Atoms) -> Source:
    plain = atoms.copy()
    digest = _digest(plain.numbers, plain.cell[:], plain.positions, plain.pbc)
    return Source(label, digest, partial(_given, plain))


def _given(atoms: Atoms) -> Atoms:
    return atoms


def _unreadable(label: str, reason: str) -> Source:
    return Source(label, sha256(reason.encode()).hexdigest()[:32], partial(_fail, reason))


def _fail(reason: str) -> Atoms:
    raise CrystalError(reason)


def _digest(numbers: Any, cell: Any, positions: Any, pbc: Any) -> str:
    parts = (
        np.asarray(numbers, dtype=np.int64),
        np.asarray(cell, dtype=np.float64).round(10),
        np.asarray(positions, dtype=np.float64).round(10),
        np.asarray(pbc, dtype=np.int64),
    )
    return sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:32]


def _count_extxyz(path: Path) -> int | None:
    """Frames by their first lines, without reading what is in them."""
    count = 0
    with path.open("rb") as stream:
        while (line := stream.readline()).strip():
            if not line.strip().isdigit():
                return None
            for _ in range(int(line) + 1):
                stream.readline()
            count += 1
    return count
