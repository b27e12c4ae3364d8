from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.geometry.repetition import SYMPREC, has_pure_translation, spglib_repetition
from ase_ecn.testing import random_equivalent


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
