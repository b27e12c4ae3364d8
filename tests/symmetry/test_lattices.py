from __future__ import annotations

import numpy as np
import pytest
import spglib

from ase_ecn.errors import ASEECNError, CellError, NonFiniteError, OptionError
from ase_ecn.symmetry.lattices import (
    BRAVAIS_TYPES,
    bravais_type,
    lattice_group,
    lattice_pattern,
    p1bar_generators,
    representative_lattice,
    supercell_generators,
    translation_colours,
    translation_index,
    translation_lengths,
    translation_permutations,
)
from ase_ecn.symmetry.orbits import orbit_labels, pattern, symmetric_group

# Order of the Bravais group and number of colours.
KNOWN = {
    "mp": (2, 4),
    "op": (4, 4),
    "oc": (4, 3),
    "tp": (8, 3),
    "hp": (12, 2),
    "aP": (2, 8),
    "mP": (4, 8),
    "mC": (4, 6),
    "oP": (8, 8),
    "oC": (8, 6),
    "oI": (8, 5),
    "oF": (8, 5),
    "tP": (16, 6),
    "tI": (16, 4),
    "hR": (12, 4),
    "hP": (24, 4),
    "cP": (48, 4),
    "cI": (48, 3),
    "cF": (48, 3),
}
symbols = pytest.mark.parametrize("symbol", KNOWN)


def random_basis(dimension: int, rng: np.random.Generator) -> np.ndarray:
    """A random unimodular matrix, far from the identity."""
    matrix = rng.permutation(np.eye(dimension, dtype=int))
    for _ in range(6):
        i, j = rng.choice(dimension, size=2, replace=False)
        matrix[i] += rng.choice([-2, -1, 1, 2]) * matrix[j]
    return matrix


def random_rotation(dimension: int, rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(dimension, dimension)))[0]


def cells(dimension: int) -> np.ndarray:
    return np.indices((2,) * dimension).reshape(dimension, -1).T


def same_partition(first: np.ndarray, second: np.ndarray) -> bool:
    return len({*zip(first, second, strict=True)}) == len({*first}) == len({*second})


def assert_same_colours(lattice: np.ndarray, basis: np.ndarray, other: np.ndarray) -> None:
    """The same vector has the same colour in ``lattice`` and in ``other = basis @ lattice``."""
    translations = cells(len(lattice)) @ np.rint(np.linalg.inv(basis)).astype(int)
    np.testing.assert_array_equal(
        translation_colours(other)[translation_index(translations)], translation_colours(lattice)
    )


def test_all_bravais_types_are_there() -> None:
    assert BRAVAIS_TYPES[2] + BRAVAIS_TYPES[3] == tuple(KNOWN)


@symbols
def test_type_group_and_colours_of_each_bravais_lattice(symbol: str) -> None:
    lattice = representative_lattice(symbol)
    order, colours = KNOWN[symbol]
    assert bravais_type(lattice) == symbol
    assert len(lattice_group(lattice)) == order
    found = translation_colours(lattice)
    assert {*found} == set(range(colours))
    assert (found == 0).tolist() == [True] + [False] * (len(found) - 1)
    # Colours go by length.
    lengths = translation_lengths(lattice)
    assert (np.diff(lengths[np.argsort(found)]) > -1e-9).all()


@symbols
def test_colours_are_a_property_of_the_lattice(symbol: str) -> None:
    rng = np.random.default_rng(1)
    lattice = representative_lattice(symbol)
    dimension = len(lattice)
    for _ in range(4):
        basis = random_basis(dimension, rng)
        other = basis @ lattice @ random_rotation(dimension, rng)
        assert bravais_type(other) == symbol
        assert_same_colours(lattice, basis, other)
        group = lattice_group(other)
        assert len(group) == KNOWN[symbol][0]
        assert (group[0] == np.eye(dimension)).all()
        assert len(np.unique(group, axis=0)) == len(group)
        np.testing.assert_allclose(np.abs(np.linalg.det(group)), 1, atol=1e-6)
        metric = other @ other.T
        images = group @ metric @ group.transpose(0, 2, 1)
        np.testing.assert_allclose(images, np.broadcast_to(metric, images.shape), atol=1e-6)


@pytest.mark.parametrize("symbol", BRAVAIS_TYPES[3])
def test_spglib_agrees(symbol: str) -> None:
    rng = np.random.default_rng(2)
    lattice = random_basis(3, rng) @ representative_lattice(symbol)
    lattice *= np.sign(np.linalg.det(lattice))
    atoms = (lattice, [[0, 0, 0]], [1])
    # spglib's matrices act on columns of coordinates.
    expected = spglib.get_symmetry(atoms)["rotations"].transpose(0, 2, 1)
    assert {m.tobytes() for m in lattice_group(lattice).astype(np.int32)} == {
        np.ascontiguousarray(m).astype(np.int32).tobytes() for m in expected
    }
    dataset = spglib.get_symmetry_dataset(atoms)
    system = "amothc"[np.searchsorted([2, 15, 74, 142, 194], dataset.number)]
    assert symbol == system + dataset.international[0]


@symbols
def test_two_independent_ways_to_the_colours(symbol: str) -> None:
    rng = np.random.default_rng(3)
    lattice = representative_lattice(symbol)
    lattice = random_basis(len(lattice), rng) @ lattice
    found = pattern(supercell_generators(lattice))
    assert found.node_colour_count == 1
    assert found.edge_colour_count == KNOWN[symbol][1]
    assert same_partition(found.edge_colours[0], translation_colours(lattice))
    drawn = lattice_pattern(lattice)
    assert same_partition(found.edge_colours.ravel(), drawn.edge_colours.ravel())
    np.testing.assert_array_equal(drawn.node_colours, found.node_colours)


@symbols
def test_permutations_of_translations(symbol: str) -> None:
    lattice = representative_lattice(symbol)
    moves = translation_permutations(lattice)
    members = {tuple(move) for move in moves.tolist()}
    assert len(members) == len(moves) <= {2: 6, 3: 24}[len(lattice)]
    assert (moves[0] == np.arange(moves.shape[1])).all()
    assert (moves[:, 0] == 0).all()
    assert all(tuple(a[b].tolist()) in members for a in moves for b in moves)
    assert same_partition(orbit_labels(moves), translation_colours(lattice))
    for matrix in lattice_group(lattice):
        images = cells(len(lattice)) @ matrix
        assert tuple(translation_index(images).tolist()) in members


def test_cubic_lattices_by_hand() -> None:
    simple = 4 * np.eye(3)
    # Edges, face diagonals and the body diagonal of the cube.
    assert translation_colours(simple).tolist() == [0, 1, 1, 2, 1, 2, 2, 3]
    np.testing.assert_allclose(translation_lengths(simple), 4 * np.sqrt([0, 1, 1, 2, 1, 2, 2, 3]))
    # Twelve neighbours at a / sqrt(2), two in each class; a1 + a2 + a3 is an edge of the cube.
    face_centred = 2 * (np.ones((3, 3)) - np.eye(3))
    assert translation_colours(face_centred).tolist() == [0, 1, 1, 1, 1, 1, 1, 2]
    np.testing.assert_allclose(translation_lengths(face_centred)[[1, 7]], [8**0.5, 4])
    assert len(translation_permutations(face_centred)) == 24
    # Eight neighbours along the body diagonals, and the edges of the cube.
    body_centred = 2 * (np.ones((3, 3)) - 2 * np.eye(3))
    assert translation_colours(body_centred).tolist() == [0, 1, 1, 2, 1, 2, 2, 1]


def test_hexagonal_lattices_by_hand() -> None:
    plane = np.array([[3, 0, 0], [-1.5, 1.5 * 3**0.5, 0]])
    tall, flat = np.vstack([plane, [0, 0, 5]]), np.vstack([plane, [0, 0, 2]])
    assert translation_colours(tall).tolist() == [0, 2, 1, 3, 1, 3, 1, 3]
    assert translation_colours(flat).tolist() == [0, 1, 2, 3, 2, 3, 2, 3]


def test_graphene_has_the_pattern_of_the_symmetric_group() -> None:
    graphene = 1.42 / 2 * np.array([[3, 3**0.5], [3, -(3**0.5)]])
    assert bravais_type(graphene) == "hp"
    collapsed = pattern(symmetric_group(4))
    for found in (pattern(supercell_generators(graphene)), lattice_pattern(graphene)):
        np.testing.assert_array_equal(found.edge_colours, collapsed.edge_colours)
        np.testing.assert_array_equal(found.node_colours, collapsed.node_colours)


@pytest.mark.parametrize("dimension", [2, 3])
def test_p1bar_tells_all_translations_apart(dimension: int) -> None:
    generators = p1bar_generators(dimension)
    found = pattern(generators)
    assert found.edge_colours[0].tolist() == list(range(2**dimension))
    # Every lattice has its symmetries, eq. 6: no colour of P-1 is split.
    for symbol in BRAVAIS_TYPES[dimension]:
        coarse = lattice_pattern(representative_lattice(symbol)).edge_colours.ravel()
        pairs = {*zip(found.edge_colours.ravel(), coarse, strict=True)}
        assert len(pairs) == 2**dimension


def test_index_of_translations() -> None:
    images = np.array([[0, 0, 0], [0, 0, 1], [0, -1, 0], [3, 2, 0], [-1, 5, 7]])
    assert translation_index(images).tolist() == [0, 1, 2, 4, 7]
    assert translation_index([[1, 0], [0, 1]]).tolist() == [2, 1]


def test_equal_lengths_do_not_make_colours_ambiguous() -> None:
    # c is as long as a + b, and both are alone in their orbits.
    lattice = np.diag([3, 3, 3 * 2**0.5])
    assert bravais_type(lattice) == "tP"
    assert len({*translation_colours(lattice)}) == 6
    rng = np.random.default_rng(4)
    for _ in range(10):
        basis = random_basis(3, rng)
        assert_same_colours(lattice, basis, basis @ lattice @ random_rotation(3, rng))


def test_noise_within_the_tolerance_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    for symbol in KNOWN:
        lattice = representative_lattice(symbol)
        strain = rng.normal(size=lattice.shape) * 1e-5
        noisy = lattice + lattice @ strain
        assert bravais_type(noisy) == symbol
        np.testing.assert_array_equal(translation_colours(noisy), translation_colours(lattice))
    assert bravais_type(representative_lattice("cF") + rng.normal(size=(3, 3)) * 0.1) == "aP"
    assert bravais_type(np.diag([4, 4.01, 4.02])) == "oP"
    assert bravais_type(np.diag([4, 4.01, 4.02]), symprec=0.1) == "cP"


def test_any_noise_leaves_a_bravais_lattice_and_definite_colours() -> None:
    rng = np.random.default_rng(6)
    for _ in range(150):
        lattice = representative_lattice(rng.choice([*KNOWN]))
        dimension = len(lattice)
        # Around the tolerance, a part of the symmetries may lie within it.
        lattice = lattice + rng.normal(size=lattice.shape) * 10 ** rng.uniform(-4.5, -2)
        symbol = bravais_type(lattice)
        basis = random_basis(dimension, rng)
        other = basis @ lattice @ random_rotation(dimension, rng)
        assert bravais_type(other) == symbol
        assert len(lattice_group(other)) == KNOWN[symbol][0]
        assert_same_colours(lattice, basis, other)


@pytest.mark.parametrize(
    ("lattice", "error"),
    [
        (np.eye(4), OptionError),
        (np.ones(3), OptionError),
        (np.diag([1, 1, np.nan]), NonFiniteError),
        (np.ones((3, 3)), CellError),
        (np.zeros((2, 2)), CellError),
    ],
)
def test_bad_lattices_are_errors(lattice: np.ndarray, error: type[ASEECNError]) -> None:
    for function in (lattice_group, bravais_type, translation_colours, supercell_generators):
        with pytest.raises(error):
            function(lattice)


def test_bad_options_are_errors() -> None:
    with pytest.raises(OptionError, match="symprec"):
        lattice_group(np.eye(3), symprec=0)
    with pytest.raises(OptionError, match="known are: mp op"):
        representative_lattice("cC")
    with pytest.raises(OptionError, match="2 or 3"):
        p1bar_generators(1)
