"""Faces of Voronoi polyhedra by arrays over many atoms, or many crystals, at once.

1. Neighbours that are not hidden behind another one (Gabriel's neighbours: no third atom within the
   sphere over the bond) make a first polyhedron, which contains the true one.
2. Only atoms that are nearer to one of its corners than its own atom can have a further face.
   They are added, and the polyhedron is that of all neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_HIDDEN = 1e-9  # Å²
_COINCIDENT = 1e-9  # radians, and Å
_CUT = 1e-11  # Å
_INFINITE = 1e9  # Å
_EDGES_OF_A_TETRAHEDRON = 6
# Arrays of this size stay in a processor's cache.
_CHUNK_ELEMENTS = 32_768


def faces_by_arrays(
    source: NDArray[np.int64], vectors: NDArray[np.float64], atoms: int, attempt: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas (E,) of faces in Å² and distances (A,) in Å of the farthest corners.

    Parameters
    ----------
    source
        (E,) atoms, ascending.
    vectors
        (E, 3) in Å, from each to a neighbour.
    atoms
        Number of atoms A.
    attempt
        How often the radius has been enlarged before.
    """
    # A first polyhedron that is not closed needs more planes, not only a larger radius.
    visible = ~_hidden(source, vectors, atoms, slack=attempt / 4)
    chosen = np.flatnonzero(visible)
    outer = voronoi_polyhedra(source[chosen], vectors[chosen], atoms)
    areas = np.zeros(len(source))
    areas[chosen] = outer.face_areas
    cut = _cut_a_corner(source, vectors, outer, np.flatnonzero(~visible))
    again = np.zeros(atoms, dtype=bool)
    again[source[cut]] = True
    redone = again[source]
    redone &= areas > 0
    redone[cut] = True
    planes = np.flatnonzero(redone)
    inner = voronoi_polyhedra(source[planes], vectors[planes], atoms)
    areas[again[source]] = 0.0
    areas[planes] = inner.face_areas
    return areas, np.where(again, inner.radius, outer.radius)


def _hidden(
    source: NDArray[np.int64], vectors: NDArray[np.float64], atoms: int, slack: float
) -> NDArray[np.bool_]:
    """Which neighbours have another one within the sphere over their bond.

    ``slack`` shortens the square of the other's distance: more neighbours stay visible.
    """
    hidden = np.empty(len(source), dtype=bool)
    for _, slots, valid in _chunks(source, atoms, lambda count: count**2):
        padded = _padded(vectors, slots, valid)
        gram = padded @ padded.transpose(0, 2, 1)
        squares = (1 + slack) * (padded * padded).sum(axis=2)
        excess: NDArray[np.float64] = (gram - squares[:, :, None]).max(axis=1)
        hidden[slots[valid]] = excess[valid] > _HIDDEN
    return hidden


@dataclass(frozen=True)
class Polyhedra:
    """Voronoi cells of A atoms with E neighbours in all.

    Attributes
    ----------
    face_areas
        (E,) in Å², zero for neighbours that turn out to share no face.
    vertices
        (V, 3) corners in Å relative to their atom, once for each end of an edge.
    vertex_owner
        (V,) atom of each corner, ascending.
    radius
        (A,) distance in Å of the farthest corner; infinite for a cell that is not closed.
    """

    face_areas: NDArray[np.float64]
    vertices: NDArray[np.float64]
    vertex_owner: NDArray[np.int64]
    radius: NDArray[np.float64]


def _cut_a_corner(
    source: NDArray[np.int64],
    vectors: NDArray[np.float64],
    polyhedra: Polyhedra,
    others: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Those of the other neighbours that are nearer to a corner than the corner's own atom."""
    reach = 2 * polyhedra.radius
    reach[np.isinf(reach)] = 0.0
    squares = (vectors[others] ** 2).sum(axis=1)
    others = others[squares < reach[source[others]] ** 2]
    vectors = vectors[others]
    cut = np.zeros(len(others), dtype=bool)
    corners = np.bincount(polyhedra.vertex_owner, minlength=len(reach))
    first = np.cumsum(corners) - corners
    for chunk, slots, valid in _chunks(source[others], len(reach), lambda count: 80 * count):
        normals, offsets = _planes(_padded(vectors, slots, valid), valid)
        width = np.arange(corners[chunk].max())
        points = _padded(
            polyhedra.vertices, first[chunk, None] + width, width < corners[chunk, None]
        )
        above: NDArray[np.float64] = (points @ normals.transpose(0, 2, 1)).max(axis=1)
        cut[slots[valid]] = (above > offsets + _CUT)[valid]
    return others[cut]


def voronoi_polyhedra(
    source: NDArray[np.int64], vectors: NDArray[np.float64], atoms: int
) -> Polyhedra:
    """Voronoi cells from vectors to the neighbours.

    The face of a neighbour lies in the plane that bisects the vector to it. Two planes meet in a
    line, on which the other planes leave an edge or nothing. The area of a face is half the sum
    over its edges of length times distance from the foot of the bisector.

    Parameters
    ----------
    source
        (E,) atom of each neighbour, ascending.
    vectors
        (E, 3) vectors in Å to the neighbours. All that share a face must be among them.
    atoms
        Number of atoms.
    """
    areas = np.zeros(len(source))
    radius = np.full(atoms, np.inf)
    corners, owners = [np.empty((0, 3))], [np.empty(0, dtype=np.int64)]
    for chunk, slots, valid in _chunks(source, atoms, lambda count: (count**3 + 1) // 2):
        faces, points, rows, reach = _polyhedron_faces(
            *_planes(_padded(vectors, slots, valid), valid)
        )
        areas[slots[valid]] = faces[valid]
        radius[chunk] = reach
        corners.append(points)
        owners.append(chunk[rows])
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return Polyhedra(areas, np.concatenate(corners)[order], owner[order], radius)


def _chunks(
    source: NDArray[np.int64], atoms: int, cost: Callable[[NDArray[np.int64]], NDArray[np.int64]]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]]:
    """Atoms with similar numbers of neighbours, for arrays that are padded to the largest.

    Yields (A,) atoms, and (A, K) positions of their neighbours in ``source`` with a mask of those
    that exist. Atoms without neighbours are left out.
    """
    counts = np.bincount(source, minlength=atoms)
    starts = np.cumsum(counts) - counts
    by_count = np.argsort(counts, kind="stable")
    costs = cost(counts[by_count])
    begin = int(np.searchsorted(counts[by_count], 1))
    while begin < atoms:
        end = min(atoms, begin + max(1, _CHUNK_ELEMENTS // int(costs[begin])))
        end = min(end, begin + max(1, _CHUNK_ELEMENTS // int(costs[end - 1])))
        chunk = by_count[begin:end]
        width = np.arange(counts[chunk[-1]])
        yield chunk, starts[chunk, None] + width, width < counts[chunk, None]
        begin = end


def _padded(
    rows: NDArray[np.float64], slots: NDArray[np.int64], valid: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(A, K, 3) rows at the (A, K) slots, zero where they are not valid."""
    padded = rows.take(slots, axis=0, mode="clip")
    padded *= valid[:, :, None]
    return padded


def _planes(
    vectors: NDArray[np.float64], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bisectors ``{x : normal . x = offset}`` of (A, K, 3) vectors; far away where not valid."""
    lengths = np.sqrt((vectors * vectors).sum(axis=2))
    offsets = np.where(valid, 0.5 * lengths, 1.0)
    return vectors / np.where(valid, lengths, 1.0)[:, :, None], offsets


@lru_cache(maxsize=128)
def _plane_pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(count, 1)


def _polyhedron_faces(
    normals: NDArray[np.float64], offsets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
    """Faces and corners of A polyhedra ``{x : normal . x <= offset}`` with K planes each.

    Returns (A, K) areas, (V, 3) corners, the (V,) polyhedron of each and the (A,) distances of
    the farthest corners.
    """
    count = normals.shape[1]
    k, m = _plane_pairs(count)
    components = np.ascontiguousarray(normals.transpose(0, 2, 1))
    n_k, n_m = components.take(k, axis=2), components.take(m, axis=2)
    c_k, c_m = offsets.take(k, axis=1), offsets.take(m, axis=1)
    cosine = (n_k * n_m).sum(axis=1)
    direction = n_k[:, [1, 2, 0]] * n_m[:, [2, 0, 1]]
    direction -= n_k[:, [2, 0, 1]] * n_m[:, [1, 2, 0]]
    squared_sine = (direction * direction).sum(axis=1)
    meet = squared_sine > _COINCIDENT**2
    squared_sine[~meet] = 1.0
    sine = np.sqrt(squared_sine)
    direction /= sine[:, None]
    # The point of each line that is nearest to the atom.
    foot = n_k
    foot *= ((c_k - c_m * cosine) / squared_sine)[:, None]
    n_m *= ((c_m - c_k * cosine) / squared_sine)[:, None]
    foot += n_m
    lower, upper = _edges(normals, offsets, foot, direction)
    exists = meet & (upper > lower)
    rows, pair = np.nonzero(exists)
    upper, lower = upper[rows, pair], lower[rows, pair]
    half = 0.5 * (upper - lower) / sine[rows, pair]
    cosine, c_k, c_m = cosine[rows, pair], c_k[rows, pair], c_m[rows, pair]
    areas: NDArray[np.float64] = np.bincount(
        np.concatenate([rows * count + k[pair], rows * count + m[pair]]),
        weights=np.concatenate([half * (c_m - c_k * cosine), half * (c_k - c_m * cosine)]),
        minlength=offsets.size,
    ).astype(np.float64, copy=False)
    areas = areas.reshape(offsets.shape)
    foot, direction = foot[rows, :, pair], direction[rows, :, pair]
    corners = np.stack([foot + upper[:, None] * direction, foot + lower[:, None] * direction])
    corners = corners.transpose(1, 0, 2).reshape(-1, 3)
    edges = np.bincount(rows, minlength=len(normals))
    radius = np.full(len(normals), np.inf)
    if len(rows):
        squares = (foot * foot).sum(axis=1) + np.maximum(upper * upper, lower * lower)
        some = np.flatnonzero(edges)
        radius[some] = np.sqrt(np.maximum.reduceat(squares, (np.cumsum(edges) - edges)[some]))
    radius[(radius >= _INFINITE / 2) | (edges < _EDGES_OF_A_TETRAHEDRON)] = np.inf
    return areas, corners, np.repeat(rows, 2), radius


def _edges(
    normals: NDArray[np.float64],
    offsets: NDArray[np.float64],
    foot: NDArray[np.float64],
    direction: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What all planes leave of the (A, 3, P) lines ``foot + t direction``: ends (A, P) of t.

    Nothing is left where the upper end is not above the lower one.
    """
    first, second = _plane_pairs(normals.shape[1])
    # A plane limits t by slope t <= -height.
    slope = normals @ direction
    height = normals @ foot
    height -= offsets[:, :, None]
    line = np.arange(len(first))
    height[:, first, line] = height[:, second, line] = -1.0
    size = np.abs(slope)
    coincident = np.flatnonzero(np.maximum(size, np.abs(height), out=size) < _COINCIDENT)
    height.ravel()[coincident] = -1.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        limit = np.divide(height, slope, out=height)  # of -t
    side = np.copysign(_INFINITE, slope, out=slope)
    upper = -np.minimum(limit, side, out=size).max(axis=1, initial=-_INFINITE)
    lower = -np.maximum(limit, side, out=side).min(axis=1, initial=_INFINITE)
    if len(coincident):
        row, plane, pair = np.unravel_index(coincident, limit.shape)
        between = _between(
            normals[row, plane], normals[row, first[pair]], normals[row, second[pair]]
        )
        upper[row[~between], pair[~between]] = -np.inf
    return lower, upper


def _between(
    normals: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether (C, 3) normals are between the first and the second, all in a half-plane.

    Of several planes through one line only the outermost two bound the polyhedron there.
    """
    widest = (first * second).sum(axis=1)
    inside: NDArray[np.bool_] = (first * normals).sum(axis=1) > widest
    inside &= (second * normals).sum(axis=1) > widest
    return inside
