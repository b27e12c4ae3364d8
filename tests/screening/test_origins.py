from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from ase.io import write
from screens import lattices

from ase_ecn.errors import OptionError
from ase_ecn.readers import of_atoms, read_structures
from ase_ecn.report import write_report
from ase_ecn.screening import failures
from ase_ecn.screening.origins import origin_of


def poscar(folder: Path, atoms: Atoms) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "POSCAR", atoms, format="vasp")
    return folder


def sources(out: Path) -> dict[str, str]:
    return {row.source: row.formula for row in connect(out).select()}


def test_structures_in_memory_accumulate(tmp_path: Path, run_screen: Callable) -> None:
    out = tmp_path / "all.db"
    batches = [[bulk("Cu"), bulk("Ag")], [bulk("Au"), bulk("Al")], [bulk("Ni")]]
    counts = [run_screen(batch, out).stored for batch in batches]
    assert counts == [2, 4, 5]
    assert sorted(sources(out).values()) == ["Ag", "Al", "Au", "Cu", "Ni"]
    assert run_screen(batches[1], out).computed == 0
    assert run_screen([bulk("Cu"), bulk("Cu")], out).computed == 1  # the second of them is new


def test_folders_with_files_of_one_name_accumulate(tmp_path: Path, run_screen: Callable) -> None:
    out = tmp_path / "all.db"
    inputs = [
        poscar(tmp_path / name, bulk(symbol))
        for name, symbol in {"run1": "Cu", "run2": "Ag", "x/run2": "Au"}.items()
    ]
    broken = tmp_path / "run4"
    broken.mkdir()
    (broken / "POSCAR").write_text("nothing")
    assert [run_screen(one, out).stored for one in (*inputs, broken)] == [1, 2, 3, 3]
    assert sources(out) == {"POSCAR": "Cu", "run2/POSCAR": "Ag", "x/run2/POSCAR": "Au"}
    assert [failure.label for failure in failures(out)] == ["run4/POSCAR"]
    assert [run_screen(one, out).computed for one in (*inputs, broken)] == [0] * 4
    poscar(inputs[1], bulk("Al"))  # what has changed in its own input is replaced
    assert run_screen(inputs[1], out).stored == 3
    assert sources(out)["run2/POSCAR"] == "Al"


def test_databases_of_one_name_accumulate(tmp_path: Path, run_screen: Callable) -> None:
    for folder, symbol in (("a", "Cu"), ("b", "Ag")):
        (tmp_path / folder).mkdir()
        with connect(tmp_path / folder / "candidates.db") as database:
            database.write(bulk(symbol))
        run_screen(tmp_path / folder / "candidates.db", tmp_path / "all.db")
    assert sources(tmp_path / "all.db") == {"candidates.db#1": "Cu", "b/candidates.db#1": "Ag"}


def test_inputs_and_outputs_can_move(tmp_path: Path, run_screen: Callable) -> None:
    project = tmp_path / "project"
    poscar(project / "in", bulk("Cu"))
    run_screen(project / "in", project / "out.db")
    project = project.rename(tmp_path / "elsewhere")
    poscar(project / "in", bulk("Ag"))  # together, they know each other
    assert run_screen(project / "in", project / "out.db").stored == 1
    moved = (project / "in").rename(tmp_path / "moved")
    assert run_screen(moved, project / "out.db").computed == 0


def test_outputs_of_earlier_releases_go_on_and_lose_nothing(
    tmp_path: Path, run_screen: Callable
) -> None:
    out = tmp_path / "out.db"
    first, second = (
        poscar(tmp_path / name, bulk(symbol)) for name, symbol in (("run1", "Cu"), ("run2", "Ag"))
    )
    write(first / "cu.cif", bulk("Cu"))
    run_screen(first, out)
    cif = next(one for one in read_structures(first) if one.label == "cu.cif")
    with sqlite3.connect(out) as connection:
        connection.execute("DROP INDEX screen_name")
        for column in ("name", "origin"):
            connection.execute(f"ALTER TABLE screen_journal DROP COLUMN {column}")
        of_structure = (of_atoms("cu.cif", cif.load()).digest, "cu.cif")
        connection.execute("UPDATE screen_journal SET digest = ? WHERE label = ?", of_structure)
    connection.close()
    assert list(failures(out)) == []
    assert run_screen(first, out).computed == 0
    assert run_screen(second, out).stored == 3
    assert sources(out) == {"POSCAR": "Cu", "cu.cif": "Cu", "run2/POSCAR": "Ag"}


def test_the_output_is_never_an_input(tmp_path: Path, run_screen: Callable) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for k, atoms in enumerate(lattices(6)):
        write(folder / f"{k}.vasp", atoms)
    reports = [run_screen(folder, folder / "z.db", batch_size=2) for _ in range(2)]
    assert [(r.stored, r.failed, r.computed) for r in reports] == [(6, 0, 6), (6, 0, 0)]
    assert run_screen(folder, folder / "another.db", batch_size=2).stored == 6


def test_parquet_outputs_are_no_inputs_either(tmp_path: Path, run_screen: Callable) -> None:
    pytest.importorskip("pyarrow")
    poscar(tmp_path / "in", bulk("Cu"))
    out = tmp_path / "in" / "out.parquet"
    for other in (out, out, tmp_path / "in" / "other.db"):
        report = run_screen(tmp_path / "in", other)
        assert (report.stored, report.failed) == (1, 0)
    with pytest.raises(OptionError, match="is the input"):
        run_screen(f"{out}.db", out)


def test_databases_of_others_are_not_written_into(tmp_path: Path, run_screen: Callable) -> None:
    path = tmp_path / "candidates.db"
    with connect(path) as database:
        database.write(bulk("Cu"), tag="mine")
    before = path.read_bytes()
    (tmp_path / "link.db").symlink_to(path)
    for source, out in ((path, path), (path, tmp_path / "link.db")):
        with pytest.raises(OptionError, match="is the input"):
            run_screen(source, out)
    for work in (
        lambda: run_screen(lattices(1), path),
        lambda: write_report(path, tmp_path / "page.html"),
        lambda: list(failures(path)),
    ):
        with pytest.raises(OptionError, match="1 structures that no screen has written"):
            work()
    assert path.read_bytes() == before


def test_labels_become_longer_until_one_is_free(tmp_path: Path) -> None:
    address = str(tmp_path / "out.db")
    source = of_atoms("POSCAR", bulk("Cu"))
    labels = origin_of(poscar(tmp_path / "x" / "run", bulk("Cu")), address).labels(source)
    assert [next(labels) for _ in range(3)] == ["POSCAR", "run/POSCAR", "x/run/POSCAR"]
    found = [next(labels) for _ in range(40)]
    assert len(set(found)) == 40
    server = origin_of("postgresql://me:secret@host:5432/name", address)
    assert server.name == "postgresql://host:5432/name"
    assert "secret" not in repr(server)
