"""Colours of bonds: orbits of pairs of atoms under a lattice group (section 6 of the ECN paper).

In the 2x2x2 supercell a bond ``i -> j`` with lattice translation ``t`` joins the nodes ``(a, i)``
and ``(a + t mod 2, j)``. The lattice group permutes the eight cells, so its orbits colour the
eight values of ``t mod 2``:

- ``S_lattice``: all permutations of the cells: zero, and everything else.
- ``bravais``: translations and the point group of the crystal's own lattice.
- ``P-1``: translations and inversion: each of the eight has its colour. This tells directions
  apart that a lattice with more symmetry does not, so the names of the axes are averaged over.
- ``S_N``: all permutations of the atoms: no colours, which is plain message passing.

The motif decides what the atoms of a cell add to that. Which image of an atom counts as inside
the cell is a convention, and choosing another changes ``t`` for ``i != j``. The group that lets
every atom choose its image (motif ``free``) leaves those bonds a single colour; only bonds of an
atom to its own images keep theirs, which are a property of the crystal. The paper's direct
product (motif ``fixed``) colours all bonds and so depends on the convention.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import OptionError
from ase_ecn.symmetry.lattices import translation_colours, translation_permutations

Group = Literal["S_lattice", "P-1", "bravais", "S_N"]
Motif = Literal["free", "fixed"]
GROUPS: tuple[Group, ...] = ("S_lattice", "P-1", "bravais", "S_N")
MOTIFS: tuple[Motif, ...] = ("free", "fixed")

LATTICE_COLOURS: dict[Group, int] = {"S_lattice": 2, "P-1": 8, "bravais": 8, "S_N": 1}
"""Number of colours that a group gives to lattice translations."""
OTHER_ATOM = 0
"""Colour of a bond to another atom of the cell with a free motif."""


def bond_colour_count(group: Group, motif: Motif) -> int:
    """Number of bond colours of the network with a group and a motif."""
    if group == "S_N":
        return 1
    lattice = LATTICE_COLOURS[group]
    return 1 + lattice if motif == "free" else 2 * lattice


def translation_colour_table(cells: NDArray[np.float64], group: Group) -> NDArray[np.int8]:
    """Colours of the eight translations in each lattice.

    Parameters
    ----------
    cells
        (G, 3, 3) primitive lattice vectors as rows, in Å.
    group
        One of ``GROUPS``.

    Returns
    -------
    colours
        (G, V, 8). A network averages its output over the V views; V is 1 but for ``"P-1"``.

    Raises
    ------
    OptionError
        If the group is unknown.
    """
    if group not in GROUPS:
        raise OptionError(f"unknown group {group!r}; known are {', '.join(GROUPS)}")
    if group == "S_lattice":
        return np.tile(np.array([0] + 7 * [1], dtype=np.int8), (len(cells), 1, 1))
    if group == "S_N":
        return np.zeros((len(cells), 1, 8), dtype=np.int8)
    if group == "bravais":
        return np.array([[translation_colours(c)] for c in cells], dtype=np.int8).reshape(-1, 1, 8)
    views = [translation_permutations(cell) for cell in cells]
    # The numbers of images divide 24, so repeating them to a common number keeps their weights.
    count = int(np.lcm.reduce([len(v) for v in views], initial=1))
    return np.array([np.tile(v, (count // len(v), 1)) for v in views], dtype=np.int8)


def view_counts(table: NDArray[np.int8]) -> NDArray[np.int64]:
    """Number of views of each lattice before they repeat.

    Parameters
    ----------
    table
        (G, V, 8) as from :func:`translation_colour_table`.

    Returns
    -------
    counts
        (G,) divisors of V.
    """
    views = table.shape[1]
    counts = np.full(len(table), views)
    for period in range(views - 1, 0, -1):
        if views % period == 0:
            counts[(np.roll(table, period, axis=1) == table).all(axis=(1, 2))] = period
    return counts
