"""Lattices relaxed by an EMPNN compared with those of VASP's relaxations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ase_ecn.checkpoint import DEFAULT_EMPNN, read_card
from ase_ecn.comparison import Comparison, compare, summary
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import read_mp20, reduced_formula
from ase_ecn.vasp import Run, read_runs, with_final_positions

_KINDS = ("mean", "median")


def report_on_all(data: Path) -> Iterator[str]:
    """Lines of a Markdown table: all runs, and those of compositions not in MP-20's training."""
    elements = read_card(DEFAULT_EMPNN).elements
    runs, _ = read_runs([], elements, data / "vasp" / "relaxations.jsonl.gz")
    train = cached_dataset("mp_20-train", lambda: read_mp20(data, "train"))
    known = {reduced_formula(crystal.numbers) for crystal in train.crystals}
    yield from report(runs, known)


def report(runs: Sequence[Run], known: set[str]) -> Iterator[str]:
    """Lines of a Markdown table.

    Parameters
    ----------
    runs
        Of VASP; those whose cell changed count.
    known
        Reduced formulas that the network was fitted to.
    """
    columns = ("starting from", "compositions", "runs", *(f"{k}: start, here" for k in _KINDS))
    yield f"| {' | '.join([*columns, 'closer'])} |"
    yield "|---|---|---|---|---|---|"
    starts = {"final positions": [with_final_positions(run) for run in runs], "VASP's start": runs}
    for start, begun in starts.items():
        counted = [c for c in compare(begun) if c.cell_changed]
        new = [c for c in counted if reduced_formula(c.run.start.numbers) not in known]
        yield _line(start, "all", counted)
        yield _line(start, "new", new)


def _line(start: str, compositions: str, comparisons: Sequence[Comparison]) -> str:
    if not comparisons:
        return f"| {start} | {compositions} | 0 | | | |"
    found = summary(comparisons)
    errors = [f"{found[f'{k}_before']:.2%}, {found[f'{k}_after']:.2%}" for k in _KINDS]
    cells = [start, compositions, str(len(comparisons)), *errors, f"{found['closer']:.0%}"]
    return f"| {' | '.join(cells)} |"
