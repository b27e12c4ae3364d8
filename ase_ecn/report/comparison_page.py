"""A comparison of relaxed cells with those of VASP, as one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ase_ecn.comparison import Comparison, lengths_figure, summary_text
from ase_ecn.errors import OptionError
from ase_ecn.report.packing import Column
from ase_ecn.report.page import Page, write_page


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
        columns=_COLUMNS,
        rows=comparisons,
        atoms=lambda comparison: comparison.relaxation.atoms,
        figures=[("lengths compared with VASP's", lengths_figure(comparisons))],
    )
    write_page(page, path)


def _volume_error(comparison: Comparison) -> float:
    ours, theirs = comparison.relaxation.atoms, comparison.run.final
    return float(ours.get_volume() / theirs.get_volume() - 1)


def _formula(comparison: Comparison) -> str:
    return str(comparison.run.final.symbols)


# Errors are relative to VASP's final cell.
_COLUMNS = [
    Column("formula", "formula", _formula, "formula"),
    Column("natoms", "atoms", lambda c: len(c.run.final), digits=0),
    Column("steps", "ionic steps", lambda c: c.run.steps, digits=0),
    Column("start_error", "lengths at the start", lambda c: 100 * c.start_error, unit="%"),
    Column("error", "lengths here", lambda c: 100 * c.error, unit="%"),
    Column("volume_error", "volume here", lambda c: 100 * _volume_error(c), unit="%"),
    Column(
        "formation_energy",
        "formation energy",
        lambda c: c.prediction.formation_energy,
        unit="eV/atom",
        digits=3,
        shown=False,
    ),
    Column("band_gap", "band gap", lambda c: c.prediction.band_gap, unit="eV", digits=2),
    Column("vasp_band_gap", "VASP's gap", lambda c: c.run.gap, unit="eV", digits=2),
    Column(
        "magnetization",
        "magnetization",
        lambda c: c.prediction.magnetization,
        unit="µB",
        digits=2,
        shown=False,
    ),
    Column(
        "vasp_magnetization",
        "VASP's magnetization",
        lambda c: c.run.magnetization,
        unit="µB",
        digits=2,
        shown=False,
    ),
    Column("reason", "reason", lambda c: c.relaxation.reason, "text"),
    Column("source", "source", lambda c: c.run.label, "text"),
]
