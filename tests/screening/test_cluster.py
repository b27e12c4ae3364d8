"""Screens on several processes: a real scheduler and real workers, over the loopback."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import labelling_calculators
import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect

from ase_ecn.errors import OptionError
from ase_ecn.screening import failures, screen


@pytest.fixture(autouse=True)
def distributed() -> ModuleType:
    return pytest.importorskip("distributed", reason="Dask is not installed")


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


@pytest.fixture
def cluster(distributed: ModuleType) -> Iterator[object]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=None
    ) as running:
        yield running


@pytest.mark.slow
def test_a_worker_that_dies_loses_nothing(
    tmp_path: Path, cluster, small_networks: dict[str, Path]
) -> None:
    out, once = tmp_path / "out.db", tmp_path / "once"
    once.touch()
    structures = crystals(20)
    structures[9].info["deadly"] = once
    report = screen(
        map(Deadly, structures),
        out,
        cluster=cluster.scheduler_address,
        batch_size=2,
        **small_networks,
    )
    assert not once.exists()
    assert (report.stored, report.failed, report.computed) == (20, 0, 20)
    checked(out, 20, small_networks)


@pytest.mark.slow
def test_workers_are_started_and_a_crystal_that_kills_them_is_set_aside(
    tmp_path: Path, small_networks: dict[str, Path]
) -> None:
    out = tmp_path / "out.db"
    structures = crystals(8)
    structures[3].info["deadly"] = tmp_path
    report = screen(map(Deadly, structures), out, workers=2, batch_size=4, **small_networks)
    assert (report.stored, report.failed) == (7, 1)
    (failure,) = failures(out)
    assert failure.label == "#3"
    assert "died" in failure.reason


@pytest.mark.slow
def test_a_crystal_that_kills_workers_when_it_is_refined_is_set_aside(
    tmp_path: Path, small_networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(labelling_calculators.__file__).parent))
    structures = [bulk(element) for element in ("Cu", "Au", "Al")]

    out, deadly = tmp_path / "out.db", "labelling_calculators:Deadly"
    for count in (3, 0):
        report = screen(structures, out, refine=deadly, workers=2, **small_networks)
        assert report.refined == count
    reasons = {row.formula: row.refined_reason for row in connect(out).select()}
    assert "died" in reasons.pop("Au")
    assert reasons == {"Cu": "converged", "Al": "converged"}


class Deadly(Atoms):
    """Atoms that end any other process that looks at them while a path exists.

    A file is removed before, so it does so once.
    """

    def copy(self) -> Deadly:
        made = Deadly(self)
        made.info = {**self.info, "home": os.getpid()}
        return made

    def __len__(self) -> int:
        path = self.info.get("deadly")
        elsewhere = self.info.get("home", os.getpid()) != os.getpid()
        if path is not None and elsewhere and path.exists():
            if path.is_file():
                path.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__len__()


def test_a_missing_scheduler_is_told(
    tmp_path: Path, small_networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ase_ecn.screening.cluster._CONNECT_S", 1)
    with pytest.raises(OptionError, match="cannot connect to a cluster at tcp://127"):
        screen(crystals(1), tmp_path / "out.db", cluster="tcp://127.0.0.1:1", **small_networks)
