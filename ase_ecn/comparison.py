"""Relaxed cells and predicted properties compared with those of VASP runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.api import predict, relax
from ase_ecn.plotting.canvas import new_figure
from ase_ecn.prediction import Prediction
from ase_ecn.relaxation.result import Relaxation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    # Its readers import h5py, which starts a process.
    from ase_ecn.vasp import Run

SAME_CELL = 1e-4
"""Relative; a run that changed its lengths less had a fixed cell or nothing to do."""


@dataclass(frozen=True)
class Comparison:
    """A run, and what comes out for it here.

    Attributes
    ----------
    run
        VASP's.
    relaxation
        Of its first step.
    prediction
        For the relaxed cell.
    """

    run: Run
    relaxation: Relaxation
    prediction: Prediction

    @property
    def start_error(self) -> float:
        """Mean relative error of the three lengths before the relaxation."""
        return length_error(self.run.start, self.run.final)

    @property
    def error(self) -> float:
        """The same after it."""
        return length_error(self.relaxation.atoms, self.run.final)

    @property
    def cell_changed(self) -> bool:
        """Whether there is a relaxation of VASP's to compare with."""
        changes = self.run.final.cell.cellpar() / self.run.start.cell.cellpar() - 1
        return bool(np.abs(changes).max() > SAME_CELL)


def length_error(atoms: Atoms, final: Atoms) -> float:
    """Mean relative difference of the three lengths of the cells."""
    return float(np.abs(atoms.cell.lengths() / final.cell.lengths() - 1).mean())


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Relax the first step of each run, and predict the properties of the relaxed cells."""
    relaxations = relax([run.start for run in runs])
    predictions = predict([relaxation.atoms for relaxation in relaxations])
    return [Comparison(*parts) for parts in zip(runs, relaxations, predictions, strict=True)]


def comparison_text(comparison: Comparison) -> str:
    """Cells (Å, degrees, Å³) with their errors against VASP's, and predictions, in a few lines."""
    run, relaxation = comparison.run, comparison.relaxation
    formula = run.start.get_chemical_formula(empirical=True)
    lines = [
        f"{run.label}: {formula}, {len(run.start)} atoms, {run.steps} ionic steps of VASP",
        f"{'':8}{'a':>9}{'b':>9}{'c':>9}{'alpha':>8}{'beta':>8}{'gamma':>8}"
        f"{'volume':>10}{'lengths':>9}{'volume':>9}",
        _cell_line("start", run.start, run.final),
        _cell_line("here", relaxation.atoms, run.final),
        _cell_line("VASP", run.final, None),
    ]
    if not relaxation.converged:
        lines.append(f"  not converged here: {relaxation.reason}")
    lines.append(f"  predicted: {_properties(run, comparison.prediction)}")
    return "\n".join(lines)


def _cell_line(name: str, atoms: Atoms, final: Atoms | None) -> str:
    a, b, c, *angles = atoms.cell.cellpar()
    line = f"  {name:6}{a:9.4f}{b:9.4f}{c:9.4f}" + "".join(f"{angle:8.2f}" for angle in angles)
    line += f"{atoms.get_volume():10.2f}"
    if final is None:
        return line
    volume = atoms.get_volume() / final.get_volume() - 1
    return f"{line}{length_error(atoms, final):9.2%}{volume:+9.2%}"


def _properties(run: Run, prediction: Prediction) -> str:
    largest = float(prediction.site_moments.max())
    return ", ".join(
        [
            f"formation energy {prediction.formation_energy:.3f} eV/atom",
            f"gap {prediction.band_gap:.2f} eV{_theirs(run.gap)}",
            f"magnetization {prediction.magnetization:.2f} µB{_theirs(run.magnetization)}",
            f"largest site moment {largest:.2f} µB{_theirs(run.largest_moment)}",
        ]
    )


def _theirs(value: float | None) -> str:
    return "" if value is None else f" (VASP {value:.2f})"


def summary(comparisons: Sequence[Comparison]) -> dict[str, float]:
    """Relative errors of the lengths, and the share that came closer to VASP's cell.

    Returns
    -------
    dict
        ``mean_before``, ``mean_after``, ``median_before``, ``median_after``, ``closer``.
    """
    before = np.array([c.start_error for c in comparisons])
    after = np.array([c.error for c in comparisons])
    return {
        "mean_before": float(before.mean()),
        "mean_after": float(after.mean()),
        "median_before": float(np.median(before)),
        "median_after": float(np.median(after)),
        "closer": float((after < before).mean()),
    }


def summary_text(comparisons: Sequence[Comparison]) -> str:
    """The summary of the runs that changed their cell, with and without the unsettled ones."""
    return "\n".join(_summary_lines(comparisons))


def _summary_lines(comparisons: Sequence[Comparison]) -> Iterator[str]:
    changed = [c for c in comparisons if c.cell_changed]
    if len(changed) < len(comparisons):
        yield f"{len(comparisons) - len(changed)} runs kept their cell and are left out below"
    if changed:
        yield from _error_lines(changed)
    converged = [c for c in changed if c.relaxation.converged]
    if 0 < len(converged) < len(changed):
        # A cell that does not settle can end anywhere, and a few of them make up the mean.
        yield "without those that did not converge here:"
        yield from _error_lines(converged)


def _error_lines(comparisons: Sequence[Comparison]) -> Iterator[str]:
    s = summary(comparisons)
    yield f"{len(comparisons)} runs, relative error of the lengths:"
    for name in ("mean", "median"):
        yield f"  {name:6} {s[name + '_before']:.2%} at the start, {s[name + '_after']:.2%} here"
    yield f"  closer to VASP's cell than the start: {s['closer']:.0%}"


def lengths_figure(comparisons: Sequence[Comparison]) -> Figure:
    """Draw lengths against VASP's, and below the errors, which the upper panel hardly shows.

    Raises
    ------
    ASEECNError
        If matplotlib is missing.
    """
    figure = new_figure(5, 7)
    above, below = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    theirs = _lengths(c.run.final for c in comparisons)
    start = _lengths(c.run.start for c in comparisons)
    here = _lengths(c.relaxation.atoms for c in comparisons)
    for lengths, colour, label in ((start, "#adb5bd", "start"), (here, "#2a9d8f", "relaxed here")):
        above.scatter(theirs, lengths, s=14, facecolors="none", edgecolors=colour, label=label)
        below.scatter(theirs, 100 * (lengths / theirs - 1), s=14, facecolors="none", color=colour)
    above.axline((theirs.mean(), theirs.mean()), slope=1, color="#33415c", linewidth=0.8)
    below.axhline(0, color="#33415c", linewidth=0.8)
    above.set_ylabel("length (Å)")
    above.legend()
    below.set(xlabel="length after VASP's relaxation (Å)", ylabel="error (%)")
    return figure


def _lengths(cells: Iterable[Atoms]) -> NDArray[np.float64]:
    return np.concatenate([atoms.cell.lengths() for atoms in cells])
