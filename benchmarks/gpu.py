"""``predict`` and ``relax`` on a GPU; the processor stands in for one with ``--device cpu``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import torch
from ase import Atoms
from ase.build import bulk

from ase_ecn import relax
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.prediction import LaunchedBatch, PreparedBatch, PropertyPredictor
from ase_ecn.relaxation.cell_and_atoms import Method
from benchmarks.common import Options, Row

_STRUCTURES = (
    ("NaCl", "rocksalt", 5.64),
    ("MgO", "rocksalt", 4.21),
    ("GaAs", "zincblende", 5.65),
    ("CsCl", "cesiumchloride", 4.12),
    ("CaF2", "fluorite", 5.46),
    ("Si", "diamond", 5.43),
    ("Cu", "fcc", 3.61),
    ("Fe", "bcc", 2.87),
)


def measure(options: Options) -> list[Row]:
    """Without a GPU, ``--device cpu`` has to be asked for: such numbers say nothing of one."""
    device = torch.device(options.device or "cuda")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no GPU; --device cpu lets the processor stand in for one")
    large = device.type == "cuda" and not options.brief
    predicted, relaxed = (20_000, 2_000) if large else (64, 8)
    return [*predictions(crystals(predicted), device), *relaxations(crystals(relaxed), device)]


def crystals(count: int) -> list[Atoms]:
    """Conventional cells of 2 to 12 atoms, all of them different."""
    found = []
    for k, (name, structure, a) in enumerate(islice(cycle(_STRUCTURES), count)):
        atoms = bulk(name, structure, a=a, cubic=True)
        atoms.rattle(0.05, seed=k)
        found.append(atoms)
    return found


class Watched(PropertyPredictor):
    """Tells how long the device computed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._spans: list[Any] = []

    def launch(self, batch: PreparedBatch, *, forces: bool = True) -> LaunchedBatch:
        begin = self._mark()
        launched = super().launch(batch, forces=forces)
        self._spans.append((begin, self._mark()))
        return launched

    def _mark(self) -> Any:
        """A place in the device's work, or a time where there is no other device."""
        if self.device.type != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def busy(self) -> float:
        """Seconds from the first to the last operation of each pass, and forget them."""
        spans, self._spans = self._spans, []
        if self.device.type != "cuda":
            return float(sum(end - begin for begin, end in spans))
        torch.cuda.synchronize(self.device)
        return float(sum(begin.elapsed_time(end) for begin, end in spans)) / 1000


def predictions(atoms: Sequence[Atoms], device: torch.device) -> list[Row]:
    """All properties, forces and stresses, in the pipeline, validation aside."""
    predictor = Watched(device=device)
    validated = [as_crystal(one) for one in atoms]
    _in_pipeline(predictor, validated)  # learns how large batches may be
    predictor.busy()
    start = time.perf_counter()
    batches = _in_pipeline(predictor, validated)
    taken = time.perf_counter() - start
    count = sum(map(len, validated))
    details = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "processor",
        "crystals": len(validated),
        "atoms": count,
        "batches": batches,
    }
    waited = max(0.0, 1 - predictor.busy() / taken)
    work = f"`predict` of {len(validated)} crystals, {details['device']}"
    return [
        Row(work, len(validated) / taken, None, "crystals/s", details=details),
        Row(f"{work}, per atom", 1e6 * taken / count, None, "µs", details=details),
        Row(f"{work}, share of the time that the device waited", waited, None, "", details=details),
    ]


def _in_pipeline(predictor: Watched, validated: Sequence[Crystal]) -> int:
    """Predict all crystals; the number of batches."""
    batches = predictor.device_batches.cut(validated, len)
    return sum(1 for _ in predictor.predict_in_pipeline(batches))


def relaxations(atoms: Sequence[Atoms], device: torch.device) -> list[Row]:
    """Cells alone by strains, and cells and atoms by forces; all steps on the device.

    The network is asked once more than there are steps.
    """
    return [_relaxation(atoms, device, "lattice"), _relaxation(atoms, device, "all")]


def _relaxation(atoms: Sequence[Atoms], device: torch.device, method: Method) -> Row:
    relax(atoms[:2], method=method, device=device)
    start = time.perf_counter()
    found = relax(atoms, method=method, device=device)
    taken = time.perf_counter() - start
    passes = sum(len(one.atoms) * (one.steps + 1) for one in found)
    what = {"lattice": "cells", "all": "cells and atoms"}[method]
    work = f"`relax` of {what} of {len(atoms)} crystals, per atom and step"
    return Row(work, 1e6 * taken / passes, None, "µs", details={"steps": passes})
