"""Where the processor's time goes in a screen with relaxation of the cell, all properties and hull.

    python -m benchmarks.stages 768

Prints milliseconds of processor time per row for each stage, without those of the stages within it.
One thread; the crystals are those of ``benchmarks.million``, after some others as a warm-up.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ase_ecn.nn.lattice_pass.compiled_empnn import CompiledEMPNN
from ase_ecn.nn.so3 import library
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.screening import batches, screen
from ase_ecn.screening.compute import Screener
from ase_ecn.screening.store import Store
from benchmarks.common import Options, mp20_atoms
from benchmarks.million import Course, generated

METHODS = (
    (batches, "_take", "reading, and what is stored already"),
    (Store, "pending", "reading, and what is stored already"),
    (Screener, "_validated", "validation"),
    (StrainPredictor, "relax", "relaxation: the rest"),
    (StrainPredictor, "graphs", "relaxation: neighbours"),
    (CompiledEMPNN, "__call__", "relaxation: layers in C"),
    (PropertyPredictor, "prepare", "prediction: neighbours, oxidation states"),
    (PropertyPredictor, "launch", "prediction: heads, and the rest"),
    (PropertyPredictor, "read", "prediction: hull, and values"),
    (Store, "write", "writing"),
)
LAYERS = "prediction: layers in C"
_WARM_UP = 400


class Stages:
    """Processor time of functions, without that of others of them that they call."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = 0.0

    def _turn(self) -> None:
        """The time since the last turn is that of the innermost stage."""
        now = time.process_time()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def watched(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """The function, whose time is noted."""

        def timed(*arguments: Any, **options: Any) -> Any:
            self._turn()
            self._open.append(stage)
            try:
                return function(*arguments, **options)
            finally:
                self._turn()
                self._open.pop()

        return timed

    def watch(self) -> None:
        """Note the time of all stages from now on."""
        for owner, name, stage in METHODS:
            setattr(owner, name, self.watched(getattr(owner, name), stage))
        for function in (library.run, library.run_products, library.run_sequence):
            replacement = self.watched(function, LAYERS)
            for module in list(sys.modules.values()):
                for name, value in list(getattr(module, "__dict__", {}).items()):
                    if value is function and module.__name__.startswith("ase_ecn"):
                        setattr(module, name, replacement)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("crystals", type=int, help="how many")
    parser.add_argument("--data", type=Path, default=os.environ.get("ASE_ECN_DATA"))
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("where the data lie: --data or ASE_ECN_DATA")
    torch.set_num_threads(1)
    number = arguments.crystals
    base = mp20_atoms(Options(arguments.data), number + _WARM_UP)
    stages = Stages()
    stages.watch()
    with tempfile.TemporaryDirectory() as folder:
        course = Course(number + 1, Path(folder) / "out.db", time.process_time)
        crystals = list(generated(base[:number], number, course, None))
        screen(base[number:], Path(folder) / "warm-up.db", relax=True)
        stages.seconds.clear()
        begun = time.process_time()
        screen(crystals, course.database, relax=True)
        total = time.process_time() - begun
    for stage, seconds in sorted(stages.seconds.items()):
        print(f"{1e3 * seconds / number:6.2f} ms  {stage}")
    print(f"{1e3 * total / number:6.2f} ms  all")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
