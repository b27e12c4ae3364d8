"""Bonds from the periodic Voronoi tessellation of a crystal (section 5 of the ECN paper).

freud (voro++) says which atoms may share a face; the areas of those faces are then computed
here in float64. The split has two reasons. freud works in float32, too coarse for invariance
to 1e-8. And on exactly symmetric crystals voro++ may write to the process's standard error, so it
is given a slightly distorted copy, where no four faces meet in a point. Small faces that the
distortion closed are found afterwards: the atom behind one is nearer to a corner than it may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import freud
import numpy as np
from ase.data import covalent_radii
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ase_ecn.crystal import Crystal, periodic_points
from ase_ecn.errors import OptionError
from ase_ecn.symmetry.reduction import minkowski_reduce

BondMode = Literal["voronoi", "cordero", "radial"]
"""Kinds of bonds; the first two are here, the third is :mod:`ase_ecn.graphs.radial`'s."""

MIN_FACE_SHARE = 0.01
"""Faces below this share of their cell's surface are no bonds in mode ``voronoi``."""
CORDERO_TOLERANCE = 0.5
"""Å added to the sum of two Cordero radii in mode ``cordero`` (the paper's Δ)."""
_VISIBLE_FACE_SHARE = 1e-3
_DISTORTION = 2e-5
_PARALLEL = 1e-9
_CORNER_TOLERANCE = 1e-9  # Å
_CHUNK_ELEMENTS = 4_000_000

# Cordero et al. give spin- or hybridisation-dependent radii for four elements; these are the
# means that pymatgen's IsayevNN uses.
_CORDERO_RADII = covalent_radii.copy()
_CORDERO_RADII[[6, 25, 26, 27]] = 0.73, 1.50, 1.42, 1.38


@dataclass(frozen=True)
class Bonds:
    """Directed bonds ``source -> target``; each bond also occurs in the other direction.

    Attributes
    ----------
    source, target
        (E,) atom indices.
    image
        (E, 3) lattice translation of the target, in units of the cell's vectors.
    distance
        (E,) bond lengths in Å.
    face_share
        (E,) area of the shared Voronoi face as a fraction of the surface of the source's cell.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    image: NDArray[np.int64]
    distance: NDArray[np.float64]
    face_share: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.source)


def voronoi_bonds(crystal: Crystal, mode: BondMode = "voronoi") -> Bonds:
    """Bonds of a crystal.

    Parameters
    ----------
    crystal
        Any validated crystal; the cell need not be primitive or reduced.
    mode
        ``"voronoi"``: all pairs that share a face of at least 1 % of the source's surface.
        ``"cordero"``: a shared face and a distance of at most the sum of the Cordero radii plus
        0.5 Å, as in the paper. Here a face counts from 0.1 % of the surface on.

    Returns
    -------
    Bonds
        Ordered by source atom.

    Raises
    ------
    OptionError
        If the mode is unknown.
    """
    bonds = _all_faces(crystal)
    if mode == "voronoi":
        keep = bonds.face_share > MIN_FACE_SHARE
    elif mode == "cordero":
        radii = _CORDERO_RADII[crystal.numbers]
        limit = radii[bonds.source] + radii[bonds.target] + CORDERO_TOLERANCE
        keep = (bonds.face_share > _VISIBLE_FACE_SHARE) & (bonds.distance <= limit)
    else:
        raise OptionError(f"unknown bond mode {mode!r}; known are 'voronoi' and 'cordero'")
    return Bonds(
        bonds.source[keep],
        bonds.target[keep],
        bonds.image[keep],
        bonds.distance[keep],
        bonds.face_share[keep],
    )


def _all_faces(crystal: Crystal) -> Bonds:
    reduced, transforms = minkowski_reduce(crystal.cell[None])
    cell, transform = reduced[0], transforms[0]
    unwrapped = crystal.scaled_positions @ np.linalg.inv(transform)
    scaled = unwrapped - np.floor(unwrapped)
    pairs = _candidate_faces(cell, scaled)
    while True:
        source, target, image = pairs[:, 0], pairs[:, 1], pairs[:, 2:]
        vectors = (scaled[target] - scaled[source] + image) @ cell
        polyhedra = voronoi_polyhedra(source, vectors, len(crystal))
        complete = np.unique(np.concatenate([pairs, _intruders(cell, scaled, polyhedra)]), axis=0)
        if len(complete) == len(pairs):
            break
        pairs = complete
    areas = polyhedra.face_areas
    surface = np.bincount(source, weights=areas, minlength=len(crystal))
    offset = np.floor(unwrapped).astype(np.int64)
    return Bonds(
        source,
        target,
        (image - offset[target] + offset[source]) @ transform,
        np.linalg.norm(vectors, axis=1),
        areas / surface[source],
    )


def _candidate_faces(cell: NDArray[np.float64], scaled: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sorted rows (source, target, image) that share a face, by voro++ on a distorted copy."""
    random = np.random.default_rng(0)
    strain = random.uniform(-_DISTORTION, _DISTORTION, size=(3, 3))
    rattle = random.uniform(-_DISTORTION, _DISTORTION, size=scaled.shape)
    distorted = cell @ (np.eye(3) + strain)
    # freud wants the lower triangular form of the cell; it is that of the metric tensor.
    lower = np.linalg.cholesky(distorted @ distorted.T)
    points = scaled @ lower + rattle
    box = freud.box.Box(
        lower[0, 0],
        lower[1, 1],
        lower[2, 2],
        lower[1, 0] / lower[1, 1],
        lower[2, 0] / lower[2, 2],
        lower[2, 1] / lower[2, 2],
    )
    neighbours = freud.locality.Voronoi().compute((box, points)).nlist
    source = np.asarray(neighbours.query_point_indices, dtype=np.int64)
    target = np.asarray(neighbours.point_indices, dtype=np.int64)
    vectors = np.asarray(neighbours.vectors, dtype=np.float64)
    image = (vectors - points[target] + points[source]) @ np.linalg.inv(lower)
    return np.unique(np.column_stack([source, target, np.round(image).astype(np.int64)]), axis=0)


@dataclass(frozen=True)
class Polyhedra:
    """Voronoi cells of A atoms with E neighbours in all.

    Attributes
    ----------
    face_areas
        (E,) in Å², zero for neighbours that turn out to share no face.
    vertices
        (V, 3) corners in Å relative to their atom; a corner occurs once for each of its faces.
    vertex_owner
        (V,) atom of each corner.
    """

    face_areas: NDArray[np.float64]
    vertices: NDArray[np.float64]
    vertex_owner: NDArray[np.int64]


def _intruders(
    cell: NDArray[np.float64], scaled: NDArray[np.float64], polyhedra: Polyhedra
) -> NDArray[np.int64]:
    """Rows (source, target, image) of atoms that are nearer to a corner than its own atom.

    Such an atom shares a small face that the distorted copy did not have. A corner without one
    is exact.
    """
    owner = polyhedra.vertex_owner
    radius = np.linalg.norm(polyhedra.vertices, axis=1)
    corners = scaled[owner] + polyhedra.vertices @ np.linalg.inv(cell)
    shift = np.floor(corners).astype(np.int64)
    points, owners, images = periodic_points(scaled, cell, float(radius.max()))
    nearest, index = cKDTree(points).query((corners - shift) @ cell)
    inside = nearest < radius - _CORNER_TOLERANCE
    return np.column_stack(
        [owner[inside], owners[index[inside]], images[index[inside]] + shift[inside]]
    )


def voronoi_polyhedra(
    source: NDArray[np.int64], vectors: NDArray[np.float64], atoms: int
) -> Polyhedra:
    """Voronoi cells from vectors to the neighbours.

    The face of a neighbour lies in the plane that bisects the vector to it; every other
    neighbour's plane cuts it along a line. The area is half the sum over these edges of edge
    length times distance from the foot of the bisector.

    Parameters
    ----------
    source
        (E,) atom of each neighbour, ascending.
    vectors
        (E, 3) vectors in Å to the neighbours. All that share a face must be among them.
    atoms
        Number of atoms.
    """
    counts = np.bincount(source, minlength=atoms)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    areas = np.empty(len(source))
    corners, owners = [], []
    by_count = np.argsort(counts, kind="stable")
    begin = 0
    while begin < atoms:
        end = begin + 1
        while end < atoms and (end + 1 - begin) * counts[by_count[end]] ** 3 < _CHUNK_ELEMENTS:
            end += 1
        chunk = by_count[begin:end]
        width = int(counts[chunk].max())
        slots = starts[chunk, None] + np.arange(width)
        valid = np.arange(width) < counts[chunk, None]
        padded = np.where(valid[:, :, None], vectors[np.where(valid, slots, 0)], 0.0)
        faces, vertices, rows = _polyhedron_faces(padded, valid)
        areas[slots[valid]] = faces[valid]
        corners.append(vertices)
        owners.append(chunk[rows])
        begin = end
    return Polyhedra(areas, np.concatenate(corners), np.concatenate(owners))


def _polyhedron_faces(
    vectors: NDArray[np.float64], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Faces and corners of A polyhedra given by padded neighbour vectors (A, K, 3).

    Returns (A, K) areas, (V, 3) corners and the (V,) polyhedron of each.
    """
    lengths = np.where(valid, np.linalg.norm(vectors, axis=2), 1.0)
    unit = vectors / lengths[:, :, None]
    axis_1, axis_2 = _plane_axes(unit)
    # In the plane of face k, neighbour l bounds the half-plane {y : y . p_kl <= h_kl}.
    p_1 = axis_1 @ vectors.transpose(0, 2, 1)
    p_2 = axis_2 @ vectors.transpose(0, 2, 1)
    norm = np.hypot(p_1, p_2)
    cuts = norm > _PARALLEL * lengths[:, None, :]
    cuts &= valid[:, None, :] & valid[:, :, None]
    safe = np.where(cuts, norm, 1.0)
    p_1, p_2 = p_1 / safe, p_2 / safe
    gram = vectors @ vectors.transpose(0, 2, 1)
    h = np.where(cuts, ((lengths**2)[:, None, :] - gram) / 2 / safe, np.inf)
    lower, upper = _edge_intervals(p_1, p_2, h, cuts)
    edges = np.maximum(upper - lower, 0.0)
    exists = edges > 0
    h = np.where(exists, h, 0.0)
    areas = 0.5 * (edges * h).sum(axis=2)
    # The upper end of every edge: edges go round a face, so each corner of the face comes once.
    polyhedron, face, line = np.nonzero(exists)
    along = upper[polyhedron, face, line, None]
    out = h[polyhedron, face, line, None]
    c, s = p_1[polyhedron, face, line, None], p_2[polyhedron, face, line, None]
    corners = (
        0.5 * vectors[polyhedron, face]
        + (out * c - along * s) * axis_1[polyhedron, face]
        + (out * s + along * c) * axis_2[polyhedron, face]
    )
    return areas, corners, polyhedron


def _plane_axes(
    unit: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two unit vectors that span the plane normal to each of (A, K, 3) unit vectors."""
    helper = np.eye(3)[np.abs(unit).argmin(axis=2)]
    axis_1 = np.cross(unit, helper)
    norms = np.linalg.norm(axis_1, axis=2, keepdims=True)
    axis_1 = axis_1 / np.where(norms > 0, norms, 1.0)
    return axis_1, np.cross(unit, axis_1)


def _edge_intervals(
    p_1: NDArray[np.float64],
    p_2: NDArray[np.float64],
    h: NDArray[np.float64],
    cuts: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What all other lines m leave of line l on face k: ends (A, K, K), both zero if nothing."""
    finite = np.where(cuts, h, 0.0)
    # Along the line, m limits t by a t <= b.
    a = p_1[..., :, None] * p_2[..., None, :] - p_2[..., :, None] * p_1[..., None, :]
    cosine = p_1[..., :, None] * p_1[..., None, :] + p_2[..., :, None] * p_2[..., None, :]
    b = finite[..., None, :] - finite[..., :, None] * cosine
    active = cuts[..., None, :] & cuts[..., :, None]
    parallel = np.abs(a) < _PARALLEL
    with np.errstate(divide="ignore", invalid="ignore"):
        t = b / a
    upper = np.where(active & (a >= _PARALLEL), t, np.inf).min(axis=-1)
    lower = np.where(active & (a <= -_PARALLEL), t, -np.inf).max(axis=-1)
    # Lines that coincide would each count the same edge: only the first of them keeps it.
    scale = 1.0 + np.abs(finite)[..., :, None]
    coincide = active & parallel & (cosine > 0) & (np.abs(b) <= _PARALLEL * scale)
    earlier = np.tri(cuts.shape[-1], k=-1, dtype=bool)
    hidden = (active & parallel & (b < -_PARALLEL * scale)) | (coincide & earlier)
    hidden &= ~np.eye(cuts.shape[-1], dtype=bool)
    gone = hidden.any(axis=-1) | ~cuts | ~np.isfinite(upper) | ~np.isfinite(lower)
    return np.where(gone, 0.0, lower), np.where(gone, 0.0, upper)
