"""Time and memory of a screen with a database against the number of crystals."""

from __future__ import annotations

from benchmarks.common import Options, Row, in_new_process

CODE = """
import json, sys, tempfile, time
from pathlib import Path
import numpy as np
import torch
from ase_ecn.screening import screen
from benchmarks.common import Options, mp20_atoms, peak_bytes
data, threads, busy, *numbers = sys.argv[1:]
clock = time.process_time if int(busy) else time.perf_counter
torch.set_num_threads(int(threads))
numbers = [int(number) for number in numbers]
base = mp20_atoms(Options(Path(data)), 5000)
marks = {}

def crystals():
    "All different, and made only when they are asked for."
    rng = np.random.default_rng(0)
    for k in range(numbers[-1]):
        if k in numbers:
            marks[k] = clock(), peak_bytes()
        atoms = base[k % len(base)].copy()
        strain = np.eye(3) + rng.normal(scale=0.01, size=(3, 3))
        atoms.set_cell(atoms.cell[:] @ strain, scale_atoms=True)
        yield atoms

with tempfile.TemporaryDirectory() as folder:
    screen(base[:10], Path(folder) / "warm-up.db")
    marks[0] = clock(), peak_bytes()
    # Whole batches, so that all are stored when the next crystal is asked for.
    report = screen(crystals(), Path(folder) / "out.db", batch_size=50)
marks[numbers[-1]] = clock(), peak_bytes()
ends = [marks[number] for number in numbers]
print(json.dumps({
    "stored": report.stored,
    "seconds": [end[0] - marks[0][0] for end in ends],
    "bytes": [end[1] - marks[0][1] for end in ends],
}))
"""


def measure(options: Options) -> list[Row]:
    """Crystals of the test split, strained differently; the last stretch against the first."""
    import torch

    numbers = (100, 1000, 2000) if options.brief else (1000, 10_000, 100_000)
    threads, busy = str(torch.get_num_threads()), str(int(options.busy))
    found = in_new_process(CODE, str(options.data), threads, busy, *map(str, numbers))
    if found["stored"] != numbers[-1]:
        raise RuntimeError(f"{numbers[-1] - found['stored']} crystals have no result")
    seconds = found["seconds"]
    last = (seconds[-1] - seconds[-2]) / (numbers[-1] - numbers[-2])
    details = {
        "of": "crystals",
        "sizes": numbers,
        "seconds": seconds,
        "bytes": [max(1, size) for size in found["bytes"]],
    }
    work = f"per crystal of a screen, from {numbers[-2]} to {numbers[-1]}; peer: the first"
    return [Row(f"{work} {numbers[0]}, here", last, seconds[0] / numbers[0], "s", 1, 1, details)]
