"""Crystals as small inline pictures."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from numpy.typing import NDArray

from ase_ecn.report.packing import is_metal

_MAX_ATOMS = 120
BOND = 1.2
"""Of the sum of both covalent radii; atoms that are closer are joined, as in ``crystal.js``."""
# A view that shows all three lattice vectors of most cells.
_VIEW = np.array([[0.87, -0.22, 0.44], [0.0, 0.89, 0.45], [-0.49, -0.39, 0.78]])


def thumbnail(atoms: Atoms, size: int = 90) -> str:
    """Draw a crystal as inline SVG: its cell, its atoms in their usual colours, bonds between them.

    Parameters
    ----------
    atoms
        Drawn without its atoms if there are more than 120.
    size
        Width and height in pixels.
    """
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    cell = np.asarray(atoms.cell[:])
    points = corners @ cell @ _VIEW.T
    positions = atoms.get_positions(wrap=True) @ _VIEW.T
    if len(atoms) > _MAX_ATOMS:
        positions = positions[:0]
    everything = np.concatenate([points, positions])[:, :2]
    low, high = everything.min(axis=0) - 1, everything.max(axis=0) + 1
    scale = size / float((high - low).max())
    shift = (size / scale - (high - low)) / 2 - low

    def place(point: NDArray[np.float64]) -> tuple[float, float]:
        x, y = (point[:2] + shift) * scale
        return float(x), float(size - y)

    parts = [f'<svg width="{size}" height="{size}" role="img">']
    for a in range(8):
        for b in range(a):
            if np.abs(corners[a] - corners[b]).sum() == 1:
                (x1, y1), (x2, y2) = place(points[a]), place(points[b])
                line = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
                parts.append(f'<line {line} stroke="#adb5bd"/>')
    for i, j in _bonds(atoms, positions):
        (x1, y1), (x2, y2) = place(positions[i]), place(positions[j])
        line = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        parts.append(f'<line class="bond" {line} stroke="#6b7686" stroke-width="1.5"/>')
    for k in np.argsort(positions[:, 2]):
        x, y = place(positions[k])
        number = int(atoms.numbers[k])
        red, green, blue = (int(255 * c) for c in jmol_colors[number])
        radius = max(1.5, 0.55 * float(covalent_radii[number]) * scale)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" '
            f'fill="rgb({red},{green},{blue})" stroke="#33415c" stroke-width="0.6"/>'
        )
    return "".join([*parts, "</svg>"])


def _bonds(atoms: Atoms, positions: NDArray[np.float64]) -> NDArray[np.int64]:
    """(B, 2) pairs that are joined within the cell, as the pages' own pictures join them."""
    numbers = atoms.numbers[: len(positions)]
    radii = covalent_radii[numbers]
    metals = np.array([is_metal(int(z)) for z in numbers], dtype=bool)
    near = np.linalg.norm(positions[:, None] - positions, axis=2) < BOND * (radii[:, None] + radii)
    if not metals.all():
        near &= ~(metals[:, None] & metals)
    return np.argwhere(np.triu(near, 1))
