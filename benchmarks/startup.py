"""From a new process to the first prediction."""

from __future__ import annotations

import statistics

from benchmarks.common import Options, Row, in_new_process

HERE = """
import sys, time
clock = time.process_time if int(sys.argv[1]) else time.perf_counter
start = clock()
from ase.build import bulk
from ase_ecn import ECNCalculator
import ase_ecn.prediction  # PyTorch, which the calculator imports when it is made
imported = clock()
atoms = bulk("NaCl", "rocksalt", a=5.6)
atoms.calc = ECNCalculator()
atoms.get_potential_energy()
import json
print(json.dumps({"import": imported - start, "all": clock() - start}))
"""
PEER = """
import sys, time
clock = time.process_time if int(sys.argv[1]) else time.perf_counter
start = clock()
from ase.build import bulk
import torch
from chgnet.model.dynamics import CHGNetCalculator
atoms = bulk("NaCl", "rocksalt", a=5.6)
atoms.calc = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
atoms.get_potential_energy()
import json
print(json.dumps({"all": clock() - start}))
"""


def measure(options: Options) -> list[Row]:
    """New processes, taking turns; the first of each warms the disk's cache."""
    here, peer = [], []
    busy = str(int(options.busy))
    for _ in range(1 + options.repeats):
        here.append(in_new_process(HERE, busy))
        peer.append(in_new_process(PEER, busy))
    ours = statistics.median(r["all"] for r in here[1:])
    theirs = statistics.median(r["all"] for r in peer[1:])
    details = {"import": statistics.median(r["import"] for r in here[1:])}
    return [
        Row("new process to the first prediction", ours, theirs, "s", 1, 2, details),
    ]
