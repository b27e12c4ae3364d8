"""Time and memory against the size of one crystal: rattled silicon."""

from __future__ import annotations

from benchmarks.common import Options, Row, exponent, in_new_process

CODE = """
import json, sys, time
import torch
from benchmarks.common import peak_bytes, silicon
what, size, threads, busy = sys.argv[1], *map(int, sys.argv[2:])
clock = time.process_time if busy else time.perf_counter
torch.set_num_threads(threads)
if what == "chgnet":
    from chgnet.model.dynamics import CHGNetCalculator
    calculator = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
    run = lambda atoms: calculator.calculate(atoms, ["energy", "stress"], task="efs")
elif what == "predict":
    from ase_ecn import predict
    run = predict
else:
    from ase_ecn import relax
    run = lambda atoms: relax(atoms, steps=1)
run(silicon(8))
atoms = silicon(size)
before, start = peak_bytes(), clock()
run(atoms)
taken = clock() - start
print(json.dumps({"size": len(atoms), "seconds": taken, "bytes": peak_bytes() - before}))
"""
SIZES = (2, 64, 216, 512, 1000, 4096, 20000)
PEER_SIZES = (216, 512)


def measure(options: Options) -> list[Row]:
    """Each size in a process of its own, so that its peak of memory is its own."""
    import torch

    threads, busy = str(torch.get_num_threads()), str(int(options.busy))
    sizes = [size for size in SIZES if not options.brief or 500 <= size <= 4096]
    peers = PEER_SIZES[:1] if options.brief else PEER_SIZES
    peer = [in_new_process(CODE, "chgnet", str(size), threads, busy) for size in peers]
    peer_bytes = max(p["bytes"] / p["size"] for p in peer)
    rows = []
    for what in ("predict", "relax"):
        results = [in_new_process(CODE, what, str(size), threads, busy) for size in sizes]
        large = [r for r in results if r["size"] >= 500]
        atoms = [r["size"] for r in large]
        details = {
            "of": "atoms",
            "sizes": [r["size"] for r in results],
            "seconds": [r["seconds"] for r in results],
            "bytes": [max(r["bytes"], 1) for r in results],
            "exponent of time": exponent(atoms, [r["seconds"] for r in large]),
            "exponent of memory, last two": exponent(
                atoms[-2:], [max(r["bytes"], 1) for r in large[-2:]]
            ),
            "peer": peer,
        }
        last = large[-1]
        rows += [
            Row(
                f"exponent of the time of {what}, {atoms[0]} to {atoms[-1]} atoms",
                details["exponent of time"],
                None,
                "",
                1.15,
                1.05,
                details,
            ),
            Row(
                f"memory per atom of {what}, {last['size']} atoms",
                last["bytes"] / last["size"] / 1000,
                peer_bytes / 1000,
                "kB",
                30,
                None,
            ),
        ]
    return rows
