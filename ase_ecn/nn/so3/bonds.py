"""Bonds as the convolution wants them: harmonics of directions, splines of lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ase_ecn.nn.so3 import reference
from ase_ecn.nn.so3.library import DIRECTIONS, GRADIENTS, VALUES, Geometry, in_c, point, run


@dataclass(frozen=True)
class Splines:
    """Where the radial splines have their knots.

    Attributes
    ----------
    first_knot, cutoff
        Ends of the range in Å; the weights are zero beyond the cutoff.
    intervals
        Equal intervals between them; a table has three rows more.
    """

    first_knot: float
    cutoff: float
    intervals: int

    @property
    def rows(self) -> int:
        """Rows of a table."""
        return self.intervals + 3


@dataclass(frozen=True)
class Bonds:
    """Bonds of N atoms, E in all, as the convolution wants them.

    Attributes
    ----------
    row
        (N + 1,) int64: the first bond of each atom.
    neighbor
        (E,) int32: the atom at the other end. Each bond also occurs in the other direction.
    splines
        Of the radial weights.
    degree
        Highest degree of the harmonics.
    y
        (E, (degree + 1)^2) harmonics of the direction.
    bin
        (E,) int32: the first of the four rows of the table that a bond needs.
    reverse_bin
        (E,) the same for the bond in the other direction, which is of the same class.
    h, h_slope
        (E, 4) values of the splines times the cutoff function, and derivatives by the length in
        1/Å.
    vector
        (E, 3) to the neighbour, Å.
    """

    row: Tensor
    neighbor: Tensor
    splines: Splines
    degree: int
    y: Tensor
    bin: Tensor
    reverse_bin: Tensor
    h: Tensor
    h_slope: Tensor
    vector: Tensor


def _run(task: int, splines: Splines, degree: int, vector: Tensor, **arrays: Tensor) -> None:
    call = Geometry(task, degree, len(vector), splines.intervals)
    call.first_knot, call.cutoff = splines.first_knot, splines.cutoff
    point(call, {"vector": vector, **arrays})
    run("so3_geometry", call, vector.dtype)


def describe(
    vector: Tensor,
    row: Tensor,
    neighbor: Tensor,
    splines: Splines,
    degree: int,
    classes: Tensor | None = None,
) -> Bonds:
    """Harmonics and splines of bonds; their derivatives are those of :func:`located`.

    Parameters
    ----------
    vector
        (E, 3) to the neighbours in Å, none shorter than the first knot.
    row, neighbor
        See :class:`Bonds`.
    splines, degree
        Of the radial weights, and of the harmonics.
    classes
        (E,) int32, the same for a bond and its reverse, if the radial weights depend on it: then
        their table has a block of ``splines.rows`` for each class.
    """
    vector = vector.detach().contiguous()
    if not in_c(vector):
        y, bins, h, slope = reference.describe(vector, splines, degree)
    else:
        bonds = len(vector)
        y = vector.new_empty(bonds, (degree + 1) ** 2)
        h, slope = vector.new_empty(bonds, 4), vector.new_empty(bonds, 4)
        bins = torch.empty(bonds, dtype=torch.int32)
        _run(VALUES, splines, degree, vector, y=y, h=h, hr=slope, bin=bins)
    if classes is not None:
        bins = bins + splines.rows * classes
    return Bonds(row, neighbor, splines, degree, y, bins, bins, h, slope, vector)


class _Located(torch.autograd.Function):
    """Harmonics and lengths as functions of the vectors, for one derivative."""

    @staticmethod
    def forward(ctx: Any, vector: Tensor, bonds: Bonds) -> tuple[Tensor, Tensor]:
        ctx.bonds = bonds
        return bonds.y.detach(), torch.linalg.vector_norm(vector, dim=1)

    @staticmethod
    def backward(ctx: Any, gy: Tensor, gr: Tensor) -> tuple[Tensor, None]:
        return pulls_of(ctx.bonds, gy, gr), None


def pulls_of(bonds: Bonds, gy: Tensor, gr: Tensor) -> Tensor:
    """(E, 3) derivatives by the vectors, from those by harmonics (E, K) and lengths (E,)."""
    if not in_c(gy):
        return reference.pulls(bonds.vector, bonds.degree, gy, gr)
    pull = torch.empty_like(bonds.vector)
    arrays = {"gy": gy.contiguous(), "gr": gr.contiguous(), "pull": pull}
    _run(GRADIENTS, bonds.splines, bonds.degree, bonds.vector, **arrays)
    return pull


def located(vector: Tensor, bonds: Bonds) -> tuple[Tensor, Tensor]:
    """Harmonics (E, (degree + 1)^2) and lengths (E,) through which ``vector`` is differentiated."""
    y, r = _Located.apply(vector, bonds)  # type: ignore[no-untyped-call]
    return y, r


def moving(bonds: Bonds, direction: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of ``y`` and ``h`` along (E, 3) directions of the bonds' vectors."""
    direction = direction.detach().contiguous()
    if not in_c(direction):
        return reference.moving(bonds.vector, bonds.degree, bonds.h_slope, direction)
    yd, hd = torch.empty_like(bonds.y), torch.empty_like(bonds.h)
    arrays = {"direction": direction, "y": yd, "h": hd}
    _run(DIRECTIONS, bonds.splines, bonds.degree, bonds.vector, **arrays)
    return yd, hd
