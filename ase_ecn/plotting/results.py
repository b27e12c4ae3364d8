"""Figures of what networks predict, and of how they were fitted."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from ase_ecn.errors import OptionError
from ase_ecn.geometry.strain import log_strain
from ase_ecn.plotting.canvas import new_figure
from ase_ecn.properties import DIMENSIONLESS, find

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("#33415c", "#e63946", "#2a9d8f", "#f4a261", "#9b5de5", "#8ecae6")
_MAP = "viridis"
_FEW = 300


def parity(
    predicted: ArrayLike, reference: ArrayLike, *, name: str = "property", units: str = ""
) -> Figure:
    """Predicted against reference values, with their density, and the distribution of errors.

    Parameters
    ----------
    predicted, reference
        (N,) values; pairs with a NaN are left out.
    name, units
        For the axes.

    Returns
    -------
    Figure
        Titled with N, the mean absolute error, the root mean square error and R².

    Raises
    ------
    OptionError
        If the shapes differ, or fewer than two pairs are left.
    """
    x, y = _pairs(reference, predicted)
    errors = y - x
    figure = new_figure(8.2, 3.9)
    left, right = figure.subplots(1, 2)
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    margin = 0.04 * (high - low) or 1.0
    limits = (low - margin, high + margin)
    _draw_density(figure, left, x, y, limits)
    left.plot(limits, limits, color="#e63946", linewidth=0.8)
    unit = "" if units in ("", DIMENSIONLESS) else f" / {units}"
    left.set(
        xlim=limits,
        ylim=limits,
        aspect="equal",
        xlabel=f"reference {name}{unit}",
        ylabel=f"predicted {name}{unit}",
    )
    reach = float(np.quantile(np.abs(errors), 0.99)) or 1.0
    shown = np.clip(errors, -reach, reach)
    right.hist(shown, bins=min(61, 5 + len(x) // 4), range=(-reach, reach), color="#33415c")
    right.axvline(float(np.median(errors)), color="#e63946", linewidth=0.8)
    right.set(xlabel=f"predicted - reference{unit}", ylabel="crystals")
    scatter = float(((x - x.mean()) ** 2).sum())
    r2 = 1 - float((errors**2).sum()) / scatter if scatter else float("nan")
    figure.suptitle(
        f"{name}: N = {len(x)}, MAE = {np.abs(errors).mean():.4g}, "
        f"RMSE = {np.sqrt((errors**2).mean()):.4g}, R² = {r2:.4f}",
        fontsize=10,
    )
    return figure


def learning_curve(path: str | Path) -> Figure:
    """Losses and scores by epoch, from the ``curve.csv`` of a fit.

    Parameters
    ----------
    path
        CSV with a column ``epoch``; every other column of numbers gets its own panel.

    Raises
    ------
    OptionError
        If there is no such file, or it is no learning curve.
    """
    columns = _columns(Path(path))
    epochs = columns.pop("epoch")
    names = [name for name in columns if name != "seconds"]
    wide = min(3, len(names))
    rows = -(-len(names) // wide)
    figure = new_figure(2.9 * wide, 2.2 * rows)
    axes = np.ravel(figure.subplots(rows, wide, squeeze=False))
    for k, axis in enumerate(axes):
        if k >= len(names):
            axis.set_axis_off()
            continue
        axis.plot(epochs, columns[names[k]], color=_COLOURS[0], linewidth=1)
        axis.set_title(names[k].replace("_", " "), fontsize=9)
        axis.set_xlabel("epoch", fontsize=8)
        axis.tick_params(labelsize=8)
    return figure


def calibration_curve(scores: dict[str, Any]) -> Figure:
    """Share of errors in the stated intervals, from the test scores of a checkpoint's card.

    Parameters
    ----------
    scores
        With entries as ``band_gap_in_90%_interval``.

    Raises
    ------
    OptionError
        If there are none.
    """
    curves: dict[str, list[tuple[float, float]]] = {}
    for key, value in scores.items():
        match = re.fullmatch(r"(\w+)_in_(\d+)%_interval", key)
        if match:
            curves.setdefault(match[1], []).append((float(match[2]), 100 * float(value)))
    if not curves:
        raise OptionError("the card has no reliability curve: the network states no uncertainty")
    figure = new_figure(4.2, 4.0)
    axis = figure.subplots()
    axis.plot([0, 100], [0, 100], color="#adb5bd", linewidth=0.8, label="ideal")
    for colour, (name, points) in zip(_COLOURS, curves.items(), strict=False):
        stated, found = zip(*sorted(points), strict=True)
        label = name.replace("_", " ")
        axis.plot(stated, found, "o-", color=colour, linewidth=1, markersize=4, label=label)
    axis.set(xlabel="stated / %", ylabel="within the interval / %", xlim=(0, 100), ylim=(0, 100))
    axis.set_aspect("equal")
    axis.legend(fontsize=8)
    return figure


def relaxation_path(images: Sequence[Atoms]) -> Figure:
    """Volume, strain per step and lengths of the cell along a relaxation.

    Parameters
    ----------
    images
        Of a trajectory of :class:`~ase_ecn.LatticeRelaxer`, or of any optimizer, two at least.

    Raises
    ------
    OptionError
        If there is only one image, or they have different numbers of atoms.
    """
    if len(images) < 2 or len({len(image) for image in images}) > 1:
        raise OptionError("a relaxation is two or more images of the same crystal")
    cells = np.array([image.cell[:] for image in images])
    steps = np.arange(len(images))
    volumes = np.abs(np.linalg.det(cells)) / len(images[0])
    strains = np.linalg.norm(log_strain(np.linalg.solve(cells[:-1], cells[1:])), axis=(1, 2))
    figure = new_figure(9.0, 2.9)
    volume, strain, lengths = figure.subplots(1, 3)
    volume.plot(steps, volumes, "o-", color=_COLOURS[0], markersize=3)
    volume.set(xlabel="step", ylabel="volume / Å³ per atom")
    strain.plot(steps[1:], np.maximum(strains, 1e-12), "o-", color=_COLOURS[1], markersize=3)
    strain.set(xlabel="step", ylabel="strain of the step", yscale="log")
    for colour, name, values in zip(_COLOURS, "abc", np.linalg.norm(cells, axis=2).T, strict=False):
        lengths.plot(steps, values, "o-", color=colour, markersize=3, label=name)
        lengths.plot(steps[[0, -1]], values[[0, -1]], "s", color=colour, markersize=6)
    lengths.set(xlabel="step", ylabel="length / Å")
    lengths.legend(fontsize=8)
    change = 100 * (volumes[-1] / volumes[0] - 1)
    formula = images[0].get_chemical_formula("metal")
    figure.suptitle(f"{formula}: volume {change:+.1f} % in {len(images) - 1} steps", fontsize=10)
    return figure


def property_map(
    x: ArrayLike,
    y: ArrayLike,
    *,
    names: tuple[str, str] = ("formation_energy", "band_gap"),
) -> Figure:
    """One property of many crystals against another, by density where there are many.

    Parameters
    ----------
    x, y
        (N,) values; pairs with a NaN are left out.
    names
        Of the two properties.

    Raises
    ------
    OptionError
        If the shapes differ, or fewer than two pairs are left.
    """
    a, b = _pairs(x, y)
    figure = new_figure(4.8, 3.8)
    axis = figure.subplots()
    _draw_density(figure, axis, a, b, None)
    axis.set(xlabel=_title(names[0]), ylabel=_title(names[1]))
    axis.set_title(f"{len(a)} crystals", fontsize=10)
    return figure


def _draw_density(
    figure: Figure,
    axis: Any,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    limits: tuple[float, float] | None,
) -> None:
    if len(x) <= _FEW:
        axis.scatter(x, y, s=10, color="#33415c", alpha=0.6, linewidths=0)
        return
    extent = None if limits is None else (*limits, *limits)
    bins = axis.hexbin(x, y, gridsize=60, bins="log", mincnt=1, cmap=_MAP, extent=extent)
    figure.colorbar(bins, ax=axis, label="crystals", shrink=0.85)


def _pairs(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise OptionError(f"two lists of the same length are needed, got {a.shape} and {b.shape}")
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2:
        raise OptionError("fewer than two crystals have both values")
    return a[both], b[both]


def _columns(path: Path) -> dict[str, NDArray[np.float64]]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise OptionError(f"{path} is no learning curve: {error}") from error
    if "epoch" not in columns or len(columns) < 2:
        raise OptionError(f"{path} is no learning curve: it has no column 'epoch'")
    return columns


def _title(name: str) -> str:
    return find(name).described()
