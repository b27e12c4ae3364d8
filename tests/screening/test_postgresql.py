"""Screens from and to a real PostgreSQL server, which is started here for the purpose."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect

from ase_ecn.errors import DatasetError
from ase_ecn.screening import count_structures, failures, read_structures, screen, unrelaxed
from ase_ecn.training.data.user_data import read_user_data


def programs() -> Path | None:
    """Folder of PostgreSQL's programs; Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def account() -> tuple[dict[str, object], str | None]:
    """How to start a process that is not root's, which PostgreSQL insists on."""
    if os.getuid() != 0:
        return {}, None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}, name
    pytest.skip("PostgreSQL cannot run as root, and there is no other user")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """URL of an empty database on the loopback."""
    pytest.importorskip("ase_db_backends", reason="ase-db-backends is not installed")
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    options, owner = account()
    home = Path(tempfile.mkdtemp(prefix="ase-ecn-postgres-"))
    if owner:
        shutil.chown(home, owner)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": home, **options}
    data = home / "data"
    subprocess.run(
        [folder / "initdb", "-D", data, "-U", "screener", "--auth=trust", "--no-sync"],
        check=True,
        **quiet,
    )
    process = subprocess.Popen(
        [folder / "postgres", "-D", data, "-p", str(port), "-k", home, "-h", "127.0.0.1"], **quiet
    )
    try:
        yield wait_for(f"postgresql://screener@127.0.0.1:{port}/postgres", process)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)


def wait_for(url: str, process: subprocess.Popen) -> str:
    import psycopg2

    while True:
        assert process.poll() is None, "the server ended"
        try:
            psycopg2.connect(url).close()
        except psycopg2.OperationalError:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)  # it listens soon, or ends
        else:
            return url


def database(server: str, name: str) -> str:
    import psycopg2

    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
    return server.rsplit("/", 1)[0] + f"/{name}"


def test_postgresql_in_and_out(server: str, small_networks: dict[str, Path]) -> None:
    source, out = database(server, "candidates"), database(server, "screened")
    crystals = [bulk("Cu"), bulk("NaCl", "rocksalt", a=5.9), bulk("MgO", "rocksalt", a=4.3)]
    with connect(source) as candidates:
        for k, atoms in enumerate([*crystals, Atoms("H")]):
            candidates.write(atoms, number=k)
    assert count_structures(source) == 4
    assert [entry.columns["number"] for entry in read_structures(source)] == [0, 1, 2, 3]
    report = screen(source, out, relax=True, batch_size=2, **small_networks)
    assert (report.stored, report.failed, report.computed) == (3, 1, 4)
    rows = list(connect(out).select(sort="id"))
    assert [row.formula for row in rows] == ["Cu", "NaCl", "MgO"]
    assert rows[1].energy == pytest.approx(2 * rows[1].formation_energy)
    assert rows[1].magmoms.shape == (2,)
    np.testing.assert_allclose(unrelaxed(rows[1]).cell[:], crystals[1].cell[:])
    energies = sorted(row.formation_energy for row in rows)
    assert len(list(connect(out).select(f"formation_energy>{energies[1]}"))) == 1
    assert [failure.label for failure in failures(out)] == ["candidates#4"]
    # Again: nothing is left to do; and a new candidate is found.
    assert screen(source, out, relax=True, **small_networks).computed == 0
    connect(source).write(bulk("Fe"))
    assert screen(source, out, relax=True, **small_networks).computed == 1
    assert len(list(connect(out).select())) == 4


def test_half_a_batch_is_undone(
    server: str, small_networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ase_ecn.screening import store

    out = database(server, "interrupted")
    plain, calls = store.row_and_data, []

    def failing(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return plain(*arguments)

    monkeypatch.setattr(store, "row_and_data", failing)
    crystals = [bulk("Cu", a=3.5 + 0.01 * k) for k in range(5)]
    with pytest.raises(KeyboardInterrupt):
        screen(crystals, out, batch_size=2, **small_networks)
    assert len(list(connect(out).select())) == 2
    assert screen(crystals, out, batch_size=2, **small_networks).computed == 3
    assert sorted(r.source for r in connect(out).select()) == [f"#{k}" for k in range(5)]


def test_the_best_are_kept(server: str, small_networks: dict[str, Path]) -> None:
    out = database(server, "best")
    crystals = [bulk("Cu", a=3.4 + 0.05 * k) for k in range(6)]
    options = {"top": 2, "by": "volume", "largest": True, "batch_size": 2, **small_networks}
    report = screen(crystals, out, **options)
    assert (report.stored, report.outranked) == (2, 4)
    assert sorted(r.source for r in connect(out).select()) == ["#4", "#5"]


@pytest.mark.slow
def test_a_fit_reads_labels_from_a_server(server: str) -> None:
    url = database(server, "labels")
    with connect(url) as labels:
        for k in range(12):
            labels.write(bulk("Cu", a=3.4 + 0.05 * k), gap=0.25 * k, data={"shift": 2.0 * k})
    gap = read_user_data(url, "gap")
    np.testing.assert_array_equal(gap.targets["gap"], np.arange(12.0) / 4)
    assert (gap.name, gap.ids[0]) == ("labels", "labels-1")
    np.testing.assert_array_equal(
        read_user_data(url, "shift").targets["shift"], np.arange(24.0)[::2]
    )
    with pytest.raises(DatasetError, match="no row of labels has 'none'; there are"):
        read_user_data(url, "none")
