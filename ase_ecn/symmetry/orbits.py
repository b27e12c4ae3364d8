"""Parameter-sharing patterns of permutation groups (section 6 and appendix A.3 of the ECN paper).

A group that permutes N nodes also permutes their N x N ordered pairs, the edges. Nodes in one
orbit share a node function and edges in one orbit share an edge function: this is the
condition of eqs. 11 and 12 for a layer to be equivariant. A group is given by generators; orbits
are the connected components of the graph in which each generator joins a node to its image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ase_ecn.errors import OptionError


@dataclass(frozen=True, eq=False)
class Pattern:
    """Which nodes and which edges share parameters: ``beta`` and ``alpha`` of the paper.

    Attributes
    ----------
    node_colours
        (N,) colour of each node.
    edge_colours
        (N, N) colour of the edge from the node of the row to the node of the column.

    Both are numbered from 0 without gaps.
    """

    node_colours: NDArray[np.int64]
    edge_colours: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.node_colours)

    @property
    def node_colour_count(self) -> int:
        """Number of node functions that a layer with this pattern has."""
        return int(self.node_colours.max()) + 1

    @property
    def edge_colour_count(self) -> int:
        """Number of edge functions that a layer with this pattern has."""
        return int(self.edge_colours.max()) + 1


def pattern(generators: ArrayLike) -> Pattern:
    """Find the parameter-sharing pattern of a permutation group (eqs. 11 and 12).

    The cost is linear in the number of edges times the number of generators.

    Parameters
    ----------
    generators
        (K, N) integers: generator ``k`` moves node ``i`` to ``generators[k, i]``. With ``K = 0``
        the group is trivial and shares nothing.

    Returns
    -------
    Pattern
        With colours numbered by their first occurrence, row by row.

    Raises
    ------
    OptionError
        If a row is not a permutation.
    """
    moves = _permutations(generators)
    count, nodes = moves.shape
    edge_moves = (moves[:, :, None] * nodes + moves[:, None, :]).reshape(count, nodes**2)
    return Pattern(_orbits(moves), _orbits(edge_moves).reshape(nodes, nodes))


def orbit_labels(generators: ArrayLike) -> NDArray[np.int64]:
    """Find the orbits of a permutation group on its N points.

    Parameters
    ----------
    generators
        (K, N) permutations, as in :func:`pattern`.

    Returns
    -------
    labels
        (N,) number of each point's orbit; orbits are numbered by their first point.

    Raises
    ------
    OptionError
        If a row is not a permutation.
    """
    return _orbits(_permutations(generators))


def product(first: Pattern, second: Pattern) -> Pattern:
    """Combine the patterns of two groups that act on different indices (eqs. 13 and 14).

    Each pair of colours is a colour of the product. This is the pattern of the direct product.

    Parameters
    ----------
    first, second
        Patterns of N nodes ``a`` and of M nodes ``i``.

    Returns
    -------
    Pattern
        Of N x M nodes; node ``(a, i)`` has the index ``a * M + i``.
    """
    nodes = first.node_colours[:, None] * second.node_colour_count + second.node_colours
    edges = (
        first.edge_colours[:, None, :, None] * second.edge_colour_count
        + second.edge_colours[None, :, None, :]
    )
    size = nodes.size
    return Pattern(_by_first_occurrence(nodes.ravel()), _by_first_occurrence(edges, (size, size)))


def direct_product(first: ArrayLike, second: ArrayLike) -> NDArray[np.int64]:
    """Generators of the direct product of two permutation groups, acting as in eq. 5.

    Parameters
    ----------
    first, second
        (K, N) and (L, M) generators.

    Returns
    -------
    generators
        (K + L, N x M) permutations of the nodes ``(a, i)`` at index ``a * M + i``.

    Raises
    ------
    OptionError
        If a row is not a permutation.
    """
    outer, inner = _permutations(first), _permutations(second)
    n, m = outer.shape[1], inner.shape[1]
    across = outer[:, :, None] * m + np.arange(m)
    within = np.arange(n)[:, None] * m + inner[:, None, :]
    return np.concatenate([across.reshape(-1, n * m), within.reshape(-1, n * m)])


def symmetric_group(n: int) -> NDArray[np.int64]:
    """Generators of all permutations of ``n`` nodes, whose pattern is message passing (eq. 7).

    Returns
    -------
    generators
        (2, n): the exchange of the first two nodes, and the cycle through all.

    Raises
    ------
    OptionError
        If ``n`` is not positive.
    """
    if n < 1:
        raise OptionError(f"a group needs at least one node, got n = {n}")
    exchange = np.arange(n)
    exchange[:2] = exchange[:2][::-1]
    return np.stack([exchange, np.roll(np.arange(n), -1)])


def translation_group(shape: Sequence[int]) -> NDArray[np.int64]:
    """Generators of the translations of a periodic block of cells: circular convolution.

    Parameters
    ----------
    shape
        Number D of entries, each the number of cells in one direction: ``(2, 2, 2)``.

    Returns
    -------
    generators
        (D, N): one step in each direction, for N cells in row-major order.

    Raises
    ------
    OptionError
        If there is no direction or a number of cells is not positive.
    """
    if len(shape) == 0 or min(shape) < 1:
        raise OptionError(f"a supercell needs positive numbers of cells, got {tuple(shape)}")
    cells = np.arange(int(np.prod(shape))).reshape(shape)
    return np.stack([np.roll(cells, -1, axis=axis).ravel() for axis in range(cells.ndim)])


def _permutations(generators: ArrayLike) -> NDArray[np.int64]:
    moves = np.asarray(generators)
    if moves.ndim != 2 or moves.shape[1] == 0 or not np.issubdtype(moves.dtype, np.integer):
        raise OptionError(
            "generators must be a (K, N) array of integers with N > 0, "
            f"got shape {moves.shape} of {moves.dtype}"
        )
    wrong = np.flatnonzero((np.sort(moves, axis=1) != np.arange(moves.shape[1])).any(axis=1))
    if wrong.size:
        row = int(wrong[0])
        raise OptionError(
            f"generator {row} is not a permutation of 0 ... {moves.shape[1] - 1}: "
            f"{moves[row].tolist()}"
        )
    return moves.astype(np.int64)


def _orbits(moves: NDArray[np.int64]) -> NDArray[np.int64]:
    count, points = moves.shape
    start = np.tile(np.arange(points), count)
    links = coo_array((np.ones(start.size, dtype=bool), (start, moves.ravel())), (points, points))
    _, labels = connected_components(links, directed=False)
    return _by_first_occurrence(labels)


def _by_first_occurrence(
    labels: NDArray[np.int64], shape: tuple[int, ...] | None = None
) -> NDArray[np.int64]:
    """Number labels 0, 1, ... in the order in which they appear."""
    _, first, inverse = np.unique(labels.ravel(), return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse].reshape(labels.shape if shape is None else shape)
