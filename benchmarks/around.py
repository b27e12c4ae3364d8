"""Where the time of one call goes, around the network, here and in another checkout.

    python -m benchmarks.around OTHER --out around.json

``OTHER`` is the root of the other checkout, such as a worktree of an older commit, with its
extensions built. Both run in processes of their own and take turns; times are of the processor, on
one thread. Parts are timed by wrappers in a run of their own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import environment

ROOT = Path(__file__).parents[1]

SIDE = """
import importlib.util, json, sys, time, warnings
from collections import defaultdict
from functools import partial
from pathlib import Path
root = Path(sys.argv[1])
sys.path.insert(0, str(root))
warnings.filterwarnings("ignore")
import numpy as np
import torch
torch.set_num_threads(1)
from ase.build import bulk
import ase_ecn
import ase_ecn.api, ase_ecn.calculator, ase_ecn.prediction, ase_ecn.relaxer
from ase_ecn.nn.bond_network import BondNetwork
try:
    from ase_ecn.nn.so3.so3_network import SO3Network as SO3
except ImportError:
    from ase_ecn.nn.so3.so3_ecn import SO3ECN as SO3
from ase_ecn.relaxation.predictor import StrainPredictor
assert Path(ase_ecn.__file__).is_relative_to(root), ase_ecn.__file__
from ase_ecn.prediction import PropertyPredictor
rng = np.random.default_rng(0)
salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)

def calculator(name, properties):
    made = ase_ecn.ECNCalculator(name, device="cpu")
    atoms = salt.copy()
    atoms.rattle(0.02, seed=0)
    def call():
        atoms.positions += rng.normal(size=atoms.positions.shape) * 1e-3
        for each in properties:
            made.get_property(each, atoms)
    return call

def batch(name, count, **options):
    symbols = ["NaCl", "MgO", "LiF", "KBr", "CaS", "SrSe", "TiN", "FeO"]
    many = []
    for k in range(count):
        a = 4.2 + 0.05 * rng.random()
        crystal = ["rocksalt", "zincblende"][k % 2]
        shape = [(2, 2, 1), (1, 1, 3)][k % 2]
        atoms = bulk(symbols[k // 2 % 8], crystal, a=a + k % 2).repeat(shape)
        atoms.rattle(0.03, rng=rng)
        many.append(atoms)
    return lambda: ase_ecn.predict(many, checkpoint=name, device="cpu", **options)

def relaxation():
    atoms = salt.copy()
    atoms.rattle(0.02, seed=0)
    network = StrainPredictor("empnn-mp20", device="cpu")
    return lambda: ase_ecn.LatticeRelaxer(atoms.copy(), checkpoint=network, logfile=None).run()

WORK = {
    "calculator, ecn-mp20, energy": (calculator("ecn-mp20", ["energy"]), 1),
    "calculator, ecn-mp, energy": (calculator("ecn-mp", ["energy"]), 1),
    "calculator, ecn-mp, energy, forces, stress": (
        calculator("ecn-mp", ["energy", "forces", "stress"]), 1),
    "LatticeRelaxer": (relaxation(), 1),
    "predict, ecn-mp": (batch("ecn-mp", 128), 128),
    "predict, ecn-mp, without forces": (batch("ecn-mp", 128, forces=False), 128),
    "predict, ecn-mp20": (batch("ecn-mp20", 128), 128),
}
spent = defaultdict(float)
within = []

def timed(part, owner, name):
    function = getattr(owner, name)
    def wrapper(*args, **kwargs):
        if within:  # a part of a part
            return function(*args, **kwargs)
        within.append(part)
        start = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[part] += time.process_time() - start
            within.clear()
    setattr(owner, name, wrapper)

def watch():
    for module in (ase_ecn.api, ase_ecn.calculator, ase_ecn.relaxer):
        if hasattr(module, "as_crystal"):
            timed("validation", module, "as_crystal")
    for network in (SO3, BondNetwork):
        timed("neighbours and graphs", network, "graphs")
        timed("domain", network, "domain_features")
    timed("domain", ase_ecn.prediction, "vacuum_widths")
    timed("neighbours and graphs", StrainPredictor, "graphs")
    timed("domain", StrainPredictor, "out_of_domain")
    timed("network", StrainPredictor, "_run")
    timed("network", SO3, "predict")
    timed("network", SO3, "predict_without_forces")
    from ase_ecn.nn.so3 import so3_network
    timed("neighbours and graphs", so3_network, "sphere_arrays")
    timed("domain", so3_network, "sphere_arrays_domain_features")
    for name in ("mean_energies", "mean_energies_and_pulls", "forces_and_stress_by_c"):
        timed("network", so3_network, name)
    timed("hull", ase_ecn.prediction, "derive")
    timed("primitive cell", ase_ecn.prediction, "primitive_cell")
    timed("primitive cell", ase_ecn.prediction, "near_repetition")
    from ase_ecn.nn import registry
    quick = registry.quick
    def watched(network):
        run = quick(network)
        holder = type("Holder", (), {"run": staticmethod(run)})
        if network.kind != "so3":
            timed("network", holder, "run")
        return holder.run
    registry.quick = watched

if len(sys.argv) > 2:
    watch()
for call, _ in WORK.values():
    call()
print(json.dumps(list(WORK)), flush=True)
for line in sys.stdin:
    call, share = WORK[line.strip()]
    spent.clear()
    start = time.process_time()
    call()
    whole = time.process_time() - start
    answer = {"whole": whole / share, **{k: v / share for k, v in spent.items()}}
    print(json.dumps(answer), flush=True)
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.around", description=__doc__)
    parser.add_argument("other", type=Path, help="root of the other checkout")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path, help="JSON file")
    arguments = parser.parse_args()
    here, other = _side(ROOT), _side(arguments.other.resolve())
    watched = _side(ROOT, "watch")
    names = json.loads(_answer(here))
    _answer(other)
    _answer(watched)
    rows = []
    print("| call | here, ms | other, ms | ratio | parts here |\n|---|---|---|---|---|")
    for name in names:
        seconds: list[list[float]] = [[], []]
        parts = []
        for _ in range(arguments.repeats):
            for side, taken in zip((here, other), seconds, strict=True):
                taken.append(_ask(side, name)["whole"])
            parts.append(_ask(watched, name))
        row = _row(name, *seconds, parts)
        rows.append(row)
        shares = ", ".join(f"{part} {share:.0%}" for part, share in row["shares"].items())
        print(
            f"| {name} | {1000 * row['here']:.2f} | {1000 * row['other']:.2f} "
            f"| {row['ratio']:.2f} | {shares} |",
            flush=True,
        )
    if arguments.out:
        content = {"environment": environment(), "rows": rows}
        arguments.out.write_text(json.dumps(content, indent=1) + "\n")
    return 0


def _row(
    name: str, ours: list[float], theirs: list[float], parts: list[dict[str, float]]
) -> dict[str, Any]:
    """Least seconds of both sides, and the parts of the run here that took least."""
    least = min(parts, key=lambda part: part["whole"])
    whole = least["whole"]
    shares = {part: s / whole for part, s in least.items() if part != "whole"}
    shares["the rest"] = 1 - sum(shares.values())
    ratios = np.array(theirs) / np.array(ours)
    return {
        "work": name,
        "here": min(ours),
        "other": min(theirs),
        "ratio": min(theirs) / min(ours),
        "median ratio": float(np.median(ratios)),
        "shares": dict(sorted(shares.items(), key=lambda part: -part[1])),
    }


def _side(root: Path, *watch: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-c", SIDE, str(root), *watch],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
    )


def _ask(side: subprocess.Popen[str], name: str) -> dict[str, float]:
    assert side.stdin is not None
    side.stdin.write(f"{name}\n")
    side.stdin.flush()
    answer: dict[str, float] = json.loads(_answer(side))
    return answer


def _answer(side: subprocess.Popen[str]) -> str:
    assert side.stdout is not None
    return side.stdout.readline()


if __name__ == "__main__":
    raise SystemExit(main())
