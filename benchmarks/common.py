"""What all benchmarks share: taking turns, rows of the table, crystals, versions."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.build import bulk

from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import read_mp20

PACKAGES = ("ase-ecn", "torch", "numpy", "scipy", "ase", "pymatgen", "spglib", "chgnet")


@dataclass(frozen=True)
class Options:
    """How to measure.

    ``data``: folder of the data sets; ``brief``: fewer crystals and smaller ones; ``busy``: the
    machine has other work, so processor time is taken in place of wall time; ``device``: of the
    benchmark that asks for one.
    """

    data: Path
    brief: bool = False
    repeats: int = 5
    busy: bool = False
    device: str | None = None

    @property
    def clock(self) -> Callable[[], float]:
        return time.process_time if self.busy else time.perf_counter


@dataclass(frozen=True)
class Row:
    """A line of the table: seconds (or bytes) of both sides, and what is asked of the ratio."""

    work: str
    ours: float
    peer: float | None
    unit: str = "s"
    must: float | None = None
    aim: float | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """How many times more the peer takes."""
        return None if self.peer is None else self.peer / self.ours


def take_turns(
    *sides: Callable[[], object], options: Options, repeats: int | None = None
) -> list[float]:
    """Median seconds of each side; one after the other, round after round, after a warm-up."""
    for side in sides:
        side()
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(repeats or options.repeats):
        for side, taken in zip(sides, seconds, strict=True):
            start = options.clock()
            side()
            taken.append(options.clock() - start)
    return [statistics.median(taken) for taken in seconds]


def mp20_atoms(options: Options, count: int) -> list[Atoms]:
    """Evenly chosen crystals of the MP-20 test split."""
    crystals = cached_dataset("mp_20-test", lambda: read_mp20(options.data, "test")).crystals
    chosen = np.linspace(0, len(crystals) - 1, count).astype(int)
    return [crystals[k].to_atoms() for k in chosen]


def silicon(atoms: int) -> Atoms:
    """Diamond silicon of about so many atoms, rattled so that no translation is left."""
    cubes = (atoms / 8) ** (1 / 3)
    if cubes < 1:
        crystal = bulk("Si")
    else:
        shape = [max(1, round(cubes))] * 2
        crystal = bulk("Si", cubic=True) * (*shape, max(1, round(atoms / 8 / shape[0] ** 2)))
    crystal.rattle(0.05, seed=1)
    return crystal


def in_new_process(code: str, *arguments: str) -> dict[str, Any]:
    """Run Python code that prints a JSON object as its last line."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def peak_bytes() -> int:
    """Largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # What the next line asks for counts the parent's memory too, from before the program began.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Slope of the logarithm of the cost over that of the size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def environment() -> dict[str, Any]:
    """Versions, threads and the machine's load."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "missing"
    return {
        "python": platform.python_version(),
        "versions": versions,
        "threads": torch.get_num_threads(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def to_json(rows: Sequence[Row]) -> str:
    """Rows and environment."""
    return json.dumps(
        {
            "environment": environment(),
            "rows": [{**asdict(row), "ratio": row.ratio} for row in rows],
        },
        indent=1,
    )
