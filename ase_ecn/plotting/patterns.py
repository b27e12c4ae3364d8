"""Figures of parameter-sharing patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ase_ecn.crystal import Crystal, CrystalLike, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.plotting.canvas import new_figure
from ase_ecn.symmetry.lattices import (
    BRAVAIS_TYPES,
    bravais_type,
    lattice_group,
    lattice_pattern,
    representative_lattice,
    translation_colours,
    translation_lengths,
)
from ase_ecn.symmetry.orbits import Pattern

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The first is the colour of a cell with itself, the others can be told apart in print as well.
_EDGE_COLOURS = [
    *("#33415c", "#f4a261", "#2a9d8f", "#8ecae6", "#e63946"),
    *("#e9c46a", "#9b5de5", "#a7c957", "#bc6c25", "#ffafcc"),
]
_NODE_COLOURS = ["#adb5bd", "#495057", "#dee2e6", "#6c757d", "#ced4da", "#212529"]


def pattern(lattice_or_pattern: ArrayLike | Pattern, ax: Axes | None = None) -> Axes:
    """Draw a parameter-sharing pattern as in figures 7 and 8 of the ECN paper.

    Parameters
    ----------
    lattice_or_pattern
        A pattern, or (3, 3) or (2, 2) primitive lattice vectors in Å as rows, for the pattern of
        the lattice group on the cells of the supercell.
    ax
        Where to draw; ``None`` for a new figure.

    Returns
    -------
    Axes
        The matrix of edge colours, edges running from the node of the row to that of the column;
        the column that stands apart on the left shows the node colours.

    Raises
    ------
    ASEECNError
        If matplotlib is missing, or the lattice makes no sense.
    """
    axes = new_figure(3, 3).add_subplot() if ax is None else ax
    shown = lattice_or_pattern
    if not isinstance(shown, Pattern):
        shown = lattice_pattern(shown)
    size = len(shown)
    corners = np.arange(size + 1)
    style: dict[str, Any] = {"edgecolors": "white", "linewidth": min(1.2, 20 / size)}
    axes.pcolormesh(corners, corners, edge_rgb(shown.edge_colours), **style)
    strip = size * np.array([-0.16, -0.05])
    axes.pcolormesh(strip, corners, _rgb(shown.node_colours[:, None], _NODE_COLOURS), **style)
    axes.set(aspect="equal", xlim=(strip[0], size), ylim=(size, 0), xticks=[], yticks=[])
    axes.set_frame_on(False)
    return axes


def patterns(dimension: int) -> Figure:
    """Draw the patterns of all Bravais types: figure 7 (2) or 8 (3) of the ECN paper.

    Parameters
    ----------
    dimension
        2 or 3.

    Returns
    -------
    Figure
        With one pattern for each of the 5 or 14 types.

    Raises
    ------
    ASEECNError
        If matplotlib is missing, or for another dimension.
    """
    if dimension not in BRAVAIS_TYPES:
        raise OptionError(f"lattices have 2 or 3 dimensions, not {dimension}")
    symbols = BRAVAIS_TYPES[dimension]
    columns = min(7, len(symbols))
    rows = len(symbols) // columns
    figure = new_figure(1.9 * columns, 1.95 * rows)
    for place, symbol in enumerate(symbols, start=1):
        shown = lattice_pattern(representative_lattice(symbol))
        axes = pattern(shown, figure.add_subplot(rows, columns, place))
        axes.set_title(f"{symbol}: {_count(shown.edge_colour_count)}", fontsize=10)
    return figure


def pattern_figure(structure: CrystalLike) -> Figure:
    """Draw the pattern of a crystal's lattice, with the translations that share each colour.

    Parameters
    ----------
    structure
        :class:`ase.Atoms`, a pymatgen ``Structure`` or a crystal; need not be primitive.

    Returns
    -------
    Figure
        Titled with the formula, the Bravais type and the number of colours.

    Raises
    ------
    ASEECNError
        If matplotlib is missing, or the structure is not a crystal.
    """
    crystal = as_crystal(structure).primitive.crystal
    shown = lattice_pattern(crystal.cell)
    lengths = translation_lengths(crystal.cell)
    figure = new_figure(6.4, 3.4)
    figure.suptitle(
        f"{_formula(crystal)}: {bravais_type(crystal.cell)}, {_count(shown.edge_colour_count)}"
    )
    matrix, legend = figure.subplots(1, 2, width_ratios=(1, 0.85))
    pattern(shown, matrix)
    legend.set(xlim=(0, 1), ylim=(8.5, -1))
    legend.set_axis_off()
    legend.text(0.17, -0.5, "translation", va="center", color="#495057", fontsize=9)
    legend.text(1, -0.5, "shortest / Å", va="center", ha="right", color="#495057", fontsize=9)
    colours = shown.edge_colours[0]
    for row, cell in enumerate(np.argsort(colours, kind="stable")):
        colour = edge_rgb(colours[cell])
        legend.plot(0.05, row + 0.5, "s", markersize=13, color=colour)
        legend.text(0.17, row + 0.5, f"{cell:03b}", va="center", family="monospace")
        length = f"{lengths[cell]:.3f}"
        legend.text(1, row + 0.5, length, va="center", ha="right", family="monospace")
    return figure


def pattern_text(structure: CrystalLike) -> str:
    """Describe the pattern of a crystal's lattice in a few lines.

    Parameters
    ----------
    structure
        As in :func:`pattern_figure`.

    Returns
    -------
    str
        Bravais type, order of the lattice group, the reduced primitive basis, and a table of the
        eight translations modulo two in this basis: colour, and length of the shortest in Å.

    Raises
    ------
    ASEECNError
        If the structure is not a crystal.
    """
    crystal = as_crystal(structure).primitive.crystal
    cell = crystal.cell
    colours, lengths = translation_colours(cell), translation_lengths(cell)
    lines = [
        f"{_formula(crystal)}: {bravais_type(cell)}, lattice group of order "
        f"{len(lattice_group(cell))}, {_count(int(colours.max()) + 1)}",
        *(
            f"{name} = {x:8.4f} {y:8.4f} {z:8.4f} Å"
            for name, (x, y, z) in zip("abc", cell, strict=True)
        ),
        "",
        "translation  colour  shortest / Å",
        *(
            f"{index:03b}          {colours[index]}       {lengths[index]:.4f}"
            for index in np.argsort(colours, kind="stable")
        ),
    ]
    return "\n".join(lines)


def edge_rgb(colours: ArrayLike) -> NDArray[np.float64]:
    """Red, green and blue (..., 3) with which the figures here show edge colours (...)."""
    return _rgb(np.asarray(colours), _EDGE_COLOURS)


def _rgb(labels: NDArray[np.int64], names: list[str]) -> NDArray[np.float64]:
    codes = [[int(name[k : k + 2], 16) / 255 for k in (1, 3, 5)] for name in names]
    table = np.array(codes)
    extra = int(labels.max(initial=0)) + 1 - len(table)
    if extra > 0:
        # Large patterns have more colours than anyone can name: any distinct ones do.
        random = np.random.default_rng(0).uniform(0.15, 0.95, size=(extra, 3))
        table = np.concatenate([table, random])
    return np.asarray(table[labels], dtype=np.float64)


def _formula(crystal: Crystal) -> str:
    return str(crystal.to_atoms().get_chemical_formula("metal"))


def _count(colours: int) -> str:
    return f"{colours} colour{'s' if colours > 1 else ''}"
