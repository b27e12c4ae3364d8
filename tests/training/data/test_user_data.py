from __future__ import annotations

import csv
import io
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect
from ase.io import write

from ase_ecn.errors import DatasetError
from ase_ecn.training.data.datasets import reduced_formula
from ase_ecn.training.data.user_data import read_user_data, split_user_data


def salts(count: int = 12) -> list[Atoms]:
    names = [a + b for a in ("Li", "Na", "K", "Rb") for b in ("F", "Cl", "Br")]
    return [bulk(names[k % 12], "rocksalt", a=4.0 + 0.1 * k) for k in range(count)]


def database(path: Path, rows: list[tuple[Atoms, dict[str, Any]]]) -> Path:
    with connect(path) as db:
        for atoms, entries in rows:
            db.write(atoms, **entries)
    return path


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def cif(atoms: Atoms) -> str:
    buffer = io.BytesIO()
    write(buffer, atoms, format="cif")
    return buffer.getvalue().decode()


def labelled(atoms: Atoms, **results: Any) -> Atoms:
    atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


def test_a_database_gives_pairs_data_and_results(tmp_path: Path) -> None:
    rows = [
        (
            labelled(a * (1, 1, 2), energy=-4.0 * k, magmoms=np.arange(4.0)),
            {"hardness": float(k), "data": {"shift": k / 2, "charge": [1.0, -1.0, 1.0, -1.0]}},
        )
        for k, a in enumerate(salts())
    ]
    path = database(tmp_path / "my.db", rows)
    hardness = read_user_data(path, "hardness")
    np.testing.assert_array_equal(hardness.targets["hardness"], np.arange(12.0))
    assert hardness.ids[0] == "my-1"
    assert not hardness.site_targets
    shift = read_user_data(path, "shift").targets["shift"]
    np.testing.assert_array_equal(shift, np.arange(12) / 2)
    charge = read_user_data(path, "charge")
    assert charge.site_targets["charge"].tolist() == [1.0, -1.0] * 24
    assert not charge.targets
    assert read_user_data(path, "magmoms").site_targets["magmoms"].tolist() == [0, 1, 2, 3] * 12


def test_totals_of_a_calculator_are_divided_by_atoms(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [(labelled(a, energy=-2.0 * k), {"e": -2.0}) for k, a in enumerate(salts())]
    path = database(tmp_path / "my.db", rows)
    with caplog.at_level(logging.WARNING):
        energy = read_user_data(path, "energy").targets["energy"]
    np.testing.assert_array_equal(energy, -np.arange(12.0))
    assert "divided by atoms" in caplog.text
    assert read_user_data(path, "e").targets["e"][0] == -2.0


def test_an_extxyz_gives_comments_columns_and_results(tmp_path: Path) -> None:
    frames = []
    for k, atoms in enumerate(salts()):
        atoms.info["gap"] = 0.5 * k
        atoms.set_array("q", np.array([1.0, -1.0]))
        frames.append(labelled(atoms, energy=-2.0 * k))
    write(tmp_path / "my.extxyz", frames)
    path = tmp_path / "my.extxyz"
    np.testing.assert_allclose(read_user_data(path, "gap").targets["gap"], np.arange(12) / 2)
    assert read_user_data(path, "q").site_targets["q"].tolist() == [1.0, -1.0] * 12
    np.testing.assert_allclose(read_user_data(path, "energy").targets["energy"], -np.arange(12.0))


def test_a_table_holds_crystals_or_names_of_files(tmp_path: Path) -> None:
    rows = [{"cif": cif(a), "gap": k, "q": "[1, -1]"} for k, a in enumerate(salts())]
    path = table(tmp_path / "my.csv", rows)
    gap = read_user_data(path, "gap")
    np.testing.assert_array_equal(gap.targets["gap"], np.arange(12.0))
    assert [len(c) for c in gap.crystals] == [2] * 12
    assert read_user_data(path, "q").site_targets["q"].tolist() == [1.0, -1.0] * 12
    (tmp_path / "cells").mkdir()
    names = []
    for k, atoms in enumerate(salts()):
        names.append(f"cells/{k}.vasp")
        write(tmp_path / names[-1], atoms)
    by_name = table(
        tmp_path / "names.csv", [{"file": name, "gap": k} for k, name in enumerate(names)]
    )
    np.testing.assert_array_equal(read_user_data(by_name, "gap").targets["gap"], np.arange(12.0))


def test_a_parquet_table_and_a_folder_are_read_as_a_screen_reads_them(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{"cif": cif(a), "gap": float(k), "q": [1.0, -1.0]} for k, a in enumerate(salts())]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "my.parquet")
    gap = read_user_data(tmp_path / "my.parquet", "gap")
    np.testing.assert_array_equal(gap.targets["gap"], np.arange(12.0))
    assert gap.ids[:2] == ["my-1", "my-2"]
    charges = read_user_data(tmp_path / "my.parquet", "q").site_targets["q"]
    assert charges.tolist() == [1.0, -1.0] * 12
    # A folder: one crystal a file in one of its folders, and a table.
    folder = tmp_path / "folder"
    (folder / "runs").mkdir(parents=True)
    for k, atoms in enumerate(salts(6)):
        atoms.info["gap"] = 0.5 * k
        write(folder / "runs" / f"{k}.extxyz", labelled(atoms, energy=-4.0 * k))
    table(folder / "more.csv", rows[:6])
    found = read_user_data(folder, "gap")
    np.testing.assert_allclose(found.targets["gap"][:6], np.arange(6.0))
    np.testing.assert_allclose(found.targets["gap"][6:], np.arange(6.0) / 2)
    assert found.ids[0] == "more.csv#0"
    assert found.ids[6] == "runs/0.extxyz"
    assert found.crystals[6].numbers.tolist() == gap.crystals[0].numbers.tolist()


def test_bad_rows_are_named_and_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows: list[dict[str, Any]] = [{"cif": cif(a), "gap": 1.0} for a in salts(13)]
    rows[2]["cif"] = "data_nothing"
    rows[4]["gap"] = ""
    path = table(tmp_path / "my.csv", rows)
    with caplog.at_level(logging.WARNING):
        dataset = read_user_data(path, "gap")
    assert len(dataset) == 11
    assert dataset.ids[2] == "my-4"
    assert "skipped 2 of 13 rows (row 3: cannot read the CIF: it has no" in caplog.text
    assert "row 5: no gap" in caplog.text
    molecule = Atoms("H2", [[0, 0, 0], [0, 0, 0.74]])
    flat = database(tmp_path / "flat.db", [(molecule, {"gap": 1.0})] * 12)
    with pytest.raises(
        DatasetError, match=r"0 valid crystals .* needed \(row 1: pbc is .*; \.\.\.\)"
    ):
        read_user_data(flat, "gap")


def test_bad_files_are_refused(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"cif": cif(a), "gap": 1.0, "name": "x"} for a in salts()]
    path = table(tmp_path / "my.csv", rows)
    with pytest.raises(DatasetError, match="has 'gpa'; there are gap, name"):
        read_user_data(path, "gpa")
    with pytest.raises(DatasetError, match=r"'name' in row 1 of .* is not numeric: 'x'"):
        read_user_data(path, "name")
    (tmp_path / "my.txt").write_text("no structure")
    with pytest.raises(DatasetError, match=r"my\.txt cannot be read: not readable"):
        read_user_data(tmp_path / "my.txt", "gap")
    with pytest.raises(DatasetError, match="does not exist"):
        read_user_data(tmp_path / "none.db", "gap")
    with pytest.raises(DatasetError, match="5 valid crystals with 'gap'; at least 10"):
        read_user_data(table(tmp_path / "few.csv", rows[:5]), "gap")
    (tmp_path / "empty.csv").write_text("cif,gap\n")
    with pytest.raises(DatasetError, match="holds no crystals"):
        read_user_data(tmp_path / "empty.csv", "gap")
    (tmp_path / "columns.csv").write_text("structure,gap\na,1\n")
    with pytest.raises(DatasetError, match=r"needs a column 'cif' .* there are structure, gap"):
        read_user_data(tmp_path / "columns.csv", "gap")
    (tmp_path / "broken.db").write_text("no database" * 100)
    with pytest.raises(DatasetError, match="cannot be read"):
        read_user_data(tmp_path / "broken.db", "gap")
    with pytest.raises(DatasetError, match="is infinite"):
        read_user_data(table(tmp_path / "inf.csv", [{**r, "gap": "inf"} for r in rows]), "gap")
    with pytest.raises(DatasetError, match="labels must be 0 or 1"):
        read_user_data(table(tmp_path / "m.csv", [{**r, "metal": 3} for r in rows]), "metal")


def test_labels_of_other_shapes_are_refused(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"cif": cif(a), "q": "[1, 2]"} for a in salts()]
    rows[3]["q"] = "[1, 2, 3]"
    path = table(tmp_path / "my.csv", rows)
    with pytest.raises(
        DatasetError, match=r"row 4 .* has shape \(3,\); allowed are .* the 2 atoms"
    ):
        read_user_data(path, "q")
    rows[3]["q"] = "1"
    with pytest.raises(DatasetError, match="for some crystals and one per atom for others"):
        read_user_data(table(path, rows), "q")


def test_a_split_keeps_compositions_together(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = database(tmp_path / "my.db", [(a, {"gap": 1.0}) for a in salts(48)])
    parts = split_user_data(read_user_data(path, "gap"), seed=3)
    assert sum(len(p) for p in parts.values()) == 48
    formulas = [{reduced_formula(c.numbers) for c in p.crystals} for p in parts.values()]
    assert all(formulas)
    assert len(formulas[0] | formulas[1] | formulas[2]) == sum(len(f) for f in formulas)
    assert not caplog.text
    path = database(
        tmp_path / "one.db", [(bulk("Si", a=5 + k / 9), {"gap": 1.0}) for k in range(20)]
    )
    parts = split_user_data(read_user_data(path, "gap"))
    assert [len(parts[k]) for k in ("train", "val", "test")] == [16, 2, 2]
    assert "will flatter" in caplog.text
