"""Classes of bonds are properties of the crystal."""

from collections import Counter

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.bond_classes import CLASS_COUNTS, bond_classes
from ase_ecn.graphs.spheres import sphere_batch
from ase_ecn.symmetry.site_symmetry import MULTIPLICITIES, POINT_GROUPS

CUTOFF = 5.3
kinds = pytest.mark.parametrize("kind", [kind for kind, count in CLASS_COUNTS.items() if count])


def crystals() -> list[Atoms]:
    perovskite = np.array([[0, 0, 0], [1, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]) * 1.95
    return [
        bulk("Cu", a=3.6),
        bulk("NaCl", "rocksalt", a=5.6),
        bulk("ZnS", "wurtzite", a=3.8, c=6.2),
        Atoms("SrTiO3", perovskite, cell=[3.9] * 3, pbc=True),
        Atoms("LiCoO2", scaled_positions=[[0, 0, 0], [0.5, 0.47, 0.52], [0.27, 0.24, 0.31],
              [0.71, 0.8, 0.66]], cell=[[2.9, 0.1, 0], [1.3, 2.6, 0.2], [1.4, 0.8, 4.7]], pbc=True),
    ]  # fmt: skip


def found(kind: str, *atoms: Atoms) -> Counter:
    """How often each element has a bond of a class, length and element, per formula unit."""
    batch = sphere_batch([as_crystal(a) for a in atoms], CUTOFF, dtype=torch.float64)
    classes = bond_classes(kind, [as_crystal(a) for a in atoms], batch)
    assert classes.dtype == torch.int32
    numbers, length = batch.numbers.numpy(), batch.vector.norm(dim=1).numpy().round(4)
    ends = numbers[batch.atom_of_bond.numpy()], numbers[batch.neighbor.numpy()]
    return Counter(zip(classes.tolist(), length.tolist(), *(e.tolist() for e in ends)))


@kinds
@pytest.mark.parametrize("atoms", crystals(), ids=str)
def test_nothing_depends_on_the_description(kind, atoms):
    expected = found(kind, atoms)
    assert expected
    assert min(c for c, *_ in expected) > 0
    skewed = make_supercell(atoms, [[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    order = np.random.default_rng(0).permutation(len(atoms))
    moved = atoms[order]
    moved.positions += [0.3, -7.1, 2.2]
    turned = atoms.copy()
    turned.rotate(33, (1, 2, 3), rotate_cell=True)
    for same in (skewed, moved, turned):
        assert found(kind, same) == expected
    big = found(kind, make_supercell(atoms, [[1, 1, 0], [-1, 1, 0], [0, 0, 2]]))
    assert big == Counter({bond: 4 * count for bond, count in expected.items()})


def test_colours_are_those_of_the_crystal_network():
    """Other atoms, own images by twice a lattice vector, and all others."""
    copper = {}
    for (colour, length, *_), count in found("colours", bulk("Cu", a=3.6)).items():
        copper[length] = (colour, count)
    # (1/2, 1/2, 0), (1, 0, 0), (1, 1/2, 1/2) and (1, 1, 0) in units of the cube's edge.
    assert copper == {2.5456: (3, 12), 3.6: (3, 6), 4.4091: (3, 24), 5.0912: (2, 12)}
    salt = found("colours", bulk("CsCl", "cesiumchloride", a=4.1))
    assert all((colour == 1) == (a != b) for colour, _, a, b in salt)


def test_a_crystal_has_the_class_of_its_point_group():
    names = {}
    for atoms in crystals():
        (number,) = {c for c, *_ in found("crystal_class", atoms)}
        names[atoms.get_chemical_formula()] = POINT_GROUPS[number - 1]
    assert names == {
        "Cu": "m-3m", "ClNa": "m-3m", "S2Zn2": "6mm", "O3SrTi": "m-3m", "CoLiO2": "1",
    }  # fmt: skip
    strained = bulk("Cu", a=3.6, cubic=True)
    strained.set_cell([3.6, 3.6, 3.7], scale_atoms=True)
    assert {POINT_GROUPS[c - 1] for c, *_ in found("crystal_class", strained)} == {"4/mmm"}


@pytest.mark.parametrize("kind", ["crystal_class", "site_symmetry", "wyckoff"])
def test_where_no_symmetry_is_found(kind, monkeypatch):
    monkeypatch.setattr("ase_ecn.symmetry.site_symmetry.symmetry_dataset", lambda crystal: None)
    assert {c for c, *_ in found(kind, bulk("Cu", a=3.6))} == {0}


def test_a_bond_has_the_point_group_of_its_less_symmetric_site():
    perovskite = crystals()[3]
    groups = {}
    for number, _, *ends in found("site_symmetry", perovskite):
        groups.setdefault(tuple(sorted(ends)), set()).add(POINT_GROUPS[number - 1])
    cubic, lower = {"m-3m"}, {"4/mmm"}
    assert groups == {
        (38, 38): cubic, (22, 22): cubic, (22, 38): cubic,
        (8, 8): lower, (8, 22): lower, (8, 38): lower,
    }  # fmt: skip


def test_orbits_are_told_apart_by_their_multiplicities():
    perovskite = crystals()[3]
    classes = {}
    for number, _, *ends in found("wyckoff", perovskite):
        classes.setdefault(tuple(sorted(ends)), set()).add(number)
    same = {size: 1 + k for k, size in enumerate(MULTIPLICITIES)}
    assert classes[38, 38] == classes[22, 22] == {same[1]}
    assert classes[8, 8] == {same[3]}
    # Strontium and titanium are in two orbits of one site, and oxygen in one of three.
    assert classes[8, 22] == classes[8, 38]
    assert len({*classes[22, 38], *classes[8, 38], same[1], same[3]}) == 4


@kinds
def test_a_bond_and_its_reverse_have_one_class(kind):
    for atoms in crystals():
        bonds = found(kind, atoms)
        assert {key: bonds[(*key[:2], key[3], key[2])] for key in bonds} == dict(bonds)
        batch = sphere_batch([as_crystal(atoms)], CUTOFF, dtype=torch.float64)
        classes = bond_classes(kind, [as_crystal(atoms)], batch)
        ends = torch.stack([batch.atom_of_bond, batch.neighbor.long()])
        forth = torch.cat([ends.T.double(), batch.vector.round(decimals=4)], dim=1) + 0.0
        back = torch.cat([ends.flip(0).T.double(), -batch.vector.round(decimals=4)], dim=1) + 0.0
        names = {tuple(row): k for k, row in enumerate(forth.tolist())}
        reverse = torch.tensor([names[tuple(row)] for row in back.tolist()])
        assert torch.equal(classes[reverse], classes)


@kinds
def test_all_numbers_are_those_of_the_table(kind):
    numbers = {number for number, *_ in found(kind, *crystals())}
    assert 1 <= min(numbers) <= max(numbers) <= CLASS_COUNTS[kind]


@kinds
def test_a_batch_is_its_crystals(kind):
    alone = sum((found(kind, atoms) for atoms in crystals()), Counter())
    assert found(kind, *crystals()) == alone


@pytest.mark.parametrize("kind", ["none", "colour"])
def test_other_kinds_are_refused(kind):
    with pytest.raises(OptionError, match="known are colours, crystal_class"):
        found(kind, bulk("Cu"))
