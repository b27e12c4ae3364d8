"""``LatticeRelaxer(atoms).run()`` and ``relax`` compared with another checkout of this repository.

    python -m benchmarks.relaxer OTHER --out relaxer.json

``OTHER`` is the root of the other checkout, such as a worktree of an older commit, with its
extension built. Both run in processes of their own and take turns, crystal by crystal of
``examples/crystals``, then with all of these in one call of ``relax``; ratios are of processor
time, on one thread.
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

TOGETHER = "all in one call"
ROOT = Path(__file__).parents[1]
CRYSTALS = ROOT / "examples" / "crystals"

SIDE = """
import importlib.util, sys, time, json, warnings
from pathlib import Path
root, crystals = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(root))
warnings.filterwarnings("ignore")
for name in ("training", "checkpoints"):  # folders beside the package in older checkouts
    if not (root / "ase_ecn" / name).exists():
        import ase_ecn.errors
        spec = importlib.util.spec_from_file_location(
            f"ase_ecn.{name}", root / name / "__init__.py",
            submodule_search_locations=[str(root / name)],
        )
        sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
import torch
torch.set_num_threads(1)
from ase.io import read
import ase_ecn
assert Path(ase_ecn.__file__).is_relative_to(root), ase_ecn.__file__
def relaxed(atoms):
    start = time.process_time()
    optimizer = ase_ecn.LatticeRelaxer(atoms.copy(), device="cpu", logfile=None)
    made = time.process_time()
    optimizer.run()
    end = time.process_time()
    return {"whole": end - start, "run": end - made, "steps": optimizer.nsteps}
def together():
    start = time.process_time()
    results = ase_ecn.relax(list(inputs.values()), device="cpu")
    seconds = (time.process_time() - start) / len(inputs)
    return {"whole": seconds, "run": seconds, "steps": sum(r.steps for r in results)}
inputs = {file.name: read(file) for file in sorted(crystals.iterdir())}
for atoms in inputs.values():
    relaxed(atoms)
together()
for line in sys.stdin:
    done = relaxed(inputs[line.strip()]) if line.strip() in inputs else together()
    print(json.dumps(done), flush=True)
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relaxer", description=__doc__)
    parser.add_argument("other", type=Path, help="root of the other checkout")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--out", type=Path, help="JSON file")
    arguments = parser.parse_args()
    here, other = (_side(root) for root in (ROOT, arguments.other.resolve()))
    rows, one_call = [], {}
    for name in [*sorted(file.name for file in CRYSTALS.iterdir()), TOGETHER]:
        ours, theirs = [], []
        for _ in range(arguments.repeats):
            ours.append(_ask(here, name))
            theirs.append(_ask(other, name))
        compared: dict[str, Any] = {"crystal": name, **_compared(ours, theirs)}
        print(compared)
        if name == TOGETHER:  # seconds per crystal
            one_call = compared
        else:
            rows.append(compared)
    total: dict[str, float] = {}
    for part in ("whole", "run"):
        sums = [sum(row[f"{part}_{side}"] for row in rows) for side in ("here", "other")]
        total[f"{part}_ratio"] = sums[0] / sums[1]
        total[f"{part}_median_ratio"] = float(np.median([row[f"{part}_ratio"] for row in rows]))
    print(total)
    if arguments.out:
        content = {"environment": environment(), "rows": rows, "all": total, TOGETHER: one_call}
        arguments.out.write_text(json.dumps(content, indent=1) + "\n")
    return 0


def _side(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-c", SIDE, str(root), str(CRYSTALS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
    )


def _ask(side: subprocess.Popen[str], name: str) -> dict[str, Any]:
    assert side.stdin is not None
    assert side.stdout is not None
    side.stdin.write(f"{name}\n")
    side.stdin.flush()
    answer: dict[str, Any] = json.loads(side.stdout.readline())
    return answer


def _compared(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, float]:
    """Median seconds of both sides, and the ratio of here to the other."""
    row: dict[str, float] = {"steps": ours[0]["steps"], "steps_other": theirs[0]["steps"]}
    for part in ("whole", "run"):
        a, b = (float(np.median([s[part] for s in side])) for side in (ours, theirs))
        row |= {f"{part}_here": a, f"{part}_other": b, f"{part}_ratio": a / b}
    return row


if __name__ == "__main__":
    raise SystemExit(main())
