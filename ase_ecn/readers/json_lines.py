"""JSON lines: one structure per line, an object with ``species``, ``cell`` and ``frac``."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from ase import Atoms
from ase.cell import Cell
from numpy.typing import NDArray

from ase_ecn.errors import CellError, CrystalError, OptionError
from ase_ecn.readers.source import Source, text_digest, unreadable
from ase_ecn.storage import replacing

JSON_LINES = (".jsonl", ".jsonl.gz")
_STRUCTURE = ("species", "cell", "frac")
_DECIMALS = 8


def read_json_lines(path: Path, label: str, labelled: bool = False) -> Iterator[Source]:
    """Structures of a file, plain or compressed; other keys of a line may be labels.

    ``species`` are symbols of elements, ``cell`` the lattice vectors in Å, ``frac`` fractional
    coordinates.

    Raises
    ------
    OptionError
        If the file cannot be read.
    """
    del labelled  # the whole line is read in any case
    for k, line in enumerate(_lines(path)):
        where = f"{label}#{k}"
        try:
            row = json.loads(line)
            missing = [name for name in _STRUCTURE if name not in row]
            if missing:
                yield unreadable(where, f"no {', '.join(missing)} in line {k + 1}", k + 1)
                continue
        except (ValueError, TypeError) as error:
            yield unreadable(where, f"line {k + 1} is not a JSON object: {error}", k + 1)
            continue
        structure = {name: row.pop(name) for name in _STRUCTURE}
        yield Source(
            where,
            text_digest(json.dumps(structure)),
            partial(_load, structure),
            columns={n: v for n, v in row.items() if isinstance(v, str | int | float)},
            number=k + 1,
            labels=row,
        )


def count_json_lines(path: Path) -> int:
    """Number of lines of a file."""
    return sum(1 for _ in _lines(path))


def structure_fields(atoms: Atoms) -> dict[str, Any]:
    """The keys of a line that define a structure; lengths are rounded to 1e-8 Å."""
    return {
        "species": atoms.get_chemical_symbols(),
        "cell": _rounded(atoms.cell[:]),
        "frac": _rounded(atoms.get_scaled_positions(wrap=False)),
    }


def _rounded(values: NDArray[np.float64]) -> list[list[float]]:
    rows: list[list[float]] = (values.round(_DECIMALS) + 0.0).tolist()  # no -0.0
    return rows


def write_json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write a file, compressed if its name ends in ``.gz``; it appears only when complete.

    Parameters
    ----------
    path
        ``.jsonl`` or ``.jsonl.gz``.
    rows
        Content of each line.

    Returns
    -------
    int
        Number of lines.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    count = 0
    with replacing(path) as unfinished, unfinished.open("wb") as raw, _packed(path, raw) as file:
        for count, row in enumerate(rows, 1):  # noqa: B007 - it is returned
            file.write((json.dumps(row, separators=(",", ":")) + "\n").encode())
    return count


def _packed(path: Path, raw: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    if path.suffix != ".gz":
        return nullcontext(raw)
    # Without the time, so that the same rows make the same file.
    return gzip.GzipFile("", "wb", fileobj=raw, mtime=0)  # type: ignore[return-value]


def _lines(path: Path) -> Iterator[str]:
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as file:
            yield from file
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise OptionError(f"{path} cannot be read: {error}") from error


def _load(structure: Mapping[str, Any]) -> Atoms:
    try:
        cell = Cell.new(structure["cell"])
        if cell.rank < 3:
            raise CellError("a lattice vector has no length")
        return Atoms(structure["species"], cell=cell, scaled_positions=structure["frac"], pbc=True)
    except CellError:
        raise
    except Exception as error:  # for what is no structure ASE raises anything
        raise CrystalError(f"not a structure: {type(error).__name__}: {error}") from error
