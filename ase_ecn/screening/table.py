"""A screen's ase.db as a Parquet table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ase_ecn.errors import OptionError
from ase_ecn.screening.input_keys import input_pairs
from ase_ecn.screening.store import Store
from ase_ecn.storage import replacing

_ROWS = 1000


def require_pyarrow() -> Any:
    """Return pyarrow with its Parquet module, or raise an OptionError."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise OptionError("Parquet needs pyarrow: pip install 'ase-ecn[parquet]'") from error
    return pyarrow, parquet


def write_parquet(store: Store, path: Path, keys: Sequence[str]) -> None:
    """Write all rows; the file appears only when it is complete.

    Parameters
    ----------
    store
        Database with the rows.
    path
        ``.parquet`` file.
    keys
        Key-value pairs to write as columns, before those that come from the input; empty where a
        row lacks them. Cells are lists of nine numbers, positions of 3 N, in Å; what the input
        said under its own names, other values than numbers and texts too, is JSON.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    with replacing(path) as unfinished:
        _write_rows(store, unfinished, keys)


def _write_rows(store: Store, unfinished: Path, keys: Sequence[str]) -> None:
    pyarrow, parquet = require_pyarrow()
    kinds = _kinds(store, keys)
    rows = iter(store.rows())
    schema = None
    writer: Any = None
    try:
        while chunk := list(islice(rows, _ROWS)):
            records = [_record(row, kinds) for row in chunk]
            if schema is None:
                schema = _with_kinds(pyarrow.Table.from_pylist(records).schema, kinds)
                writer = parquet.ParquetWriter(unfinished, schema)
            writer.write_table(pyarrow.Table.from_pylist(records, schema=schema))
        if writer is None:
            parquet.write_table(pyarrow.table({"source": pyarrow.array([], "string")}), unfinished)
    finally:
        if writer is not None:
            writer.close()


def _kinds(store: Store, keys: Sequence[str]) -> dict[str, type | None]:
    """Columns, and the one type that all of their values can have; ``None`` without any value."""
    found: dict[str, set[type]] = {key: set() for key in keys}
    for row in store.rows():
        for key in input_pairs(row):
            found.setdefault(key, set())
        pairs = row.key_value_pairs
        for key in found.keys() & pairs.keys():
            found[key].add(type(pairs[key]))
    return {key: _common(kinds) for key, kinds in found.items()}


def _common(kinds: set[type]) -> type | None:
    if len(kinds) < 2:
        return next(iter(kinds), None)
    return str if str in kinds else float


def _with_kinds(schema: Any, kinds: Mapping[str, type | None]) -> Any:
    pyarrow, _ = require_pyarrow()
    types: dict[type | None, Any] = {
        bool: pyarrow.bool_(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        str: pyarrow.string(),
        None: pyarrow.null(),
    }
    fields = [f.with_type(types[kinds[f.name]]) if f.name in kinds else f for f in schema]
    return pyarrow.schema(fields)


def _record(row: Any, kinds: Mapping[str, type | None]) -> dict[str, Any]:
    pairs, data = row.key_value_pairs, row.data
    return {
        "source": str(pairs["source"]),
        "formula": row.formula,
        "natoms": int(row.natoms),
        **{k: kind(pairs[k]) if kind and k in pairs else None for k, kind in kinds.items()},
        "numbers": row.numbers.tolist(),
        "cell": row.cell.ravel().tolist(),
        "positions": row.positions.ravel().tolist(),
        "unrelaxed_cell": np.ravel(data["unrelaxed_cell"]).tolist(),
        "unrelaxed_positions": np.ravel(data["unrelaxed_positions"]).tolist(),
        **({"magmoms": row.magmoms.tolist()} if "magmoms" in row else {}),
        "input": json.dumps(data.get("input", {}), default=str),
    }
