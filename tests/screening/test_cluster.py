"""Screens on several processes: a real scheduler and real workers, over the loopback."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect

from ase_ecn.errors import OptionError
from ase_ecn.screening import failures, screen

distributed = pytest.importorskip("distributed", reason="Dask is not installed")


def crystals(count: int) -> list[Atoms]:
    return [bulk("Cu", a=3.5 + 0.005 * k) for k in range(count)]


def checked(out: Path, count: int, small_networks: dict[str, Path]) -> None:
    rows = list(connect(out).select())
    assert sorted(row.source for row in rows) == sorted(f"#{k}" for k in range(count))
    alone = screen(crystals(3), out.with_name("alone.db"), **small_networks)
    assert alone.stored == 3
    ours = {row.source: row.formation_energy for row in rows}
    for row in connect(out.with_name("alone.db")).select():
        assert ours[row.source] == pytest.approx(row.formation_energy, abs=1e-5)


def rows_so_far(out: Path) -> int:
    # ASE takes a database that is being made for an empty one, and would make it itself.
    try:
        with closing(sqlite3.connect(f"file:{out}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT COUNT(*) FROM systems").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.fixture
def cluster() -> Iterator[object]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=None
    ) as running:
        yield running


@pytest.mark.slow
def test_a_worker_that_dies_loses_nothing(
    tmp_path: Path, cluster, small_networks: dict[str, Path]
) -> None:
    out = tmp_path / "out.db"
    killed: list[int] = []

    def kill_one() -> None:
        while rows_so_far(out) < 4:
            time.sleep(0.05)
        pid = next(iter(cluster.workers.values())).pid
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    thread = threading.Thread(target=kill_one, daemon=True)
    thread.start()
    report = screen(
        crystals(60), out, cluster=cluster.scheduler_address, batch_size=2, **small_networks
    )
    thread.join()
    assert len(killed) == 1
    assert (report.stored, report.failed, report.computed) == (60, 0, 60)
    checked(out, 60, small_networks)


@pytest.mark.slow
def test_workers_are_started_and_a_crystal_that_kills_them_is_set_aside(
    tmp_path: Path, small_networks: dict[str, Path]
) -> None:
    out = tmp_path / "out.db"
    structures = crystals(8)
    structures[3].info["deadly"] = True
    report = screen(map(Deadly, structures), out, workers=2, batch_size=4, **small_networks)
    assert (report.stored, report.failed) == (7, 1)
    (failure,) = failures(out)
    assert failure.label == "#3"
    assert "died" in failure.reason


class Deadly(Atoms):
    """Atoms that end any other process that looks at them, if they are marked."""

    def copy(self) -> Deadly:
        made = Deadly(self)
        made.info = {**self.info, "home": os.getpid()}
        return made

    def __len__(self) -> int:
        if self.info.get("deadly") and self.info.get("home", os.getpid()) != os.getpid():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__len__()


def test_a_missing_scheduler_is_told(
    tmp_path: Path, small_networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ase_ecn.screening.cluster._CONNECT_S", 1)
    with pytest.raises(OptionError, match="cannot connect to a cluster at tcp://127"):
        screen(crystals(1), tmp_path / "out.db", cluster="tcp://127.0.0.1:1", **small_networks)
