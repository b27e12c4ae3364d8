from __future__ import annotations

import gc
import json
import re
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect
from ase.io import read, write
from children import killed, killed_when_large
from pymatgen.core import Structure
from screens import glimpse, lattices

from ase_ecn.errors import CheckpointError, OptionError
from ase_ecn.screening import (
    failures,
    screen,
    unrelaxed,
)
from ase_ecn.screening.compute import Screener


def test_rows_hold_results_provenance_and_the_start(
    tmp_path: Path, run_screen: Callable, small_networks: dict[str, Path]
) -> None:
    atoms = bulk("NaCl", "rocksalt", a=6.2)
    atoms.set_tags([4, 5])
    atoms.calc = SinglePointCalculator(atoms, energy=-3.0)
    with connect(tmp_path / "in.db") as database:
        database.write(atoms, band_gap=8.5)
    assert run_screen(tmp_path / "in.db", tmp_path / "out.db", relax=True).stored == 1
    row = connect(tmp_path / "out.db").get(id=1)
    assert row.source == "in.db#1"
    assert row.energy == pytest.approx(2 * row.formation_energy)
    assert row.free_energy == row.energy
    assert row.magmom == pytest.approx(row.magnetization)
    assert row.magmoms.shape == (2,)
    assert row.ecn_checkpoint == "small-ecn"
    card = json.loads(small_networks["checkpoint"].with_suffix(".json").read_text())
    assert row.ecn_sha256 == card["sha256"]
    assert row.data["input"] == {"band_gap": 8.5}
    start = unrelaxed(row)
    np.testing.assert_allclose(start.cell[:], atoms.cell[:])
    np.testing.assert_allclose(start.positions, atoms.positions)
    relaxed = row.toatoms()
    assert relaxed.get_tags().tolist() == [4, 5]
    assert relaxed.get_potential_energy() == row.energy
    volume_change = relaxed.get_volume() / atoms.get_volume() - 1
    assert row.volume_change == pytest.approx(volume_change)
    assert row.relaxation_reason in ("converged", "steps", "oscillating", "strain out of range")


def test_without_relax_cells_stay(tmp_path: Path, run_screen: Callable) -> None:
    run_screen(lattices(2), tmp_path / "out.db", relaxer_checkpoint=None)
    rows = list(connect(tmp_path / "out.db").select())
    np.testing.assert_allclose([r.volume for r in rows], [a.get_volume() for a in lattices(2)])
    assert "relaxed" not in rows[0].key_value_pairs
    assert "empnn_sha256" not in rows[0].key_value_pairs


def test_structures_of_pymatgen_are_screened(tmp_path: Path, run_screen: Callable) -> None:
    structure = Structure([[0, 2.1, 2.1], [2.1, 0, 2.1], [2.1, 2.1, 0]], ["Mg"], [[0, 0, 0]])
    partly = Structure(structure.lattice, [{"Mg": 0.5}], [[0, 0, 0]])
    assert run_screen(structure, tmp_path / "one.db").stored == 1
    report = run_screen([structure, bulk("Mg"), partly], tmp_path / "out.db", relax=True)
    assert (report.stored, report.failed) == (2, 1)
    assert "partially occupied" in next(failures(tmp_path / "out.db")).reason


def test_conditions_select(tmp_path: Path, run_screen: Callable) -> None:
    crystals = lattices(9)
    run_screen(crystals, tmp_path / "all.db")
    energies = sorted(r.formation_energy for r in connect(tmp_path / "all.db").select())
    where = f"formation_energy < {(energies[3] + energies[4]) / 2} and natoms = 1"
    report = run_screen(crystals, tmp_path / "some.db", where=where)
    assert (report.stored, report.rejected, report.computed) == (4, 5, 9)
    found = sorted(r.formation_energy for r in connect(tmp_path / "some.db").select())
    np.testing.assert_allclose(found, energies[:4], rtol=1e-6)
    assert run_screen(crystals, tmp_path / "some.db", where=where).computed == 0


@pytest.mark.parametrize("largest", [False, True])
def test_the_best_are_kept(largest: bool, tmp_path: Path, run_screen: Callable) -> None:
    crystals = lattices(12)
    run_screen(crystals, tmp_path / "all.db")
    energies = sorted(
        (r.formation_energy for r in connect(tmp_path / "all.db").select()), reverse=largest
    )
    options = {"top": 3, "by": "formation_energy", "largest": largest, "batch_size": 2}
    first = run_screen(crystals[:7], tmp_path / "best.db", **options)
    assert (first.stored, first.outranked) == (3, 4)
    report = run_screen(crystals, tmp_path / "best.db", **options)
    assert (report.stored, report.outranked, report.computed) == (3, 9, 5)
    found = [r.formation_energy for r in connect(tmp_path / "best.db").select()]
    np.testing.assert_allclose(sorted(found, reverse=largest), energies[:3], rtol=1e-6)


def test_only_the_chosen_properties_are_kept(tmp_path: Path, run_screen: Callable) -> None:
    run_screen(lattices(1), tmp_path / "out.db", properties=["band_gap"], where="natoms < 5")
    row = connect(tmp_path / "out.db").get(id=1)
    assert "band_gap" in row.key_value_pairs
    assert "formation_energy" not in row.key_value_pairs
    assert "energy" not in row


def test_failures_have_their_reasons(tmp_path: Path, run_screen: Callable) -> None:
    crystals = [bulk("Cu"), Atoms("H"), bulk("Xe"), bulk("Fe")]
    report = run_screen(crystals, tmp_path / "out.db")
    assert (report.stored, report.failed) == (2, 2)
    reasons = {f.label: f.reason for f in failures(tmp_path / "out.db")}
    assert list(reasons) == ["#1", "#2"]
    assert "unsupported elements: Xe" in reasons["#2"]
    found = sqlite3.connect(tmp_path / "out.db").execute("SELECT label FROM screen_failures")
    assert found.fetchall() == [("#1",), ("#2",)]
    assert run_screen(crystals, tmp_path / "out.db").computed == 0
    assert run_screen(crystals, tmp_path / "out.db", retry_failed=True).computed == 2
    with pytest.raises(OptionError, match="does not exist"):
        list(failures(tmp_path / "missing.db"))


def test_one_crystal_cannot_take_others_along(
    tmp_path: Path, run_screen: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Screener._run

    def failing(self, valid, sources):
        if any(sources[one.position].label == "#2" for one in valid):
            raise ZeroDivisionError("no such luck")
        return plain(self, valid, sources)

    monkeypatch.setattr(Screener, "_run", failing)
    report = run_screen(lattices(5), tmp_path / "out.db")
    assert (report.stored, report.failed) == (4, 1)
    assert next(failures(tmp_path / "out.db")).reason == "ZeroDivisionError: no such luck"


def test_parquet_tables_are_written(tmp_path: Path, run_screen: Callable) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "out.parquet"
    crystals = [bulk("Cu"), bulk("NaCl", "rocksalt", a=5.7), bulk("Xe")]
    report = run_screen(crystals, out, relax=True)
    assert (report.stored, report.failed) == (2, 1)
    rows = parquet.read_table(out).to_pylist()
    assert [row["formula"] for row in rows] == ["Cu", "NaCl"]
    database = connect(f"{out}.db")
    assert rows[0]["formation_energy"] == database.get(id=1).formation_energy
    assert len(rows[1]["magmoms"]) == 2
    np.testing.assert_allclose(np.reshape(rows[1]["unrelaxed_cell"], (3, 3)), crystals[1].cell)
    assert rows[0]["ecn_sha256"] == database.get(id=1).ecn_sha256
    assert run_screen(crystals, out, relax=True).computed == 0
    assert run_screen([], tmp_path / "none.parquet").stored == 0
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0


def test_bad_options_are_refused_at_the_door(tmp_path: Path, run_screen: Callable) -> None:
    out = tmp_path / "out.db"
    for options, message in [
        ({"batch_size": 0}, "batch_size"),
        ({"top": 3}, "must be given together"),
        ({"top": 3, "by": "density"}, "unknown density"),
        ({"top": 3, "by": "site_moments"}, "unknown site_moments"),
        ({"properties": ["gap"]}, "unknown gap"),
        ({"where": "gap > 1"}, "unknown name 'gap'"),
        ({"where": "volume_change > 1"}, "unknown name"),
        ({"device": "nowhere"}, "cannot be used"),
        ({"workers": 2, "cluster": "tcp://x"}, "not both"),
    ]:
        with pytest.raises(OptionError, match=message):
            run_screen(lattices(1), out, **options)
    assert not out.exists()
    with pytest.raises(OptionError, match="does not exist"):
        run_screen(tmp_path / "missing", out)
    for name in ("out.csv", "none/out.db", "out.json"):
        with pytest.raises(OptionError):
            run_screen(lattices(1), tmp_path / name)
    with pytest.raises(OptionError, match="MySQL"):
        run_screen(lattices(1), "mysql://user@host/name")


def test_another_screen_needs_another_output(tmp_path: Path, run_screen: Callable) -> None:
    run_screen(lattices(1), tmp_path / "out.db")
    for options in ({"relax": True}, {"where": "natoms > 3"}, {"properties": ["band_gap"]}):
        with pytest.raises(OptionError, match="different options"):
            run_screen(lattices(1), tmp_path / "out.db", **options)


def test_changed_checkpoints_are_noticed_by_workers(small_networks: dict[str, Path]) -> None:
    from ase_ecn.screening.compute import Job

    with pytest.raises(CheckpointError, match="instead of"):
        Screener(Job(str(small_networks["checkpoint"]), None, "cpu", {"ecn_sha256": "another"}))


def test_changed_crystals_are_computed_again(tmp_path: Path, run_screen: Callable) -> None:
    source, out = tmp_path / "in.extxyz", tmp_path / "out.db"
    crystals = lattices(3)
    write(source, crystals)
    run_screen(source, out)
    crystals[1].set_cell(crystals[1].cell * 1.1, scale_atoms=True)
    write(source, [*crystals, bulk("Fe")])
    report = run_screen(source, out)
    assert (report.stored, report.computed) == (4, 2)
    volumes = {r.source: r.volume for r in connect(out).select()}
    assert volumes["in.extxyz#1"] == pytest.approx(crystals[1].get_volume())


def test_names_like_numbers_can_be_stored(tmp_path: Path, run_screen: Callable) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "42", bulk("Cu"), format="vasp")
    assert run_screen(folder, tmp_path / "out.db").failed in (0, 1)
    write(folder / "nan", bulk("Cu"), format="extxyz")
    report = run_screen(folder, tmp_path / "out.db")
    assert report.stored + report.failed == 2


def test_memory_is_bounded_by_the_batch(tmp_path: Path, run_screen: Callable) -> None:
    alive: weakref.WeakSet[Atoms] = weakref.WeakSet()
    most = 0

    class Counted(Atoms):
        def __hash__(self) -> int:
            return id(self)

        def copy(self) -> Atoms:
            made = Counted(self)
            alive.add(made)
            return made

    def many() -> Iterator[Atoms]:
        nonlocal most
        for atoms in lattices(28):
            yield Counted(atoms)
            gc.collect()
            most = max(most, len(alive))

    gc.collect()
    gc.freeze()  # what other tests have left need not be searched each time
    try:
        assert run_screen(many(), tmp_path / "out.db", batch_size=2).stored == 28
    finally:
        gc.unfreeze()
    assert 2 <= most <= 14


def screen_in_child(source: Path, out: Path, small_networks: dict[str, Path]) -> None:
    torch.set_num_threads(1)
    screen(source, out, relax=True, batch_size=2, device="cpu", **small_networks)


def finished(out: Path) -> dict[str, int]:
    """Row of each crystal in the output, as another process sees it."""
    return dict(glimpse(out, "SELECT label, row_id FROM screen_journal"))


# Before which write a screen is killed, one after the other, and how many crystals it has finished
# by then: two at a time, or none. The rows of both are one statement for each table.
KILLS = (
    ("CREATE TABLE systems", 0, 0),
    ("CREATE TABLE keys", 0, 0),
    ("INSERT INTO information", 0, 0),
    ("COMMIT", 0, 0),
    ("screen_journal", 0, 0),
    ("screen_units", 0, 0),
    ("VIEW", 0, 0),
    ("INSERT INTO screen_settings", 3, 0),
    ("INSERT INTO screen_units", 1, 0),
    ("INSERT INTO systems", 0, 0),
    ("INSERT INTO number_key_values", 0, 0),
    ("INSERT INTO screen_journal", 0, 0),
    ("INSERT INTO keys", 0, 0),
    ("INSERT INTO screen_journal", 1, 0),
    ("COMMIT", 1, 0),
    ("INSERT INTO systems", 1, 2),
    ("INSERT INTO screen_journal", 3, 4),
    ("COMMIT", 2, 6),
)


def test_killed_at_any_moment_nothing_is_lost_or_repeated(
    tmp_path: Path, small_networks: dict[str, Path], forkserver: ForkServerContext
) -> None:
    source, out, count = tmp_path / "in.db", tmp_path / "out.db", 20
    with connect(source) as database:
        for k in range(count):
            database.write(bulk("Cu", a=3.5 + 0.01 * k))
        database.write(Atoms("H"))
    work = (screen_in_child, source, out, small_networks)
    seen: dict[str, int] = {}
    for like, before, expected in KILLS:
        assert killed(forkserver, *work, folder=tmp_path, before=before, like=like), like
        now = finished(out)
        assert len(now) == expected, (like, before)
        assert {label: now[label] for label in seen} == seen
        seen = now
    for _ in range(2):  # in the middle of a write, as the file grows
        assert killed_when_large(forkserver, *work, size=out.stat().st_size)
        now = finished(out)
        assert {label: now[label] for label in seen} == seen
        seen = now
    assert len(seen) < count
    report = screen(source, out, relax=True, batch_size=2, device="cpu", **small_networks)
    assert report.computed == count + 1 - len(seen)
    assert (report.stored, report.failed) == (count, 1)
    rows = list(connect(out).select())
    assert sorted(row.source for row in rows) == sorted(f"in.db#{k}" for k in range(1, count + 1))
    # Numbers of rows are never used twice: no crystal was written twice, or written and deleted.
    assert [row.id for row in rows] == list(range(1, count + 1))
    by_label = {row.source: row.id for row in rows}
    assert {label: by_label.get(label) for label in seen} == seen
    assert not (tmp_path / "out.db.lock").exists()


def test_a_bar_shows_rate_and_remaining_time(
    tmp_path: Path, run_screen: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    crystals = lattices(6)
    run_screen(crystals[:4], tmp_path / "out.db", batch_size=2)
    run_screen(crystals, tmp_path / "out.db", batch_size=2, progress=True)
    shown = capsys.readouterr().err
    assert re.search(r"6/6 \[\d\d:\d\d<\d\d:\d\d", shown)
    assert re.search(r"[\d.]+ ?(crystals/s|s/ crystals)", shown)


def test_two_screens_into_one_output_do_not_meet(tmp_path: Path, run_screen: Callable) -> None:
    out = tmp_path / "out.db"

    def crystals() -> Iterator[Atoms]:
        yield from lattices(2)
        run_screen(lattices(4), out)  # another one, in the middle of this
        yield from lattices(4)[2:]

    assert run_screen(crystals(), out, batch_size=4).stored == 4
    assert len(connect(out)) == 4


def test_output_is_readable_by_ase(tmp_path: Path, run_screen: Callable) -> None:
    run_screen(lattices(3), tmp_path / "out.db")
    images = read(f"{tmp_path / 'out.db'}@:")
    assert len(images) == 3
    assert all(np.isfinite(atoms.get_potential_energy()) for atoms in images)
