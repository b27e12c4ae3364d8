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
from ase_ecn.screening.named_calculators import CalculatorJob
from reproduce.reports.full_relaxations import (
    Task,
    _Answer,
    by_calculator,
    distance,
    held_out_relaxations,
    length_error,
    minima,
    predicted_energies,
    report,
    same_type,
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
    then.add("the same, its reliable part")
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


def test_a_calculator_relaxes_and_leaves_what_it_does_not_know() -> None:
    strained, unknown = bulk("Cu", a=3.7), bulk("Fe", a=2.9)  # ASE's EMT has no iron
    answer = by_calculator(CalculatorJob("emt"))([strained, unknown])
    assert answer.relaxed[0].cell.lengths()[0] * np.sqrt(2) == pytest.approx(3.59, abs=0.01)
    assert answer.relaxed[1] == unknown
    assert answer.energies >= 0.5


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


def test_ends_within_reach_have_a_line_of_their_own() -> None:
    def unmoved(atoms: Sequence[Atoms]) -> _Answer:
        return _Answer(list(atoms), 0.0, 7.0)

    def energies(atoms: Sequence[Atoms]) -> np.ndarray:
        return np.array([one.cell[0, 0] - 4.0 for one in atoms])

    end = bulk("CsCl", "cesiumchloride", a=4.0)
    lengths = (4.04, 4.4, 4.08)
    starts = [bulk("CsCl", "cesiumchloride", a=a) for a in lengths]
    tasks = [Task(s, end, near) for s, near in zip(starts, (True, False, True), strict=True)]
    lines = list(report(tasks, {"none": unmoved}, energies))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert [row[0] for row in rows] == [
        "start",
        "start, 2 within reach",
        "none",
        "none, 2 within reach",
    ]
    assert [row[1] for row in rows[2:]] == ["4.33 / 2.00 %", "1.50 / 1.50 %"]
    assert [row[3] for row in rows[2:]] == ["173.3 / 80.0", "60.0 / 60.0"]
    assert [row[4:] for row in rows[2:]] == [["7.0", "0"], ["", ""]]
    assert {len(row) for row in rows} == {6}
    assert len(list(report([tasks[0]], {"none": unmoved}, energies))) == 4


def test_atoms_too_far_from_their_places_are_of_another_type() -> None:
    end = bulk("CsCl", "cesiumchloride", a=4.0)  # 3.2 Å of length for each atom
    for apart, same in ((1.8, True), (2.0, False)):
        start = end.copy()
        start.positions[1] += [apart, 0, 0]  # by half of it after the best shift
        assert same_type(start, end) is same


def test_only_held_out_prototypes_count(tmp_path: Path) -> None:
    cell, frac = np.diag([4.0, 4.0, 4.0]).tolist(), [[0, 0, 0], [0.5, 0.5, 0.5]]
    sources = [f"mp-{k}" for k in range(200)]
    with gzip.open(_folder(tmp_path) / "relaxations.jsonl.gz", "wt") as file:
        for k, source in enumerate(sources):
            row = {"source": source, "species": ["Cs", "Cl"], "prototype_cell": cell}
            row |= {"prototype_frac": frac, "frames": [{"cell": cell, "frac": frac}]}
            row |= {"converged": k % 2 == 0}
            file.write(json.dumps(row) + "\n")
    held_out = [k for k, one in enumerate(sources) if zlib.crc32(one.encode()) % 100 < 4]
    tasks = held_out_relaxations(tmp_path, 1000)
    assert [task.within_reach for task in tasks] == [k % 2 == 0 for k in held_out]
    assert {task.within_reach for task in tasks} == {True, False}
    assert isinstance(tasks[0].start, Atoms)
    assert len(held_out_relaxations(tmp_path, 2)) == 2


def _folder(path: Path) -> Path:
    (path / "teacher").mkdir()
    return path / "teacher"
