"""Plainly valid crystals, told from all others by one call of a C function; and empty layers.

Nearly every input is valid, and to find that out in C takes a small part of the time. What is not
plainly so is looked at again by :mod:`ase_ecn.crystal`, in Python, which can say what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ase_ecn.geometry.reduction import ReducedCell

try:
    from ase_ecn.geometry import _compiled as compiled

    _ = compiled.inspected
except (ImportError, AttributeError):  # no compiler, or built before there was this function
    compiled = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Limits:
    """What a plainly valid crystal keeps to.

    Attributes
    ----------
    flatness
        Least volume of the cell over the product of the lengths of its vectors, as they are given
        and as the shortest ones are.
    largest
        Volume in Å³ per atom.
    farthest
        Fractional coordinate.
    nearest
        Distance of two atoms in Å, images of one included.
    """

    flatness: float
    largest: float
    farthest: float
    nearest: float


@dataclass(frozen=True)
class Inspected:
    """A valid crystal.

    Attributes
    ----------
    volume
        Of the cell in Å³.
    scaled
        (N, 3) fractional coordinates.
    reduced
        The same atoms in the shortest basis of the lattice.
    """

    volume: float
    scaled: NDArray[np.float64]
    reduced: ReducedCell


def inspect(
    cell: NDArray[np.float64],
    coordinates: NDArray[np.float64],
    *,
    cartesian: bool,
    limits: Limits,
) -> Inspected | None:
    """Look at a crystal; ``None`` unless it is plainly valid, and where there are no C functions.

    Parameters
    ----------
    cell
        (3, 3) lattice vectors in Å, rows.
    coordinates
        (N, 3), in Å if ``cartesian``, else fractional.
    """
    if compiled is None:
        return None
    found = compiled.inspected(
        np.ascontiguousarray(cell),
        np.ascontiguousarray(coordinates),
        cartesian,
        limits.flatness,
        limits.largest,
        limits.farthest,
        limits.nearest,
    )
    if found is None:
        return None
    volume, basis, transform, scaled, wrapped, offsets = found
    shape = coordinates.shape
    reduced = ReducedCell(
        np.frombuffer(basis).reshape(3, 3),
        np.frombuffer(transform, dtype=np.int64).reshape(3, 3),
        np.frombuffer(wrapped).reshape(shape),
        np.frombuffer(offsets, dtype=np.int64).reshape(shape),
    )
    return Inspected(volume, np.frombuffer(scaled).reshape(shape), reduced)


def widest_layer(cell: NDArray[np.float64], scaled: NDArray[np.float64]) -> float:
    """Width in Å of the widest layer, parallel to a face of the cell, without an atom's centre.

    Parameters
    ----------
    cell
        (3, 3) lattice vectors in Å, rows; should be reduced.
    scaled
        (N, 3) fractional coordinates, at least one atom.
    """
    if compiled is not None:
        return compiled.vacuum(np.ascontiguousarray(cell), np.ascontiguousarray(scaled))
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    ordered = np.sort(scaled - np.floor(scaled), axis=0)
    steps = np.diff(ordered, axis=0, append=ordered[:1] + 1)
    return float((steps.max(axis=0) * heights).max())
