from __future__ import annotations

import numpy as np
from ase.build import bulk

from ase_ecn.vasp import Run
from reproduce.reports.vasp_relaxations import report


def run(formula: str, a: float, strain: float) -> Run:
    final = bulk(formula, "rocksalt", a=a)
    start = final.copy()
    start.set_cell(final.cell[:] * (1 + strain), scale_atoms=True)
    return Run(formula, start, final, steps=5)


def test_compositions_of_the_training_data_are_told_apart() -> None:
    runs = [run("NaCl", 5.69, 0.1), run("MgO", 4.26, 0.08), run("KBr", 6.72, 0.0)]
    lines = list(report(runs, known={"NaCl"}))
    assert [line.split("|")[1:4] for line in lines[2:]] == [
        [" final positions ", " all ", " 2 "],
        [" final positions ", " new ", " 1 "],
        [" VASP's start ", " all ", " 2 "],
        [" VASP's start ", " new ", " 1 "],
    ]
    for line in lines[2:]:
        before, after = (float(part.strip(" %")) for part in line.split("|")[4].split(","))
        assert np.isclose(before, 8 if "new" in line else 9)
        assert after < 2
        assert line.endswith("100% |")


def test_no_runs_are_no_error() -> None:
    lines = list(report([run("NaCl", 5.69, 0.1)], known={"NaCl"}))
    assert lines[3] == "| final positions | new | 0 | | | |"
