from __future__ import annotations

import numpy as np
import pytest

from ase_ecn.errors import OptionError
from ase_ecn.symmetry.colours import (
    GROUPS,
    bond_colour_count,
    translation_colour_table,
    view_counts,
)
from ase_ecn.symmetry.lattices import translation_index


def test_translations_are_counted_modulo_two() -> None:
    images = np.array([[0, 0, 0], [2, -4, 6], [1, 0, 0], [-1, 2, 3], [5, 7, -3]])
    assert translation_index(images).tolist() == [0, 0, 4, 5, 7]


def test_groups_colour_translations_as_finely_as_they_are_small() -> None:
    """S_N > S_lattice > the lattice's own group > P-1 (eq. 6)."""
    fcc = np.array([[[0, 2, 2], [2, 0, 2], [2, 2, 0.0]]])
    triclinic = np.array([[[3, 0, 0], [0.4, 4, 0], [0.7, 1.1, 5.0]]])
    for cell, orbits in ((fcc, 3), (triclinic, 8)):
        counts = [
            len(np.unique(translation_colour_table(cell, group)[0, 0]))
            for group in ("S_N", "S_lattice", "bravais", "P-1")
        ]
        assert counts == [1, 2, orbits, 8]
    assert translation_colour_table(fcc, "P-1").shape == (1, 24, 8)
    assert translation_colour_table(triclinic, "P-1").shape == (1, 1, 8)
    assert all(
        translation_colour_table(fcc, g).max() < bond_colour_count(g, "fixed") for g in GROUPS
    )
    with pytest.raises(OptionError, match="S_lattice"):
        translation_colour_table(fcc, "P1")  # type: ignore[arg-type]


def test_views_of_a_lattice_are_those_that_differ() -> None:
    fcc = np.array([[0, 2, 2], [2, 0, 2], [2, 2, 0.0]])
    triclinic = np.array([[3, 0, 0], [0.4, 4, 0], [0.7, 1.1, 5.0]])
    tetragonal = np.diag([3.0, 3.0, 4.0])
    table = translation_colour_table(np.array([fcc, triclinic, tetragonal]), "P-1")
    counts = view_counts(table)
    assert counts.tolist() == [len(np.unique(colours, axis=0)) for colours in table]
    assert counts[:2].tolist() == [24, 1]
    assert view_counts(translation_colour_table(fcc[None], "bravais")).tolist() == [1]
