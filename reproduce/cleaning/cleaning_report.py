"""Results of the cleaning of the Materials Project: counts, statistics, splits and figures.

``python -m reproduce clean`` prints our tables 4 and 5 next to those of the ECN paper.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import OptionError
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import (
    SPLITS,
    TRAIN_MARK,
    Dataset,
    join,
    read_mp20,
    read_mp_extra,
)
from reproduce.cleaning.materials_project import STAGES, CleanedData, split_materials

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER_COUNTS = {"a": 126126, "b": 114605, "c": 96315, "d": 82229, "e": 78649, "f": 33971}
"""Table 4: entries of the Materials Project 2021.05 after each stage."""
PAPER_TARGETS = {
    "formation_energy": ("eV/atom", -1.42, 1.13),
    "fermi_level": ("eV", 3.77, 2.63),
    "magnetization": ("µB/atom", 0.16, 0.44),
    "band_gap": ("eV", 2.02, 1.56),
}
"""Table 5: unit, mean and standard deviation of each target; the gap is that of insulators."""


def _cached_mp20(data: Path) -> Dataset:
    return join([cached_dataset(f"mp_20-{s}", partial(read_mp20, data, s)) for s in SPLITS])


def _cached_mp_extra(data: Path) -> Dataset:
    return cached_dataset("mp_extra", partial(read_mp_extra, data))


SETS: dict[str, Callable[[Path], Dataset]] = {"mp_20": _cached_mp20, "mp_extra": _cached_mp_extra}
"""Sets that can be cleaned together, by name."""


@dataclass(frozen=True)
class TargetStatistics:
    """Number, mean and standard deviation of the known labels of one target (table 5)."""

    count: int
    mean: float
    deviation: float


def target_statistics(cleaned: CleanedData) -> dict[str, TargetStatistics]:
    """Statistics of each crystal target; of the band gap for insulators only, as in the paper."""
    statistics = {}
    for name, labels in cleaned.dataset.targets.items():
        if name == TRAIN_MARK:
            continue
        known = labels[cleaned.insulators] if name == "band_gap" else labels
        known = known[~np.isnan(known)]
        if len(known):
            statistics[name] = TargetStatistics(len(known), float(known.mean()), float(known.std()))
    return statistics


def histograms(cleaned: CleanedData) -> dict[str, NDArray[np.int64]]:
    """How many crystals have 0, 1, 2, ... ``sites`` and how many atoms have that ``degree``."""
    return {
        "sites": np.bincount([m.sites for m in cleaned.materials]),
        "degree": np.bincount(cleaned.degrees),
    }


def histogram_figure(cleaned: CleanedData) -> Figure:
    """Draw figures 5 and 6 of the paper side by side.

    Raises
    ------
    OptionError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise OptionError("figures need matplotlib: pip install 'ase-ecn[plots]'") from error
    figure = Figure(figsize=(8, 3), layout="constrained")
    labels = {
        "sites": ("sites in the primitive cell", "crystals"),
        "degree": ("bonds of an atom", "atoms"),
    }
    values = histograms(cleaned)
    for axes, (name, (across, up)) in zip(figure.subplots(1, 2), labels.items(), strict=True):
        axes.bar(np.arange(len(values[name])), values[name], width=1.0)
        axes.set_xlabel(across)
        axes.set_ylabel(up)
    return figure


def counts_table(counts: dict[str, int]) -> str:
    """Table 4: our counts, the paper's, and the fraction that each stage keeps."""
    lines = [f"{'stage':24s} {'entries':>8s} {'kept':>6s} {'paper':>8s} {'kept':>6s}"]
    # The insulators are a part of the last stage, not a stage that others follow.
    before, paper_before = counts["a"], PAPER_COUNTS["a"]
    for stage, text in STAGES.items():
        ours, paper = counts[stage], PAPER_COUNTS[stage]
        lines.append(
            f"({stage}) {text:20s} {ours:8d} {ours / max(before, 1):6.1%} "
            f"{paper:8d} {paper / paper_before:6.1%}"
        )
        before, paper_before = ours, paper
    return "\n".join(lines)


def targets_table(statistics: dict[str, TargetStatistics]) -> str:
    """Table 5: mean and standard deviation of each target, and the paper's."""
    lines = [
        f"{'target':20s} {'unit':10s} {'labels':>8s} {'mean':>8s} {'std':>8s} "
        f"{'paper mean':>10s} {'std':>6s}"
    ]
    for name, ours in statistics.items():
        unit, *paper = PAPER_TARGETS.get(name, ("",))
        theirs = f"{paper[0]:10.2f} {paper[1]:6.2f}" if paper else ""
        lines.append(
            f"{name:20s} {unit:10s} {ours.count:8d} {ours.mean:8.3f} {ours.deviation:8.3f} {theirs}"
        )
    return "\n".join(lines)


def write_cleaned(cleaned: CleanedData, seed: int, out: Path) -> None:
    """Write the split and the statistics.

    ``train.csv``, ``val.csv`` and ``test.csv`` hold ids with formula, space group and sites;
    ``counts.csv`` and ``targets.csv`` tables 4 and 5; ``histograms.csv`` and ``histograms.png``
    figures 5 and 6.

    Parameters
    ----------
    cleaned
        What to write about.
    seed
        Of the split.
    out
        A folder, made if it is not there.
    """
    figure = histogram_figure(cleaned)
    out.mkdir(parents=True, exist_ok=True)
    for part, indices in split_materials(cleaned, seed).items():
        entries = [(cleaned.dataset.ids[i], cleaned.materials[i]) for i in indices]
        _write_csv(
            out / f"{part}.csv",
            ("material_id", "formula", "space_group", "sites"),
            [(name, m.formula, m.space_group, m.sites) for name, m in entries],
        )
    _write_csv(
        out / "counts.csv",
        ("stage", "meaning", "entries", "paper"),
        [(k, text, cleaned.counts[k], PAPER_COUNTS[k]) for k, text in STAGES.items()],
    )
    _write_csv(
        out / "targets.csv",
        ("target", "unit", "labels", "mean", "std", "paper_mean", "paper_std"),
        [
            (name, unit, s.count, s.mean, s.deviation, *paper)
            for name, s in target_statistics(cleaned).items()
            for unit, *paper in [PAPER_TARGETS.get(name, ("", "", ""))]
        ],
    )
    _write_csv(
        out / "histograms.csv",
        ("quantity", "value", "count"),
        [(k, i, int(n)) for k, bins in histograms(cleaned).items() for i, n in enumerate(bins)],
    )
    figure.savefig(out / "histograms.png", dpi=150)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
