"""Bonds from the periodic Voronoi tessellation of a crystal (section 5 of the ECN paper).

freud (voro++) says which atoms may share a face; the areas of those faces are then computed
here in float64. The split has two reasons. freud works in float32, too coarse for invariance
to 1e-8. And on exactly symmetric crystals voro++ writes to the process's standard output, so it
is given a copy that is distorted by 1e-4, where no four faces meet in a point. A face that the
distortion opens or closes has an area of that order and lies far below any threshold in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import freud
import numpy as np
from ase.data import covalent_radii
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.symmetry.reduction import minkowski_reduce

BondMode = Literal["voronoi", "cordero"]

MIN_FACE_SHARE = 0.01
"""Faces below this share of their cell's surface are no bonds in mode ``voronoi``."""
CORDERO_TOLERANCE = 0.5
"""Å added to the sum of two Cordero radii in mode ``cordero`` (the paper's Δ)."""
_VISIBLE_FACE_SHARE = 1e-3
_DISTORTION = 1e-4
_PARALLEL = 1e-9
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
    scaled = crystal.scaled_positions @ np.linalg.inv(transform)
    source, target, image = _candidate_faces(cell, scaled - np.floor(scaled))
    image = image - (np.floor(scaled[target]) - np.floor(scaled[source])).astype(np.int64)
    vectors = (scaled[target] - scaled[source] + image) @ cell
    areas = face_areas(source, vectors, len(crystal))
    surface = np.bincount(source, weights=areas, minlength=len(crystal))
    return Bonds(
        source,
        target,
        image @ transform,
        np.linalg.norm(vectors, axis=1),
        areas / surface[source],
    )


def _candidate_faces(
    cell: NDArray[np.float64], scaled: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs (source, target, image) that share a face, by voro++ on a distorted copy."""
    random = np.random.default_rng(0)
    noise = random.uniform(-_DISTORTION, _DISTORTION, size=(3, 3))
    distorted = cell @ (np.eye(3) + noise)
    rattle = random.uniform(-_DISTORTION, _DISTORTION, size=scaled.shape)
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
    separation = (points[target] - points[source]) @ np.linalg.inv(lower)
    image = np.asarray(neighbours.vectors, dtype=np.float64) @ np.linalg.inv(lower) - separation
    order = np.argsort(source, kind="stable")
    return source[order], target[order], np.round(image).astype(np.int64)[order]


def face_areas(
    source: NDArray[np.int64], vectors: NDArray[np.float64], atoms: int
) -> NDArray[np.float64]:
    """Areas of the faces of Voronoi cells whose neighbours are known.

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

    Returns
    -------
    areas
        (E,) in Å², zero for neighbours that turn out to share no face.
    """
    counts = np.bincount(source, minlength=atoms)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    areas = np.empty(len(source))
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
        areas[slots[valid]] = _polyhedron_faces(padded, valid)[valid]
        begin = end
    return areas


def _polyhedron_faces(
    vectors: NDArray[np.float64], valid: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Face areas (A, K) of A polyhedra given by padded neighbour vectors (A, K, 3)."""
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
    edges = _edge_lengths(p_1, p_2, h, cuts)
    doubled = np.where(edges > 0, edges * np.where(cuts, h, 0.0), 0.0).sum(axis=2)
    return np.asarray(0.5 * doubled, dtype=np.float64)


def _plane_axes(
    unit: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two unit vectors that span the plane normal to each of (A, K, 3) unit vectors."""
    helper = np.eye(3)[np.abs(unit).argmin(axis=2)]
    axis_1 = np.cross(unit, helper)
    norms = np.linalg.norm(axis_1, axis=2, keepdims=True)
    axis_1 = axis_1 / np.where(norms > 0, norms, 1.0)
    return axis_1, np.cross(unit, axis_1)


def _edge_lengths(
    p_1: NDArray[np.float64],
    p_2: NDArray[np.float64],
    h: NDArray[np.float64],
    cuts: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Length of the edge that line l leaves on face k, after all other lines m: (A, K, K)."""
    finite = np.where(cuts, h, 0.0)
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
    gone = hidden.any(axis=-1) | ~cuts
    length = np.where(gone, 0.0, upper - lower)
    return np.where(np.isfinite(length), np.maximum(length, 0.0), 0.0)
