"""A screen's ase.db as a Parquet table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ase_ecn.errors import OptionError
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
        Key-value pairs to write as columns; empty where a row lacks them. Cells are lists of nine
        numbers, positions of 3 N, in Å; further columns of the input are JSON.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    with replacing(path) as unfinished:
        _write_rows(store, unfinished, keys)


def _write_rows(store: Store, unfinished: Path, keys: Sequence[str]) -> None:
    pyarrow, parquet = require_pyarrow()
    rows = iter(store.rows())
    schema = None
    writer = None
    try:
        while chunk := list(islice(rows, _ROWS)):
            table = pyarrow.Table.from_pylist([_record(row, keys) for row in chunk], schema=schema)
            if writer is None:
                schema = table.schema
                writer = parquet.ParquetWriter(unfinished, schema)
            writer.write_table(table)
        if writer is None:
            parquet.write_table(pyarrow.table({"source": pyarrow.array([], "string")}), unfinished)
    finally:
        if writer is not None:
            writer.close()


def _record(row: Any, keys: Sequence[str]) -> dict[str, Any]:
    pairs, data = row.key_value_pairs, row.data
    return {
        "source": str(pairs["source"]),
        "formula": row.formula,
        "natoms": int(row.natoms),
        **{key: pairs.get(key) for key in keys},
        "numbers": row.numbers.tolist(),
        "cell": row.cell.ravel().tolist(),
        "positions": row.positions.ravel().tolist(),
        "unrelaxed_cell": np.ravel(data["unrelaxed_cell"]).tolist(),
        "unrelaxed_positions": np.ravel(data["unrelaxed_positions"]).tolist(),
        **({"magmoms": row.magmoms.tolist()} if "magmoms" in row else {}),
        "input": json.dumps(data.get("input", {}), default=str),
    }
