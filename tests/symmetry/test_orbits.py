from __future__ import annotations

import numpy as np
import pytest

from ase_ecn.errors import OptionError
from ase_ecn.symmetry.orbits import (
    direct_product,
    orbit_labels,
    pattern,
    product,
    symmetric_group,
    translation_group,
)


def elements(generators: np.ndarray) -> np.ndarray:
    """All members of a small group, by multiplying until nothing new appears."""
    found = {tuple(range(generators.shape[1]))}
    fresh = found
    while fresh:
        fresh = {tuple(g[list(m)].tolist()) for g in generators for m in fresh} - found
        found = found | fresh
    return np.array(sorted(found))


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_symmetric_group_gives_message_passing(n: int) -> None:
    found = pattern(symmetric_group(n))
    assert (found.node_colours == 0).all()
    np.testing.assert_array_equal(found.edge_colours, 1 - np.eye(n, dtype=int))
    assert found.edge_colour_count == min(n, 2)


@pytest.mark.parametrize("shape", [(2,), (5,), (2, 2), (2, 3), (2, 2, 2), (3, 1, 2)])
def test_translations_give_circular_convolution(shape: tuple[int, ...]) -> None:
    cells = np.indices(shape).reshape(len(shape), -1).T
    difference = (cells[None] - cells[:, None]) % shape
    expected = np.ravel_multi_index(np.moveaxis(difference, -1, 0), shape)
    found = pattern(translation_group(shape))
    np.testing.assert_array_equal(found.edge_colours, expected)
    assert found.edge_colour_count == len(cells)
    assert found.node_colour_count == 1


def test_orbits_are_those_of_the_whole_group() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        # Permutations that often leave nodes apart, so that there are several orbits.
        generators = np.tile(np.arange(6), (2, 1))
        for row in generators:
            chosen = rng.choice(6, size=3, replace=False)
            row[chosen] = row[np.roll(chosen, 1)]
        group = elements(generators)
        found = pattern(generators)
        np.testing.assert_array_equal(found.node_colours, orbit_labels(generators))
        for i in range(6):
            assert set(np.flatnonzero(found.node_colours == found.node_colours[i])) == {
                *group[:, i]
            }
            for j in range(6):
                same = np.argwhere(found.edge_colours == found.edge_colours[i, j])
                assert {*map(tuple, same)} == {*zip(group[:, i], group[:, j], strict=True)}


def test_colours_are_numbered_by_first_occurrence() -> None:
    found = pattern([[0, 2, 1, 3]])
    np.testing.assert_array_equal(found.node_colours, [0, 1, 1, 2])
    flat = found.edge_colours.ravel()
    firsts = [int(np.flatnonzero(flat == k)[0]) for k in range(found.edge_colour_count)]
    assert firsts == sorted(firsts)


def test_no_generators_share_nothing() -> None:
    found = pattern(np.empty((0, 3), dtype=int))
    np.testing.assert_array_equal(found.edge_colours, np.arange(9).reshape(3, 3))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (translation_group((2, 2, 2)), symmetric_group(3)),
        (symmetric_group(4), symmetric_group(2)),
        (translation_group((2, 2)), symmetric_group(1)),
        (np.array([[0, 2, 1, 3]]), np.array([[1, 0, 2], [0, 1, 2]])),
    ],
)
def test_pattern_of_a_product_is_the_product_of_patterns(
    first: np.ndarray, second: np.ndarray
) -> None:
    combined = product(pattern(first), pattern(second))
    direct = pattern(direct_product(first, second))
    np.testing.assert_array_equal(combined.node_colours, direct.node_colours)
    np.testing.assert_array_equal(combined.edge_colours, direct.edge_colours)
    m = second.shape[1]
    a, i = 1, m - 1
    # Node (a, i) moves to (g(a), h(i)), eq. 5.
    moves = direct_product(first, second)
    np.testing.assert_array_equal(moves[: len(first), a * m + i], first[:, a] * m + i)
    np.testing.assert_array_equal(moves[len(first) :, a * m + i], a * m + second[:, i])


@pytest.mark.parametrize(
    "generators", [[[0, 0, 1]], [[0, 1, 3]], [[1, 2, -1]], [0, 1], [[0.0, 1.0]], [[]]]
)
def test_what_is_not_a_permutation_is_an_error(generators: list) -> None:
    with pytest.raises(OptionError, match=r"permutation|array of integers"):
        pattern(generators)
    with pytest.raises(OptionError):
        orbit_labels(generators)


def test_empty_groups_are_errors() -> None:
    with pytest.raises(OptionError, match="at least one"):
        symmetric_group(0)
    with pytest.raises(OptionError, match="positive"):
        translation_group((2, 0))
