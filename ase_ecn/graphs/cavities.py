"""Voronoi polyhedra of atoms at the edge of large cavities, such as the vacuum over a surface.

Their corners are far away, so a sphere that surely holds all neighbours with a face would hold
thousands of atoms. Here atoms are sought at the corners instead:

1. The planes of the faces that near atoms leave, and those of the atom's own images in the 26 cells
   around, make a first polyhedron, which contains the true one.
2. If an atom is nearer to a corner than the polyhedron's own atom is, its plane cuts that corner
   off. The planes of the nearest atoms of all corners are added until no corner is cut off any
   more: then the polyhedron is the true one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import CrystalError
from ase_ecn.geometry.pairs import Pairs, periodic_points
from ase_ecn.graphs.polyhedra import Polyhedra, voronoi_polyhedra

try:
    from ase_ecn.graphs import _polyhedra as compiled
except ImportError:
    compiled = None  # type: ignore[assignment]

_CUT = 1e-9  # Å
_MAX_ROUNDS = 200
# In a reduced basis the image of an atom that is nearest to a point of the cell is no farther.
_MOST_CELLS = 2.5
_IMAGES = np.array([n for n in itertools.product((-1, 0, 1), repeat=3) if any(n)])


@dataclass(frozen=True)
class _Planes:
    """Planes between P of the atoms whose polyhedra are open and other atoms.

    ``owner`` (P,) numbers the open atoms, ``target`` (P,) all atoms; ``image`` is (P, 3).
    """

    owner: NDArray[np.int64]
    target: NDArray[np.int64]
    image: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.owner)

    def joined(self, other: _Planes) -> _Planes:
        """Each plane of both once, by owner."""
        rows = [np.column_stack([p.owner, p.target, p.image]) for p in (self, other)]
        found = np.unique(np.concatenate(rows), axis=0)
        return _Planes(found[:, 0], found[:, 1], found[:, 2:])


def faces_at_cavities(
    cell: NDArray[np.float64],
    scaled: NDArray[np.float64],
    pairs: Pairs,
    areas: NDArray[np.float64],
    farthest: NDArray[np.float64],
    radius: float,
) -> tuple[Pairs, NDArray[np.float64]]:
    """All faces of a crystal, where atoms within a radius are not enough for some polyhedra.

    Parameters
    ----------
    cell, scaled
        (3, 3) reduced lattice in Å, (N, 3) fractional coordinates from 0 to 1.
    pairs
        E pairs of atoms within the radius.
    areas
        (E,) of the faces that they leave, in Å².
    farthest
        (N,) distance in Å of the farthest corner of each polyhedron that they make.
    radius
        In Å.

    Returns
    -------
    pairs, areas
        Those that share a face, as ordered as the pairs, and the areas of the faces in Å².

    Raises
    ------
    CrystalError
        If a polyhedron does not close, which only numerically singular cells can cause.
    """
    is_open = 2 * farthest > radius
    face = areas > 0
    done = face & ~is_open[pairs.source]
    number = np.cumsum(is_open) - 1
    some = face & is_open[pairs.source]
    planes = _Planes(number[pairs.source[some]], pairs.target[some], pairs.image[some])
    atoms = np.flatnonzero(is_open)
    planes, found = _complete(cell, scaled, atoms, planes, radius)
    face = found.face_areas > 0
    source, target = atoms[planes.owner[face]], planes.target[face]
    source = np.concatenate([pairs.source[done], source])
    target = np.concatenate([pairs.target[done], target])
    image = np.concatenate([pairs.image[done], planes.image[face]])
    vector = np.concatenate([pairs.vector[done], _vectors(cell, scaled, atoms, planes)[face]])
    order = np.lexsort((*image.T[::-1], target, source))
    all_areas = np.concatenate([areas[done], found.face_areas[face]])[order]
    return Pairs(source[order], target[order], image[order], vector[order]), all_areas


def _complete(
    cell: NDArray[np.float64],
    scaled: NDArray[np.float64],
    atoms: NDArray[np.int64],
    planes: _Planes,
    radius: float,
) -> tuple[_Planes, Polyhedra]:
    """Planes that are enough for the polyhedra of some (A,) atoms, and these polyhedra."""
    count = len(atoms)
    own = np.repeat(np.arange(count), len(_IMAGES))
    planes = planes.joined(_Planes(own, atoms[own], np.tile(_IMAGES, (count, 1))))
    nearest = None
    for _ in range(_MAX_ROUNDS):
        vectors = _vectors(cell, scaled, atoms, planes)
        found = _polyhedra(planes.owner, vectors, count)
        if np.isinf(found.radius).any():
            break
        # The arrays leave out planes that the loop has looked at.
        distance = np.linalg.norm(found.vertices, axis=1)
        far = np.flatnonzero(distance > (radius / 2 if compiled is not None else 0.0))
        if nearest is None:
            nearest = _NearestAtoms(cell, scaled, float(distance.max()))
        owner, corners = found.vertex_owner[far], found.vertices[far]
        target, image = nearest(corners + scaled[atoms[owner]] @ cell)
        new = _Planes(owner, target, image)
        vectors = _vectors(cell, scaled, atoms, new)
        lengths = np.linalg.norm(vectors, axis=1)
        lengths[lengths == 0] = np.inf  # the atom itself is the nearest
        above = (corners * vectors).sum(axis=1) / lengths - lengths / 2
        cut = above > _CUT
        more = planes.joined(_Planes(owner[cut], target[cut], image[cut]))
        if len(more) == len(planes):
            return planes, found
        planes = more
    raise CrystalError("the Voronoi tessellation cannot be computed: the cell is nearly singular")


def _vectors(
    cell: NDArray[np.float64],
    scaled: NDArray[np.float64],
    atoms: NDArray[np.int64],
    planes: _Planes,
) -> NDArray[np.float64]:
    steps = scaled[planes.target] - scaled[atoms[planes.owner]] + planes.image
    return np.asarray(steps @ cell)


def _polyhedra(owner: NDArray[np.int64], vectors: NDArray[np.float64], atoms: int) -> Polyhedra:
    if compiled is None:
        return voronoi_polyhedra(owner, vectors, atoms)
    areas, radius = np.empty(len(owner)), np.empty(atoms)
    begin = np.zeros(atoms + 1, dtype=np.int64)
    np.bincount(owner, minlength=atoms).cumsum(out=begin[1:])
    counts, corners = compiled.faces(begin, vectors, areas, radius, True)
    vertex_owner = np.repeat(np.arange(atoms), np.frombuffer(counts, dtype=np.int64))
    vertices = np.frombuffer(corners, dtype=np.float64).reshape(-1, 3)
    return Polyhedra(areas, vertices, vertex_owner, radius)


class _NearestAtoms:
    """The nearest atom to any point of a crystal that has one within a distance (Å)."""

    def __init__(
        self, cell: NDArray[np.float64], scaled: NDArray[np.float64], distance: float
    ) -> None:
        from scipy.spatial import cKDTree  # late: importing it takes time, few crystals need it

        self._cell, self._inverse = cell, np.linalg.inv(cell)
        points, self._owners, self._images = periodic_points(scaled, cell, distance, _MOST_CELLS)
        self._tree = cKDTree(points)

    def __call__(self, points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Atoms (P,) and their images (P, 3) that are the nearest to (P, 3) points in Å."""
        scaled = points @ self._inverse
        home = np.floor(scaled)
        _, place = self._tree.query((scaled - home) @ self._cell)
        return self._owners[place], self._images[place] + home.astype(np.int64)
