from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.batch import bond_graph
from ase_ecn.symmetry.primitive import near_repetition, to_standard_primitive
from ase_ecn.testing import random_equivalent


def test_standard_primitive_cell_is_the_crystal(prototypes: dict[str, Atoms]) -> None:
    """Same volume per atom, same bond lengths, and every atom of a supercell has its site."""
    rng = np.random.default_rng(4)
    for name, atoms in prototypes.items():
        crystal = as_crystal(random_equivalent(atoms, rng, max_atoms=40).atoms)
        standard, free = to_standard_primitive(crystal), crystal.primitive
        assert len(standard.crystal) == len(free.crystal), name
        sites = standard.crystal.numbers[standard.site_of_atom]
        np.testing.assert_array_equal(sites, crystal.numbers, err_msg=name)
        lengths = [
            np.sort(np.linalg.norm(bond_graph(p.crystal).vector, axis=1)) for p in (standard, free)
        ]
        np.testing.assert_allclose(*lengths, atol=5e-3, err_msg=name)


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
