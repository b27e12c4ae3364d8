"""Point groups and orbits of sites, against the International Tables."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal as from_space_group

from ase_ecn.crystal import as_crystal
from ase_ecn.symmetry import site_symmetry as module
from ase_ecn.symmetry.site_symmetry import (
    MULTIPLICITIES,
    POINT_GROUP_ORDERS,
    POINT_GROUPS,
    crystal_class,
    sites,
)
from ase_ecn.testing import random_equivalent


def _of(symbols, places, number, lengths, setting=1):
    return from_space_group(
        symbols, places, spacegroup=number, cellpar=lengths, setting=setting, primitive_cell=False
    )


CRYSTALS = {
    "copper": bulk("Cu", a=3.6),
    "tungsten": bulk("W", a=3.2),
    "magnesium": bulk("Mg", "hcp", a=3.2, c=5.2),
    "diamond": bulk("C", "diamond", a=3.57),
    "rock salt": bulk("NaCl", "rocksalt", a=5.6),
    "zinc blende": bulk("ZnS", "zincblende", a=5.4),
    "wurtzite": bulk("ZnS", "wurtzite", a=3.8, c=6.2),
    "fluorite": bulk("CaF2", "fluorite", a=5.46),
    "perovskite": _of(
        ("Sr", "Ti", "O"), [(0, 0, 0), (0.5,) * 3, (0.5, 0.5, 0)], 221, [3.9] * 3 + [90] * 3
    ),
    "rutile": _of(("Ti", "O"), [(0, 0, 0), (0.305, 0.305, 0)], 136, [4.6, 4.6, 2.96] + [90] * 3),
    "spinel": _of(
        ("Mg", "Al", "O"), [(1 / 8,) * 3, (0.5,) * 3, (0.262,) * 3], 227, [8.08] * 3 + [90] * 3, 2
    ),
    "pyrite": _of(("Fe", "S"), [(0, 0, 0), (0.385,) * 3], 205, [5.42] * 3 + [90] * 3),
    "corundum": _of(
        ("Al", "O"), [(0, 0, 0.352), (0.306, 0, 0.25)], 167, [4.76, 4.76, 12.99, 90, 90, 120]
    ),
    "quartz": _of(
        ("Si", "O"), [(0.47, 0, 1 / 3), (0.41, 0.27, 0.119)], 152, [4.91, 4.91, 5.4, 90, 90, 120]
    ),
    "no symmetry": Atoms(
        "LiCoO2",
        scaled_positions=[[0, 0, 0], [0.5, 0.47, 0.52], [0.27, 0.24, 0.31], [0.71, 0.8, 0.66]],
        cell=[[2.9, 0.1, 0], [1.3, 2.6, 0.2], [1.4, 0.8, 4.7]],
        pbc=True,
    ),
}
"""Prototypes in the settings that textbooks have."""

TABLES = {
    "copper": {"Cu": ("m-3m", 1)},
    "tungsten": {"W": ("m-3m", 1)},
    "magnesium": {"Mg": ("-6m2", 2)},
    "diamond": {"C": ("-43m", 2)},
    "rock salt": {"Na": ("m-3m", 1), "Cl": ("m-3m", 1)},
    "zinc blende": {"Zn": ("-43m", 1), "S": ("-43m", 1)},
    "wurtzite": {"Zn": ("3m", 2), "S": ("3m", 2)},
    "fluorite": {"Ca": ("m-3m", 1), "F": ("-43m", 2)},
    "perovskite": {"Sr": ("m-3m", 1), "Ti": ("m-3m", 1), "O": ("4/mmm", 3)},
    "rutile": {"Ti": ("mmm", 2), "O": ("mm2", 4)},
    "spinel": {"Mg": ("-43m", 2), "Al": ("-3m", 4), "O": ("3m", 8)},
    "pyrite": {"Fe": ("-3", 4), "S": ("3", 8)},
    "corundum": {"Al": ("3", 4), "O": ("2", 6)},
    "quartz": {"Si": ("2", 3), "O": ("1", 6)},
    "no symmetry": {"Li": ("1", 1), "Co": ("1", 1), "O": ("1", 1)},
}
"""Site symmetry, and multiplicity of the Wyckoff position in a primitive cell."""


def known(atoms):
    """What is known of each atom."""
    crystal = as_crystal(atoms)
    found = sites(crystal)
    site = crystal.primitive.site_of_atom
    groups = [POINT_GROUPS[k] for k in found.point_groups[site]]
    return list(zip(groups, found.multiplicities[site].tolist(), strict=True)), found.orbits[site]


@pytest.mark.parametrize("name", CRYSTALS)
def test_sites_are_those_of_the_tables(name):
    atoms = CRYSTALS[name]
    for symbol, found in zip(atoms.symbols, known(atoms)[0], strict=True):
        assert found == TABLES[name][symbol]


@pytest.mark.parametrize("name", CRYSTALS)
def test_sites_do_not_depend_on_the_description(name):
    """Another supercell, basis, orientation, origin and order."""
    atoms = CRYSTALS[name]
    expected, orbits = known(atoms)
    for seed in range(3):
        other = random_equivalent(atoms, np.random.default_rng(seed), max_atoms=60)
        found, theirs = known(other.atoms)
        assert found == [expected[k] for k in other.source]
        mine = orbits[other.source]
        together = mine[:, None] == mine
        np.testing.assert_array_equal(theirs[:, None] == theirs, together)


def test_orders_of_the_point_groups():
    """Site symmetry and multiplicity are the order of the crystal's class."""
    assert len(POINT_GROUPS) == len(POINT_GROUP_ORDERS) == 32
    for atoms in CRYSTALS.values():
        whole = POINT_GROUP_ORDERS[crystal_class(as_crystal(atoms))]
        for group, multiplicity in known(atoms)[0]:
            assert POINT_GROUP_ORDERS[POINT_GROUPS.index(group)] * multiplicity == whole
    divisors = {n for order in POINT_GROUP_ORDERS for n in range(1, 49) if order % n == 0}
    assert set(MULTIPLICITIES) == divisors


def test_a_small_strain_lowers_the_symmetry_at_once():
    atoms = bulk("Cu", a=3.6, cubic=True)
    for stretch, expected in ((1e-5, "m-3m"), (0.01, "4/mmm")):
        strained = atoms.copy()
        strained.set_cell(np.diag([3.6, 3.6, 3.6 * (1 + stretch)]), scale_atoms=True)
        assert {group for group, _ in known(strained)[0]} == {expected}


def test_where_no_symmetry_is_found(monkeypatch):
    copper = as_crystal(bulk("Cu", a=3.6))
    monkeypatch.setattr(module, "point_group", lambda rotations: None)
    assert sites(copper) is None
    monkeypatch.setattr(module, "symmetry_dataset", lambda crystal: None)
    assert sites(copper) is None
    assert crystal_class(copper) is None
