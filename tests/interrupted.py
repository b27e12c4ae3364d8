"""Work that can be interrupted, and what it has written so far."""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from ase.db import connect
from torch import nn

from ase_ecn.training.fits.loop import FitOptions, FitResult, Task, fit, shuffled_batches


def written(out: Path) -> list[str]:
    """Sources of the rows of an output, which must be whole."""
    with sqlite3.connect(out) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rows = list(connect(out, use_lock_file=False).select())
    assert all(np.isfinite(row.energy) for row in rows)
    return [row.source for row in rows]


def fit_line(out: Path) -> FitResult:
    """A small fit with dropout."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 64)[:, None]
    model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.2), nn.Linear(8, 1))

    def loss(network: nn.Module, batch: object) -> torch.Tensor:
        return (network(x[batch]) - 3 * x[batch]).abs().mean()

    task = Task(
        batches=lambda rng: shuffled_batches(64, 16, rng),
        batches_per_epoch=4,
        loss=loss,
        validate=lambda network: {"mae": float((network(x) - 3 * x).abs().mean())},
        monitor="mae",
    )
    return fit(model, task, FitOptions(epochs=8, learning_rate=0.05), out)


def epochs(out: Path) -> list[list[str]]:
    """The learning curve, but for the time that its epochs took."""
    if not (out / "curve.csv").exists():
        return []
    with (out / "curve.csv").open(newline="") as file:
        return [row[:-1] for row in csv.reader(file)][1:]


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=environment,
    )
