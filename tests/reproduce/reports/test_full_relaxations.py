from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.surface import EnergySurface
from reproduce.reports.full_relaxations import (
    Task,
    _Answer,
    distance,
    held_out_relaxations,
    length_error,
    minima,
    predicted_energies,
    report,
    ways,
)


def test_distances_do_not_see_shifts_and_images() -> None:
    end = bulk("MgO", "rocksalt", a=4.2, cubic=True)
    moved = end.copy()
    moved.positions += [0.3, -2.0, 9.0]
    moved.positions[2] += end.cell[1]
    assert distance(moved, end) == pytest.approx(0, abs=1e-12)
    moved.positions[:4] += [0.1, 0, 0]
    assert distance(moved, end) == pytest.approx(0.05)
    moved.set_cell(1.02 * end.cell[:], scale_atoms=True)
    assert distance(moved, end) == pytest.approx(0.05)
    assert length_error(moved, end) == pytest.approx(0.02)


def test_each_way_ends_nearer_than_the_start(network: StrainPredictor) -> None:
    end = bulk("ZnO", "wurtzite", a=3.28, c=5.30)
    start = end.copy()
    start.set_cell(start.cell[:] * 1.05, scale_atoms=True)
    start.positions[1] += [0, 0, 0.1]
    surface = EnergySurface(device="cpu")
    moving = StrainPredictor(device="cpu", positions=True)
    energies = partial(predicted_energies, surface)
    lines = list(report([Task(start, end)] * 2, ways(network, moving, surface), energies))
    cells = {line.split("|")[1].strip(): line.split("|")[2:] for line in lines[2:]}
    then = {f"{by}, then forces" for by in ("cell by EMPNN", "cell and atoms by EMPNN")}
    by_network = {"cell by EMPNN", "cell and atoms by EMPNN"}
    assert set(cells) == {"start", "forces alone"} | then | by_network
    lengths = {name: float(parts[0].split("/")[0]) for name, parts in cells.items()}
    assert lengths["start"] == pytest.approx(5)
    assert max(v for k, v in lengths.items() if k != "start") < 2
    atoms = {name: float(parts[1].split("/")[0]) for name, parts in cells.items()}
    assert atoms["start"] == atoms["cell by EMPNN"]
    assert all(atoms[name] < atoms["start"] for name in then)
    assert atoms["cell and atoms by EMPNN"] < atoms["start"]
    off = {name: float(parts[2].split("/")[0]) for name, parts in cells.items()}
    assert all(off[name] < off["start"] / 3 for name in then)
    assert float(cells["cell by EMPNN"][3]) == 0
    assert float(cells["forces alone"][3]) > 1


def test_crystals_in_another_minimum_are_told_apart() -> None:
    def unmoved(atoms: Sequence[Atoms]) -> _Answer:
        return _Answer(list(atoms), 0.0, 0.0)

    def energies(atoms: Sequence[Atoms]) -> np.ndarray:
        return np.array([one.cell[0, 0] - 4.0 for one in atoms])

    def cube(a: float) -> Atoms:
        return bulk("CsCl", "cesiumchloride", a=a)

    starts, end = [cube(4.0), cube(4.0024), cube(4.1), cube(4.2), cube(3.8)], cube(4.0)
    tasks = [Task(start, end) for start in starts]
    lines = list(minima(tasks, unmoved, unmoved, energies))
    cells = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines[2:]]
    assert cells == [
        ["the same", "2", "0.03 / 0.03 %"],
        ["a higher one", "2", "3.75 / 3.75 %"],
        ["a lower one", "1", "5.00 / 5.00 %"],
    ]


def test_only_held_out_prototypes_count(tmp_path: Path) -> None:
    cell, frac = np.diag([4.0, 4.0, 4.0]).tolist(), [[0, 0, 0], [0.5, 0.5, 0.5]]
    sources = [f"mp-{k}" for k in range(200)]
    with gzip.open(_folder(tmp_path) / "relaxations.jsonl.gz", "wt") as file:
        for source in sources:
            row = {"source": source, "species": ["Cs", "Cl"], "prototype_cell": cell}
            row |= {"prototype_frac": frac, "frames": [{"cell": cell, "frac": frac}]}
            file.write(json.dumps(row) + "\n")
    held_out = sum(zlib.crc32(source.encode()) % 100 < 4 for source in sources)
    tasks = held_out_relaxations(tmp_path, 1000)
    assert len(tasks) == held_out > 0
    assert isinstance(tasks[0].start, Atoms)
    assert len(held_out_relaxations(tmp_path, 2)) == 2


def _folder(path: Path) -> Path:
    (path / "teacher").mkdir()
    return path / "teacher"
