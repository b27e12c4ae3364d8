"""How many ionic steps a relaxation has left to do after one here.

``python -m reproduce ionic-steps`` counts the steps of FIRE with an ASE calculator on substituted
prototypes, and how many steps VASP took until its cell was as good as the one found here.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE

from ase_ecn import relax
from ase_ecn.checkpoint import DEFAULT_EMPNN, DEFAULT_POTENTIAL, read_card
from ase_ecn.comparison import SAME_CELL, length_error
from ase_ecn.relaxation.cell_and_atoms import Method
from ase_ecn.relaxation.force_course import FORCE_TOLERANCE
from ase_ecn.screening.named_calculators import made_calculator, parse_options
from ase_ecn.training.data.datasets import data_folder
from ase_ecn.vasp import Run, read_runs
from reproduce.reports.full_relaxations import substituted_prototypes

MAX_STEPS = 500
"""Steps of FIRE at most."""
_BEGUN: tuple[Method, ...] = ("lattice", "all")
_SAME_ENERGY = 0.005  # eV/atom


@dataclass(frozen=True)
class Finish:
    """How a relaxation with a calculator ended: steps, whether it converged, and eV/atom."""

    steps: int
    converged: bool
    energy: float


def by_fire(atoms: Atoms, calculator: Any, steps: int = MAX_STEPS) -> Finish:
    """Relax a copy in cell and atoms to the usual largest force."""
    copy = atoms.copy()
    copy.calc = calculator
    optimizer = FIRE(FrechetCellFilter(copy), logfile=None)
    converged = bool(optimizer.run(fmax=FORCE_TOLERANCE, steps=steps))
    return Finish(optimizer.nsteps, converged, float(copy.get_potential_energy()) / len(copy))


def steps_left(starts: Sequence[Atoms], calculator: Any, device: str | None) -> Iterator[str]:
    """Lines of a Markdown table: steps from the start, and from each relaxation here.

    Parameters
    ----------
    starts
        Crystals.
    calculator
        Of ASE's kind.
    device
        Where the networks compute.
    """
    ends = [by_fire(atoms, calculator) for atoms in starts]
    columns = ("FIRE from", "steps, mean / median", "share", "not finished", "lower / higher")
    yield f"| {' | '.join(columns)} |"
    yield "|---|---|---|---|---|"
    yield _line_of_steps("the start", ends, ends)
    for method in _BEGUN:
        begun = [one.atoms for one in relax(starts, method=method, device=device)]
        after = [by_fire(atoms, calculator) for atoms in begun]
        yield _line_of_steps(f'`method="{method}"`', after, ends)


def _line_of_steps(name: str, after: Sequence[Finish], direct: Sequence[Finish]) -> str:
    steps, before = (np.array([one.steps for one in many]) for many in (after, direct))
    change = np.array([one.energy - two.energy for one, two in zip(after, direct, strict=True)])
    return (
        f"| {name} | {steps.mean():.1f} / {np.median(steps):.0f} | "
        f"{steps.sum() / before.sum():.2f} | {sum(not one.converged for one in after)} | "
        f"{(change < -_SAME_ENERGY).sum()} / {(change > _SAME_ENERGY).sum()} |"
    )


def vasp_cells(path: Path) -> dict[str, list[Atoms]]:
    """Crystals at all ionic steps of VASP's runs, by their ids."""
    runs = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            runs[row["id"]] = [
                Atoms(row["species"], cell=step["cell"], scaled_positions=step["frac"], pbc=True)
                for step in row["steps"]
            ]
    return runs


def steps_ahead(found: Atoms, steps: Sequence[Atoms], final: Atoms) -> int:
    """First of the ionic steps whose lengths are as close to the final ones as those found."""
    error = length_error(found, final)
    return next(
        (k for k, step in enumerate(steps) if length_error(step, final) <= error), len(steps)
    )


def ahead_of_vasp(
    runs: Sequence[Run], cells: dict[str, list[Atoms]], device: str | None
) -> Iterator[str]:
    """Lines of a Markdown table: after how many steps VASP's cells were as good as those here.

    Parameters
    ----------
    runs
        Of VASP; those whose cell changed count.
    cells
        All ionic steps, by the labels of the runs.
    device
        Where the networks compute.
    """
    changed = [run for run in runs if length_error(run.start, run.final) > SAME_CELL]
    counted = [run for run in changed if len(cells.get(run.label, ())) > 1]
    total = np.array([len(cells[run.label]) - 1 for run in counted])
    yield f"{len(counted)} runs, {total.sum()} ionic steps, {np.median(total):.0f} in the median"
    yield ""
    yield "| relaxed here by | ahead, of all steps | median of the shares | not ahead |"
    yield "|---|---|---|---|"
    for method in _BEGUN:
        found = relax([run.start for run in counted], method=method, device=device)
        ahead = np.array(
            [
                min(steps_ahead(one.atoms, cells[run.label], run.final), len(cells[run.label]) - 1)
                for one, run in zip(found, counted, strict=True)
            ]
        )
        yield (
            f'| `method="{method}"` | {ahead.sum()} ({ahead.sum() / total.sum():.0%}) | '
            f"{np.median(ahead / total):.0%} | {(ahead == 0).sum()} |"
        )


def run_ionic_steps(options: argparse.Namespace) -> int:
    """Print both tables."""
    data = data_folder(options.data)
    if options.calculator:
        calculator = made_calculator(options.calculator, parse_options(options.option))
        tasks = substituted_prototypes(data, options.crystals)
        print(f"{len(tasks)} substituted prototypes of MP-20 test, {options.calculator}\n")
        for line in steps_left([task.start for task in tasks], calculator, options.device):
            print(line, flush=True)
        print()
    elements = read_card(DEFAULT_EMPNN).elements & read_card(DEFAULT_POTENTIAL).elements
    runs, _ = read_runs([], elements, data / "vasp" / "relaxations.jsonl.gz")
    cells = vasp_cells(data / "vasp" / "trajectories.jsonl.gz")
    for line in ahead_of_vasp(runs, cells, options.device):
        print(line, flush=True)
    return 0
