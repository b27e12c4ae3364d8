"""A screen of very many crystals with relaxation of the cell, all properties and the hull.

    python -m benchmarks.million 1000000 --out million.json

Prints, and writes to the file after each stretch, what has been stored by then, rows per second of
this stretch, the peak memory of the process and the size of the database. Crystals are those of the
test split of MP-20 with other elements, mostly chemical neighbours, and strained by 5 % or so:
nearly all have a composition of their own, as those of a generator do. They are made when they are
asked for, which is part of the time. Last come the numbers of crystals stored, and of failed ones.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.screening import screen
from ase_ecn.training.data.variants import substituted
from benchmarks.common import Options, environment, mp20_atoms, peak_bytes

STRAIN = 0.05
"""Standard deviation of each component of a crystal's strain."""


@dataclass
class Course:
    """How far a screen has come: a line for each stretch of so many crystals."""

    stretch: int
    database: Path
    clock: Callable[[], float]
    lines: list[dict[str, float]] = field(default_factory=list)
    begun: float = 0.0
    before: int = 0

    def note(self, crystals: int) -> None:
        """Add a line; the crystals asked for by now are stored but for the batches in work."""
        now = self.clock()
        line = {
            "crystals": crystals,
            "seconds": now - self.begun,
            "crystals per second": (crystals - self.before) / (now - self.begun),
            "peak memory, MB": peak_bytes() / 1e6,
            "database, MB": self.database.stat().st_size / 1e6 if self.database.exists() else 0.0,
        }
        self.begun, self.before = now, crystals
        self.lines.append(line)
        print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.million", description=__doc__)
    parser.add_argument("crystals", type=int, help="how many")
    parser.add_argument("--stretch", type=int, help="crystals of one line; a twentieth of all")
    parser.add_argument("--data", type=Path, default=os.environ.get("ASE_ECN_DATA"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--workers", type=int, help="processes of Dask that compute; none")
    parser.add_argument("--busy", action="store_true", help="processor time of this process")
    parser.add_argument("--out", type=Path, help="JSON file")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("where the data lie: --data or ASE_ECN_DATA")
    torch.set_num_threads(arguments.threads)
    base = mp20_atoms(Options(arguments.data), 5000)
    clock = time.process_time if arguments.busy else time.perf_counter
    with tempfile.TemporaryDirectory() as folder:
        screen(base[:10], Path(folder) / "warm-up.db", relax=True)
        stretch = arguments.stretch or max(1, arguments.crystals // 20)
        course = Course(stretch, Path(folder) / "out.db", clock, begun=clock())
        crystals = generated(base, arguments.crystals, course, arguments.out)
        report = screen(crystals, course.database, relax=True, workers=arguments.workers)
        course.note(arguments.crystals)
    print({"stored": report.stored, "failed": report.failed})
    _write(course, arguments.out, stored=report.stored, failed=report.failed)
    return 0


def generated(base: list[Atoms], number: int, course: Course, out: Path | None) -> Iterator[Atoms]:
    """Crystals of other elements in turn, each strained; a line is noted after each stretch."""
    rng = np.random.default_rng(0)
    prototypes = [as_crystal(atoms) for atoms in base]
    allowed = np.unique(np.concatenate([crystal.numbers for crystal in prototypes]))
    for k in range(number):
        if k and k % course.stretch == 0:
            course.note(k)
            _write(course, out)
        crystal = None
        while crystal is None:
            crystal = substituted(prototypes[k % len(prototypes)], allowed, rng)
        strain = np.eye(3) + rng.normal(scale=STRAIN, size=(3, 3))
        yield crystal.with_cell(crystal.cell @ strain).to_atoms()


def _write(course: Course, out: Path | None, **counts: int) -> None:
    if out:
        content = {"environment": environment(), "lines": course.lines, **counts}
        out.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
