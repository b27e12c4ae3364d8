from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from ase_ecn.vasp import Run
from reproduce.reports.ionic_steps import (
    ahead_of_vasp,
    by_fire,
    steps_ahead,
    steps_left,
    vasp_cells,
)


def copper(a: float) -> Atoms:
    return bulk("Cu", "fcc", a=a)


def cells_of(lines: list[str], first: int) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[first:]]
    return {row[0]: row[1:] for row in rows}


def test_fire_stops_when_the_forces_are_small_or_the_steps_are_used_up() -> None:
    near, far = by_fire(copper(3.6), EMT()), by_fire(copper(3.9), EMT())
    assert near.converged
    assert far.converged
    assert near.steps < far.steps
    assert near.energy == pytest.approx(far.energy, abs=2e-3)
    assert not by_fire(copper(3.9), EMT(), steps=2).converged


def test_a_start_nearer_to_the_minimum_needs_fewer_steps() -> None:
    found = cells_of(list(steps_left([copper(4.1), copper(4.0)], EMT(), "cpu")), 2)
    assert set(found) == {"the start", '`method="lattice"`', '`method="all"`'}
    assert float(found["the start"][1]) == 1
    for after in ('`method="lattice"`', '`method="all"`'):
        assert float(found[after][1]) < 0.8
        assert found[after][2] == "0"


def test_steps_count_until_the_lengths_are_as_close() -> None:
    steps = [copper(a) for a in (4.0, 3.8, 3.7, 3.62, 3.6)]
    assert steps_ahead(copper(3.69), steps, steps[-1]) == 3
    assert steps_ahead(copper(3.45), steps, steps[-1]) == 2
    assert steps_ahead(copper(5.0), steps, steps[-1]) == 0


def test_runs_of_vasp_with_fixed_cells_do_not_count(tmp_path: Path) -> None:
    steps = [copper(a) for a in (3.9, 3.8, 3.7, 3.62)]
    path = tmp_path / "trajectories.jsonl.gz"
    with gzip.open(path, "wt") as file:
        content = [
            {"cell": one.cell[:].tolist(), "frac": one.get_scaled_positions().tolist()}
            for one in steps
        ]
        file.write(json.dumps({"id": "moved", "species": ["Cu"], "steps": content}) + "\n")
        file.write(json.dumps({"id": "fixed", "species": ["Cu"], "steps": content[:1] * 3}) + "\n")
    runs = [
        Run("moved", steps[0], steps[-1], 4, None, None, None),
        Run("fixed", steps[0], steps[0], 3, None, None, None),
    ]
    lines = list(ahead_of_vasp(runs, vasp_cells(path), "cpu"))
    assert lines[0] == "1 runs, 3 ionic steps, 3 in the median"
    found = cells_of(lines, 4)
    for method in ('`method="lattice"`', '`method="all"`'):
        assert found[method] == ["2 (67%)", "67%", "0"] or found[method] == [
            "3 (100%)",
            "100%",
            "0",
        ]
