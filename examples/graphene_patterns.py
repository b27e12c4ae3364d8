"""Graphene's 2x2 supercell as a coloured graph: figures 3 and 4 of the ECN paper.

Bonds that leave the supercell end on the atom inside that they are images of. Each row of the
figure is one group: its parameter-sharing pattern, the part of it that bonds use, and the graph.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import FancyArrowPatch, Polygon

from ase_ecn import plotting
from ase_ecn.symmetry.lattices import p1bar_generators, supercell_generators, translation_index
from ase_ecn.symmetry.orbits import Pattern, pattern, product, symmetric_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOND = 1.42  # Å
LATTICE = BOND / 2 * np.array([[3, 3**0.5], [3, -(3**0.5)]])
ATOMS = BOND / 2 * np.array([[-1, 0], [1, 0]])
CELLS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def bonds() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes 2a + i at both ends of each bond, and whether it leaves the supercell."""
    cell = np.zeros((3, 3))
    cell[:2, :2] = LATTICE
    graphene = Atoms("C2", positions=np.column_stack([ATOMS, [0, 0]]), cell=cell, pbc=[1, 1, 0])
    i, j, images = neighbor_list("ijS", graphene, 1.1 * BOND)
    target = CELLS[:, None] + images[:, :2]
    outside = ((target < 0) | (target > 1)).any(axis=2)
    a = np.arange(len(CELLS))[:, None]
    return 2 * a + i, 2 * translation_index(target) + j, outside


def draw_graph(axes: Axes, shown: Pattern) -> None:
    source, target, outside = bonds()
    points = (CELLS[:, None] @ LATTICE + ATOMS).reshape(-1, 2)
    corners = np.array([[0, 0], [2, 0], [2, 2], [0, 2]]) - 0.5
    axes.add_patch(Polygon(corners @ LATTICE, facecolor="#f1f3f5", edgecolor="#ced4da"))
    for start, end, leaves in zip(source.flat, target.flat, outside.flat, strict=True):
        if start > end:
            continue  # the same bond from its other end
        style = {"linewidth": 3}
        if leaves:
            # Bent away from the middle, it stays clear of the bonds inside.
            chord, out = points[end] - points[start], points[start] - points.mean(axis=0)
            side = np.sign(chord[0] * out[1] - chord[1] * out[0])
            curve = f"arc3,rad={-0.6 * side}"
            style = {"connectionstyle": curve, "linestyle": (0, (4, 1.5)), "linewidth": 2}
        line = FancyArrowPatch(points[start], points[end], arrowstyle="-", shrinkA=0, shrinkB=0)
        line.set(color=plotting.edge_rgb(shown.edge_colours[start, end]), **style)
        axes.add_patch(line)
    axes.scatter(*points.T, s=170, c="#adb5bd", edgecolors="white", linewidths=1.5, zorder=3)
    for node, point in enumerate(points):
        axes.annotate(str(node), point, ha="center", va="center", fontsize=8, zorder=4)
    axes.set_aspect("equal")
    axes.margins(0.08)
    axes.set_axis_off()


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures 3 and 4 of the ECN paper.")
    parser.add_argument("-o", "--output", default="graphene_patterns.png")
    output = parser.parse_args().output

    source, target, _ = bonds()
    groups = {"P2 x S2": p1bar_generators(2), "P6m x S2": supercell_generators(LATTICE)}
    figure = Figure(figsize=(11, 6), dpi=150, layout=ConstrainedLayoutEngine(wspace=0.06))
    rows = figure.subplots(2, 3, width_ratios=(1, 1, 1.5))
    for (name, generators), (whole, used, graph) in zip(groups.items(), rows, strict=True):
        shown = product(pattern(generators), pattern(symmetric_group(2)))
        plotting.pattern(shown, whole).set_title(f"{name}: {shown.edge_colour_count} colours")
        plotting.pattern(shown, used)
        cover = np.ones((len(shown), len(shown), 4))  # white and opaque
        cover[source, target, 3] = 0
        corners = np.arange(len(shown) + 1)
        used.pcolormesh(corners, corners, cover, edgecolors="white", linewidth=1.5)
        on_bonds = len(np.unique(shown.edge_colours[source, target]))
        used.set_title(f"{on_bonds} of them on bonds")
        draw_graph(graph, shown)
        print(f"{name}: {shown.edge_colour_count} edge colours, {on_bonds} of them on bonds")
    figure.savefig(output)
    print(f"wrote {output}")


if __name__ == "__main__":
    main()
