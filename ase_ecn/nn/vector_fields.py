"""Vector fields that act on a lattice (definition 8 of the EMPNN paper), by name.

A field gives each edge, or each pair of consecutive edges ``i -> j -> k``, a (3, 3) matrix: an
infinitesimal deformation that takes ``v`` to ``v + L v``. All are built from Cartesian vectors, so
they do not depend on the lattice basis, and turn as ``g L g^T`` with the crystal.

Gradients are with respect to such a deformation at the identity. As the invariants do not change
with a rotation, these gradients are symmetric matrices: the plain and the symmetric gradients of
the paper's table 2 are the same here. Only the ket-bra of two different edges has two forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ase_ecn.errors import OptionError


@dataclass(frozen=True)
class Edges:
    """E edge vectors.

    Attributes
    ----------
    unit
        (E, 3) directions.
    length
        (E,) in Å.
    """

    unit: Tensor
    length: Tensor


@dataclass(frozen=True)
class Triplets:
    """T pairs of consecutive edges, ``first`` from i to j and ``second`` from j to k."""

    first: Edges
    second: Edges


def _ket_bra(left: Tensor, right: Tensor) -> Tensor:
    return left[:, :, None] * right[:, None, :]


def _projector(edges: Edges) -> Tensor:
    return _ket_bra(edges.unit, edges.unit)


def _length_gradient(edges: Edges) -> Tensor:
    return edges.length[:, None, None] * _projector(edges)


def _symmetric_ket_bra(triplets: Triplets) -> Tensor:
    plain = _ket_bra(triplets.first.unit, triplets.second.unit)
    return plain + plain.transpose(1, 2)


def _cosine_gradient(triplets: Triplets) -> Tensor:
    """Gradient of the cosine of the angle between the edges.

    The angle itself has none where the edges are parallel, which is common in crystals; the
    factor ``-sin`` between the two makes it smooth there.
    """
    u, w = triplets.first.unit, triplets.second.unit
    cosine = (u * w).sum(dim=1)[:, None, None]
    return _symmetric_ket_bra(triplets) - cosine * (_ket_bra(u, u) + _ket_bra(w, w))


def _area_gradient(triplets: Triplets) -> Tensor:
    """Gradient of the area of the triangle i, j, k: the area times the projector on its plane."""
    first, second = triplets.first, triplets.second
    normal = torch.linalg.cross(
        first.unit * first.length[:, None], second.unit * second.length[:, None]
    )
    double_area = normal.norm(dim=1).clamp(min=1e-12)[:, None, None]
    eye = torch.eye(3, dtype=normal.dtype, device=normal.device)
    gradient: Tensor = 0.5 * (double_area * eye - _ket_bra(normal, normal) / double_area)
    return gradient


EDGE_FIELDS: Mapping[str, Callable[[Edges], Tensor]] = MappingProxyType(
    {
        "edge-ket-bra": _projector,
        "edge-length": _length_gradient,
    }
)
"""Fields on edges: ``|u><u|``, and the gradient of the length."""

TRIPLET_FIELDS: Mapping[str, Callable[[Triplets], Tensor]] = MappingProxyType(
    {
        "triplet-first-ket-bra": lambda t: _projector(t.first),
        "triplet-second-ket-bra": lambda t: _projector(t.second),
        "triplet-ket-bra": lambda t: _ket_bra(t.first.unit, t.second.unit),
        "triplet-ket-bra-symmetric": _symmetric_ket_bra,
        "triplet-first-length": lambda t: _length_gradient(t.first),
        "triplet-second-length": lambda t: _length_gradient(t.second),
        "triplet-angle": _cosine_gradient,
        "triplet-area": _area_gradient,
    }
)
"""Fields on pairs of consecutive edges."""


def check_fields(names: tuple[str, ...]) -> None:
    """Refuse unknown, repeated or no fields.

    Raises
    ------
    OptionError
        With the known names.
    """
    known = (*EDGE_FIELDS, *TRIPLET_FIELDS)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise OptionError(f"unknown fields {', '.join(unknown)}; known are {', '.join(known)}")
    if not names or len(set(names)) < len(names):
        raise OptionError("a network needs at least one field, and each only once")


def edge_fields(names: tuple[str, ...], edges: Edges) -> Tensor:
    """Stack the fields on edges among ``names``, in their order: (E, K, 3, 3)."""
    return torch.stack([EDGE_FIELDS[name](edges) for name in names if name in EDGE_FIELDS], dim=1)


def triplet_fields(names: tuple[str, ...], triplets: Triplets) -> Tensor:
    """Stack the fields on triplets among ``names``, in their order: (T, K, 3, 3)."""
    chosen = [TRIPLET_FIELDS[name](triplets) for name in names if name in TRIPLET_FIELDS]
    return torch.stack(chosen, dim=1)


def consecutive_edges(source: Tensor, target: Tensor, atoms: int) -> tuple[Tensor, Tensor]:
    """Find all pairs of edges of which the second starts where the first ends (definition 6).

    Parameters
    ----------
    source, target
        (E,) atoms of the edges, in any order.
    atoms
        Number of atoms.

    Returns
    -------
    first, second
        (T,) indices of edges. A pair there and back along one edge is included.
    """
    order = torch.argsort(source, stable=True)
    counts = torch.bincount(source, minlength=atoms)
    starts = torch.cumsum(counts, 0) - counts
    repeats = counts[target]
    first = torch.repeat_interleave(torch.arange(len(target), device=target.device), repeats)
    begin = torch.cumsum(repeats, 0) - repeats
    within = torch.arange(len(first), device=target.device) - begin[first]
    return first, order[starts[target[first]] + within]
