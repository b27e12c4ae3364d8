"""Time and memory of ``predict`` against the number of crystals."""

from __future__ import annotations

from ase_ecn import predict
from benchmarks.common import Options, Row, mp20_atoms, peak_bytes


def measure(options: Options) -> list[Row]:
    """From 10 crystals on; the test split is repeated where it is too short."""
    numbers = (10, 100, 1000, 10_000) if options.brief else (10, 100, 1000, 10_000, 100_000)
    base = mp20_atoms(options, min(numbers[-1], 5000))
    predict(base[:10])
    seconds, memory = [], []
    for number in numbers:
        atoms = [base[k * len(base) // number % len(base)] for k in range(number)]
        before, start = peak_bytes(), options.clock()
        predict(atoms)
        seconds.append(options.clock() - start)
        memory.append(max(1, peak_bytes() - before))
    each = [s / n for s, n in zip(seconds, numbers, strict=True)]
    details = {"of": "crystals", "sizes": numbers, "seconds": seconds, "bytes": memory}
    work = f"per crystal of {numbers[-1]}; peer: of 100, here"
    return [Row(work, each[-1], each[1], "s", None, None, details)]
