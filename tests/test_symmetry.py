from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.reduction import minkowski_reduce
from ase_ecn.geometry.repetition import SYMPREC, has_pure_translation, spglib_repetition
from ase_ecn.symmetry.colours import (
    GROUPS,
    bond_colour_count,
    translation_colour_table,
    view_counts,
)
from ase_ecn.symmetry.lattices import translation_index
from ase_ecn.symmetry.primitive import near_repetition
from ase_ecn.testing import random_equivalent

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
@settings(max_examples=50, deadline=None)
def test_reduced_basis_spans_the_lattice_and_is_the_shortest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.normal(size=(4, 3, 3)) * rng.uniform(1, 10, size=(4, 1, 1))
    shear = np.array([[1, 0, 0], [13, 1, 0], [-8, 21, 1]])
    found = [minkowski_reduce(shear @ cell) for cell in cells]
    reduced, transforms = (np.stack(part) for part in zip(*found))
    np.testing.assert_allclose(np.abs(np.linalg.det(transforms)), 1, atol=1e-9)
    np.testing.assert_allclose(reduced, transforms @ shear @ cells, atol=1e-9)
    grid = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), -1).reshape(-1, 3)
    grid = grid[(grid != 0).any(axis=1)]
    for cell in reduced:
        lengths = np.sort(np.linalg.norm(cell, axis=1))
        assert lengths[0] <= np.linalg.norm(grid @ cell, axis=1).min() + 1e-9
        # No vector that completes the first two to a basis is shorter than the third.
        others = grid[np.abs(grid[:, 2]) == 1]
        order = np.argsort(np.linalg.norm(cell, axis=1))
        assert lengths[2] <= np.linalg.norm(others @ cell[order], axis=1).min() + 1e-9


def test_primitive_cell_is_found_in_any_description(prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(0)
    for name, atoms in prototypes.items():
        other = random_equivalent(atoms, rng)
        primitive = as_crystal(other.atoms).primitive
        assert len(primitive.crystal) == len(atoms), name
        assert primitive.crystal.volume == pytest.approx(atoms.get_volume())
        assert (primitive.crystal.numbers[primitive.site_of_atom] == other.atoms.numbers).all()
        # Atoms that repeat the same original atom are the same site.
        assert len({*zip(other.source, primitive.site_of_atom, strict=True)}) == len(atoms)


def test_small_noise_is_averaged_and_large_noise_is_kept(prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(0)
    for size, expected in ((1e-5, 2), (0.05, 16)):
        atoms = prototypes["rocksalt"] * (2, 2, 2)
        atoms.positions += rng.normal(size=atoms.positions.shape) * size
        assert len(as_crystal(atoms).primitive.crystal) == expected


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


def test_a_hair_does_not_decide_what_a_crystal_is() -> None:
    """Where a supercell ceases to be a repetition the weight of one description goes to zero."""
    double = bulk("W").repeat((2, 1, 1))
    weights = []
    for length in np.linspace(0, 6e-3, 61):
        moved = double.copy()
        moved.positions[0, 0] += length
        crystal = as_crystal(moved)
        found = near_repetition(crystal)
        merged = len(crystal.primitive.crystal) == 1
        if found is None:
            weights.append(0.0 if merged else 1.0)
            continue
        repetition, weight = found
        # Both atoms go half of the way.
        expected = double.positions + np.array([length / 2, 0, 0])
        np.testing.assert_allclose(repetition.positions, expected, atol=1e-12)
        assert len(repetition.primitive.crystal) == 1
        assert weight == 0 or not merged
        weights.append(weight)
    assert weights[0] == 0
    assert weights[-1] == 1
    assert (np.diff(weights) >= 0).all()
    assert np.diff(weights).max() < 0.1
    assert near_repetition(as_crystal(bulk("W"))) is None
    assert near_repetition(as_crystal(double)) is None


def test_the_cheap_search_for_translations_misses_none(prototypes: dict[str, Atoms]) -> None:
    """Spglib is asked only where atoms of all elements repeat; it must find nothing elsewhere."""
    rng = np.random.default_rng(0)
    repeated = 0
    for atoms in prototypes.values():
        for shape, noise in product(((2, 1, 1), (1, 2, 2), (3, 1, 1)), (0.1, 0.5, 1, 2)):
            supercell = atoms.repeat(shape)
            offsets = rng.uniform(-1, 1, size=supercell.positions.shape)
            supercell.positions += noise * SYMPREC * offsets
            numbers, reduced = supercell.numbers, as_crystal(supercell).reduced
            found = spglib_repetition(numbers, reduced, SYMPREC) is not None
            repeated += found
            assert has_pure_translation(numbers, reduced, SYMPREC) or not found
    assert repeated > 2 * len(prototypes)
    supercell = prototypes["rocksalt"].repeat((1, 1, 2))
    supercell.positions[0] += 0.1
    # The element that is not displaced repeats, but not the crystal.
    assert not has_pure_translation(supercell.numbers, as_crystal(supercell).reduced, SYMPREC)
