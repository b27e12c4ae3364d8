from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from ase_ecn.screening import (
    count_structures,
    read_structures,
)


def table_rows() -> list[dict[str, object]]:
    rows = []
    for name, atoms in (("salt", bulk("NaCl", "rocksalt", a=5.6)), ("iron", bulk("Fe"))):
        file = Path(f"{name}.cif")
        write(file, atoms)
        rows.append({"material_id": name, "e_above_hull": 0.1, "cif": file.read_text()})
        file.unlink()
    return rows


def write_csv(path: Path, rows: list[dict[str, object]]) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    content = stream.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "in.parquet"])
def test_tables_are_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    if name.endswith("parquet"):
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(table_rows()), path)
    else:
        write_csv(path, table_rows())
    entries = list(read_structures(path))
    assert [entry.label for entry in entries] == [f"{name}#0", f"{name}#1"]
    assert [len(entry.load()) for entry in entries] == [2, 1]
    assert entries[0].columns == {"material_id": "salt", "e_above_hull": 0.1}
    assert count_structures(path) == 2


def test_tables_without_a_cif_are_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "in.csv", [{"structure": "x"}])
    (entry,) = read_structures(tmp_path / "in.csv")
    with pytest.raises(ValueError, match=r"needs a column 'cif' .* there are structure"):
        entry.load()


def test_long_fields_are_read_and_the_limit_stays(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    write_csv(tmp_path / "in.csv", [{"cif": "x" * 200_000}])
    (entry,) = read_structures(tmp_path / "in.csv")
    with pytest.raises(ValueError, match="cannot read the CIF"):
        entry.load()
    assert csv.field_size_limit() == limit
