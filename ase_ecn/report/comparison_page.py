"""A comparison of relaxed cells with those of VASP, as one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ase_ecn.comparison import Comparison, lengths_figure, summary_text
from ase_ecn.errors import OptionError
from ase_ecn.report.page import Column, Page, write_page


def write_comparison(comparisons: Sequence[Comparison], path: str | Path) -> None:
    """Write the report of cells relaxed here compared with VASP's.

    Parameters
    ----------
    comparisons
        Of :func:`ase_ecn.comparison.compare`, at least one.
    path
        HTML file to write.

    Raises
    ------
    OptionError
        If there is nothing to compare, or the report cannot be written.
    ASEECNError
        If matplotlib is missing.
    """
    if not comparisons:
        raise OptionError("there is nothing to compare")
    page = Page(
        title="Comparison with VASP",
        summary=summary_text(comparisons).split("\n"),
        shown=f"{len(comparisons)} runs",
        columns=_COLUMNS,
        rows=comparisons,
        figures=[("lengths compared with VASP's", lengths_figure(comparisons))],
    )
    write_page(page, path)


def _volume_error(comparison: Comparison) -> float:
    ours, theirs = comparison.relaxation.atoms, comparison.run.final
    return float(ours.get_volume() / theirs.get_volume() - 1)


# Errors are relative to VASP's final cell.
_COLUMNS = [
    Column("picture", "", lambda c: c.relaxation.atoms, "picture"),
    Column("formula", "formula", lambda c: c.run.final.symbols, "text"),
    Column("natoms", "atoms", lambda c: len(c.run.final)),
    Column("steps", "ionic steps", lambda c: c.run.steps),
    Column("start_error", "lengths at the start / %", lambda c: 100 * c.start_error),
    Column("error", "lengths here / %", lambda c: 100 * c.error),
    Column("volume_error", "volume here / %", lambda c: 100 * _volume_error(c)),
    Column(
        "formation_energy",
        "formation energy / eV/atom",
        lambda c: c.prediction.formation_energy,
    ),
    Column("band_gap", "band gap / eV", lambda c: c.prediction.band_gap),
    Column("vasp_band_gap", "VASP's / eV", lambda c: c.run.gap),
    Column("magnetization", "magnetization / µB", lambda c: c.prediction.magnetization),
    Column("vasp_magnetization", "VASP's / µB", lambda c: c.run.magnetization),
    Column("reason", "reason", lambda c: c.relaxation.reason, "text"),
    Column("source", "source", lambda c: c.run.label, "text"),
]
