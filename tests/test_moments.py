from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list
from ase.spacegroup import crystal

from ase_ecn.errors import OptionError
from ase_ecn.moments import MagneticOrder, sublattices, with_initial_moments


def magnetite() -> Atoms:
    places = [(1 / 8, 1 / 8, 1 / 8), (1 / 2, 1 / 2, 1 / 2), (0.2549,) * 3]
    cell = [8.394, 8.394, 8.394, 90, 90, 90]
    return crystal(
        ["Fe", "Fe", "O"], places, spacegroup=227, setting=2, cellpar=cell, primitive_cell=True
    )


def perovskite() -> Atoms:
    places = [(0.5, 0.5, 0.5), (0, 0, 0), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5)]
    return Atoms("SrMnO3", scaled_positions=places, cell=[3.8] * 3, pbc=True)


def bonds(atoms: Atoms, symbol: str, length: float) -> list[tuple[np.ndarray, int]]:
    """Vectors between atoms of an element at a distance, and whether moments are parallel (1)."""
    first, second, vectors = neighbor_list("ijD", atoms, length + 0.1)
    signs = np.sign(atoms.get_initial_magnetic_moments())
    chosen = (atoms.symbols[first] == symbol) & (atoms.symbols[second] == symbol)
    chosen &= np.linalg.norm(vectors, axis=1) > length - 0.1
    found = zip(vectors[chosen], (signs[first] * signs[second])[chosen], strict=True)
    return [(vector, int(sign)) for vector, sign in found]


def test_a_ferromagnet_has_the_predicted_moments() -> None:
    atoms = bulk("FeO", "rocksalt", a=4.3)
    found = with_initial_moments(atoms, [3.7, 0.02])
    assert found.get_initial_magnetic_moments().tolist() == [3.7, 0.02]
    assert not atoms.has("initial_magmoms")
    assert np.array_equal(found.positions, atoms.positions)


def test_alternation_g_of_primitive_rocksalt_is_the_order_of_nickel_oxide() -> None:
    found = with_initial_moments(
        bulk("NiO", "rocksalt", a=4.2), [1.7, 0.0], MagneticOrder(alternation="G")
    )
    assert len(found) == 4
    assert np.isclose(np.abs(found.get_initial_magnetic_moments()).sum(), 3.4)
    across_oxygen = [sign for _, sign in bonds(found, "Ni", 4.2)]
    assert across_oxygen == [-1] * 12  # six of each of the two atoms
    nearest = [sign for _, sign in bonds(found, "Ni", 4.2 / np.sqrt(2))]
    assert sorted(nearest) == [-1] * 12 + [1] * 12


@pytest.mark.parametrize(
    ("letter", "reversed_along"), [("A", {2}), ("C", {0, 1}), ("G", {0, 1, 2})]
)
def test_perovskites_alternate_along_the_axes_of_their_letter(
    letter: str, reversed_along: set[int]
) -> None:
    found = with_initial_moments(perovskite(), [0, 3, 0, 0, 0], MagneticOrder(alternation=letter))
    assert len(found) == 10
    assert np.isclose(found.get_volume(), 2 * 3.8**3)
    seen = bonds(found, "Mn", 3.8)
    assert len(seen) == 12
    for vector, sign in seen:
        assert sign == (-1 if int(np.abs(vector).argmax()) in reversed_along else 1)


def test_a_crystal_without_moments_is_not_doubled() -> None:
    found = with_initial_moments(
        bulk("NaCl", "rocksalt", a=5.6), [0.01, 0.02], MagneticOrder(alternation="G")
    )
    assert len(found) == 2


def test_signs_are_given_to_the_atoms_of_an_element_in_turn() -> None:
    chromium = bulk("Cr", cubic=True)
    found = with_initial_moments(chromium, [1.2, 1.2], MagneticOrder({"Cr": "+-"}))
    assert found.get_initial_magnetic_moments().tolist() == [1.2, -1.2]
    found = with_initial_moments(chromium, [1.2, 1.2], MagneticOrder({"Cr": "0"}))
    assert found.get_initial_magnetic_moments().tolist() == [0, 0]


def test_numbered_sublattices_are_sets_of_equivalent_atoms() -> None:
    atoms = magnetite()
    names = sublattices(atoms)
    counts = {name: int((names == name).sum()) for name in dict.fromkeys(names)}
    assert counts == {"Fe1": 2, "Fe2": 4, "O1": 8}
    moments = np.where(atoms.symbols == "Fe", 4.0, 0.0)
    found = with_initial_moments(atoms, moments, MagneticOrder({"Fe1": "-", "Fe": "+"}))
    assert np.isclose(found.get_initial_magnetic_moments().sum(), 8.0)
    assert set(names[found.get_initial_magnetic_moments() < 0]) == {"Fe1"}


def test_one_order_serves_crystals_that_lack_an_element() -> None:
    found = with_initial_moments(bulk("Fe"), [2.2], MagneticOrder({"Mn": "+-", "Fe": "-"}))
    assert found.get_initial_magnetic_moments().tolist() == [-2.2]


@pytest.mark.parametrize(
    ("signs", "alternation", "reason"),
    [
        ({"Fe": "up"}, "none", "must be of"),
        ({"Fe": ""}, "none", "must be of"),
        ({"Xx": "+"}, "none", "a sublattice is an element"),
        ({"iron": "+"}, "none", "a sublattice is an element"),
        ({}, "B", "one of none, A, C, G"),
    ],
)
def test_an_impossible_order_is_refused(
    signs: dict[str, str], alternation: str, reason: str
) -> None:
    with pytest.raises(OptionError, match=reason):
        MagneticOrder(signs, alternation)


@pytest.mark.parametrize(
    ("signs", "moments", "reason"),
    [
        ({"Fe": "+-+"}, [1, 1], "2 atoms Fe cannot share the signs"),
        ({"Fe2": "+"}, [1, 1], "no sublattice Fe2: there are Fe1"),
        ({}, [1, 1, 1], "2 atoms need as many moments"),
    ],
)
def test_an_order_of_another_crystal_is_refused(
    signs: dict[str, str], moments: list[int], reason: str
) -> None:
    with pytest.raises(OptionError, match=reason):
        with_initial_moments(bulk("Fe", cubic=True), moments, MagneticOrder(signs))
