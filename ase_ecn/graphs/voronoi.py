"""Bonds from the periodic Voronoi tessellation of a crystal (section 5 of the ECN paper).

Everything is computed in float64. All atoms within a radius of each atom are candidates for a face
of its polyhedron, which is exact if the radius was at least twice the distance of the farthest
corner. Otherwise the crystal is done again with that radius, or, where it is large, the atoms at
its cavities by :mod:`ase_ecn.graphs.cavities`. Faces are found by the loop in ``_polyhedra.c``, or
in :mod:`ase_ecn.graphs.polyhedra` where there was no compiler for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from ase.data import covalent_radii
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.pairs import Pairs, pairs_within
from ase_ecn.geometry.reduction import ReducedCell
from ase_ecn.graphs.cavities import faces_at_cavities
from ase_ecn.graphs.polyhedra import faces_by_arrays

try:
    from ase_ecn.graphs import _polyhedra as compiled
except ImportError:
    compiled = None  # type: ignore[assignment]

BondMode = Literal["voronoi", "cordero", "radial"]
"""Kinds of bonds; the first two are here, the third is :mod:`ase_ecn.graphs.radial`'s."""

MIN_FACE_SHARE = 0.01
"""Faces below this share of their cell's surface are no bonds in mode ``voronoi``."""
CORDERO_TOLERANCE = 0.5
"""Å added to the sum of two Cordero radii in mode ``cordero`` (the paper's Δ)."""
_VISIBLE_FACE_SHARE = 1e-3
# In units of the cube root of the volume per atom. In 95 of 100 crystals no corner is further
# from its atom than half of this.
_RADIUS = 2.05
_GROWTH = 1.5
_LARGEST_RADIUS = 12.0  # Å
_BATCH_ATOMS = 2048

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

    def select(self, keep: NDArray[np.bool_]) -> Bonds:
        """Those of the bonds that (E,) ``keep`` marks."""
        return Bonds(
            self.source[keep],
            self.target[keep],
            self.image[keep],
            self.distance[keep],
            self.face_share[keep],
        )


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
    return voronoi_bonds_of_many([crystal], mode)[0]


def voronoi_bonds_of_many(crystals: Sequence[Crystal], mode: BondMode = "voronoi") -> list[Bonds]:
    """Bonds of many crystals, see :func:`voronoi_bonds`; quicker than one after the other."""
    bonds = []
    for crystal, faces in zip(crystals, all_faces(crystals), strict=True):
        if mode == "voronoi":
            keep = faces.face_share > MIN_FACE_SHARE
        elif mode == "cordero":
            radii = _CORDERO_RADII[crystal.numbers]
            limit = radii[faces.source] + radii[faces.target] + CORDERO_TOLERANCE
            keep = (faces.face_share > _VISIBLE_FACE_SHARE) & (faces.distance <= limit)
        else:
            raise OptionError(f"unknown bond mode {mode!r}; known are 'voronoi' and 'cordero'")
        bonds.append(faces.select(keep))
    return bonds


def all_faces(crystals: Sequence[Crystal]) -> list[Bonds]:
    """Every face of the Voronoi tessellations, however small, as bonds.

    Raises
    ------
    CrystalError
        If a tessellation cannot be computed, which only numerically singular cells can cause.
    """
    if not crystals:
        return []
    reduced = [crystal.reduced for crystal in crystals]
    sizes = np.array([len(c) for c in crystals])
    radius = _RADIUS * np.cbrt(np.array([c.volume for c in crystals]) / sizes)
    radius = np.minimum(radius, _LARGEST_RADIUS)
    results: dict[int, Bonds] = {}
    pending = np.arange(len(crystals))
    attempt = 0
    while len(pending):
        for batch in _batches(pending, sizes):
            pairs = [pairs_within(reduced[k].cell, reduced[k].scaled, radius[k]) for k in batch]
            areas, corners = _face_areas(pairs, sizes[batch], attempt)
            for k, found, area, farthest in zip(batch, pairs, areas, corners, strict=True):
                needed = 2 * farthest.max()
                larger = min(_GROWTH * radius[k], (1 + 1e-9) * needed)
                if needed <= radius[k]:
                    results[k] = _as_bonds(found, area, reduced[k])
                elif larger <= _LARGEST_RADIUS:
                    radius[k] = larger
                else:
                    cell, scaled = reduced[k].cell, reduced[k].scaled
                    faces = faces_at_cavities(cell, scaled, found, area, farthest, radius[k])
                    results[k] = _as_bonds(*faces, reduced[k])
        pending = np.array([k for k in pending if k not in results], dtype=np.int64)
        attempt += 1
    return [results[k] for k in range(len(crystals))]


def _batches(crystals: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Split crystals into batches of a bounded number of atoms."""
    ends = np.cumsum(sizes[crystals])
    return np.split(crystals, np.flatnonzero(np.diff(ends // _BATCH_ATOMS)) + 1)


def _as_bonds(pairs: Pairs, areas: NDArray[np.float64], reduced: ReducedCell) -> Bonds:
    """Faces among the pairs, their images in units of the input's cell."""
    face = np.flatnonzero(areas)
    source, target, areas = pairs.source[face], pairs.target[face], areas[face]
    surface = np.bincount(source, weights=areas, minlength=len(reduced.scaled))
    image = reduced.original_images(source, target, pairs.image[face])
    distance = np.linalg.norm(pairs.vector[face], axis=1)
    return Bonds(source, target, image, distance, areas / surface[source])


def _face_areas(
    pairs: Sequence[Pairs],
    sizes: NDArray[np.int64],
    attempt: int,
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Areas of the faces of all pairs of each crystal, and the farthest corners of its atoms.

    The areas of a crystal are right if the radius of its pairs was at least twice the distance of
    the farthest corner.
    """
    ends = np.cumsum(sizes)
    first = ends - sizes
    atoms = int(ends[-1])
    source = np.concatenate([p.source + k for p, k in zip(pairs, first, strict=True)])
    vectors = np.concatenate([p.vector for p in pairs])
    if compiled is None:
        areas, radius = faces_by_arrays(source, vectors, atoms, attempt)
    else:
        areas, radius = np.empty(len(source)), np.empty(atoms)
        begin = np.zeros(atoms + 1, dtype=np.int64)
        np.bincount(source, minlength=atoms).cumsum(out=begin[1:])
        compiled.faces(begin, vectors, areas, radius)
    last = list(itertools.accumulate(len(p.source) for p in pairs))
    of_pairs = [areas[b:e] for b, e in zip([0, *last], last, strict=False)]
    return of_pairs, [radius[b:e] for b, e in zip(first, ends, strict=True)]
