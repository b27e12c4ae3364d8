"""Whatever is killed while it writes goes on from what it had written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import torch
from ase.build import bulk
from ase.db import connect
from children import killed, killed_when_large
from interrupted import epochs, fit_line
from screens import glimpse

# Before which write a fit is killed, one after the other, and the rows of its learning curve then:
# an epoch is in it before its state is stored, and done again if that was not.
FIT_KILLS = (
    ("open curve.csv", 0, 0),
    ("rename .state", 0, 1),
    ("open curve.csv", 1, 1),
    ("rename .state", 1, 3),
    ("remove .state", 0, 3),
)


def test_a_fit_that_is_killed_goes_on_to_the_same_weights(
    tmp_path: Path, forkserver: ForkServerContext
) -> None:
    whole = fit_line(tmp_path / "whole")
    part = tmp_path / "part"
    assert killed_when_large(forkserver, fit_line, part, size=9)  # in its first line
    for like, before, rows in FIT_KILLS:
        assert killed(forkserver, fit_line, part, folder=part, before=before, like=like), like
        assert len(epochs(part)) == rows, like
    curve, state = part / "curve.csv", part / "state.pt"
    before = state.read_bytes()
    # In the middle of a row, and of the state.
    for size in (curve.stat().st_size + 9, len(before) // 2):
        assert killed_when_large(forkserver, fit_line, part, size=size)
        assert state.read_bytes() == before
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
    tmp_path: Path, forkserver: ForkServerContext, run_screen: Callable
) -> None:
    path = tmp_path / "in.db"
    write_rows(path, 2)
    for like, before in (("INSERT INTO keys", 3), ("COMMIT", 1), ("BEGIN", 2)):
        count = row_count(path)
        assert killed(forkserver, write_rows, path, 4, folder=tmp_path, before=before, like=like)
        assert row_count(path) == count + before
    count = row_count(path)
    assert killed_when_large(forkserver, write_rows, path, 999, size=path.stat().st_size + 20_000)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert row_count(path) > count
    assert run_screen(path, tmp_path / "out.db").stored == row_count(path)
