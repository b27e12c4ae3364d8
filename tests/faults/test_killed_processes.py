"""Whatever is killed while it writes goes on from what it had written."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import torch
from ase.build import bulk
from ase.db import connect
from interrupted import epochs, fit_line
from screens import glimpse


def test_a_fit_that_is_killed_goes_on_to_the_same_weights(
    tmp_path: Path, rng: np.random.Generator, forkserver: ForkServerContext
) -> None:
    whole = fit_line(tmp_path / "whole")
    part = tmp_path / "part"
    for kill in range(3):
        child = forkserver.Process(target=fit_line, args=(part, 0.01))
        child.start()
        while len(epochs(part)) < 2 * kill + 1 and child.is_alive():
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.05))
        assert child.is_alive()
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    assert 5 <= len(epochs(part)) < 8
    again = fit_line(part)
    assert again.validation == whole.validation
    for name, tensor in whole.weights.items():
        assert torch.equal(again.weights[name], tensor), name
    # Epochs that were done twice are in the learning curve once.
    assert epochs(part) == epochs(tmp_path / "whole")


def row_count(path: Path) -> int:
    rows = glimpse(path, "SELECT COUNT(*) FROM systems")
    return rows[0][0] if rows else 0


def write_rows(path: Path, count: int) -> None:
    database = connect(path, use_lock_file=False)
    for k in range(count):
        database.write(bulk("Cu", a=3.5 + 0.001 * k), number=k)


def test_databases_that_are_killed_while_written_stay_readable(
    tmp_path: Path, rng: np.random.Generator, forkserver: ForkServerContext, run_screen: Callable
) -> None:
    path = tmp_path / "in.db"
    for _ in range(3):
        child = forkserver.Process(target=write_rows, args=(path, 10_000))
        before = row_count(path)
        child.start()
        while row_count(path) < before + 3:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    count = len(connect(path))
    assert run_screen(path, tmp_path / "out.db").stored == count
