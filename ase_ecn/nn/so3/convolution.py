"""The convolution of the SO(3)-equivariant network: C functions as differentiable operations.

A layer sums messages of the neighbours s of each atom q over the couplings p = (l1, l2, l3),

    a^l3[q, k, u] = sum_s w^p(r)[u] sum_ij C^p[i, j, k] x^l1[s, i, u] Y^l2[j],

with harmonics Y of the bond's direction and radial weights w that are cubic splines of its length.
The operation is linear in x, in Y and in w, so its derivatives are loops of the same form.
Where the C functions cannot be used (no compiler when the package was installed, a GPU), the same
operations run as :mod:`ase_ecn.nn.so3.reference`.

Two kinds of derivatives are offered. ``convolve`` can be differentiated once, by the bonds for
forces, or by x and the table for fits to energies. Fits to forces need derivatives by the table
of derivatives by the bonds; ``convolve_moving`` gives the sums with their derivative along a
direction in which the bonds move, and both can be differentiated by x and the table. For a loss L
of the pulls p = dE/dv, the gradient of L by the weights is that of the derivative of E along dL/dp.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from ase_ecn.nn.so3 import reference
from ase_ecn.nn.so3.bonds import Bonds
from ase_ecn.nn.so3.layout import Layout
from ase_ecn.nn.so3.library import (
    BACKWARD,
    DUAL_FORWARD,
    DUAL_PARAMETERS,
    FORWARD,
    PARAMETERS,
    Layer,
    in_c,
    point,
    run,
)

_KINDS = {"first": 0, "middle": 1, "last": 2}


@lru_cache(maxsize=64)
def _of_layout(layout: Layout) -> bytes:
    """What calls for a layout have in common."""
    call = Layer(0, _KINDS[layout.kind], layout.degree)
    for degree, count in layout.multiplicities.items():
        call.mul[degree] = count
    for degree, count in layout.channels.items():
        call.channels[degree] = count
    for (l1, l2, l3), channel in layout.first_channels.items():
        call.channel[l1 * 16 + l2 * 4 + l3] = channel
        call.offset[l1 * 16 + l2 * 4 + l3] = layout.first_columns[l1, l2, l3]
    return bytes(call)


def layer_call(layout: Layout) -> Layer:
    """A call for a layout, without its task, its sizes and its arrays."""
    return Layer.from_buffer_copy(_of_layout(layout))


def run_convolution(task: int, layout: Layout, bonds: Bonds, table: Tensor, **arrays: Any) -> None:
    """Run the C function; arrays are those of its call, contiguous and of one type."""
    call = layer_call(layout)
    call.task, call.atoms = task, len(bonds.row) - 1
    call.rows, call.width = table.shape
    common = {
        "row": bonds.row,
        "neighbor": bonds.neighbor,
        "bin": bonds.bin,
        "reverse_bin": bonds.reverse_bin,
        "y": bonds.y,
        "h": bonds.h,
        "table": table,
    }
    point(call, common | arrays)
    run("so3_convolution", call, table.dtype)


def empty_sums(layout: Layout, bonds: Bonds, like: Tensor) -> list[Tensor]:
    """Empty arrays for the sums over the neighbours, by degree."""
    atoms = len(bonds.row) - 1
    return [like.new_empty(atoms, 2 * degree + 1, c) for degree, c in layout.channels.items()]


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, layout: Layout, bonds: Bonds, y: Tensor, r: Tensor, table: Tensor, *x: Tensor
    ) -> tuple[Tensor, ...]:
        del y, r
        x = tuple(part.contiguous() for part in x)
        table = table.contiguous()
        sums = empty_sums(layout, bonds, table)
        run_convolution(FORWARD, layout, bonds, table, x=x, a=sums)
        ctx.layout, ctx.bonds = layout, bonds
        ctx.save_for_backward(table, *x)
        return tuple(sums)

    @staticmethod
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:
        table, *x = ctx.saved_tensors
        layout, bonds = ctx.layout, ctx.bonds
        g = tuple(part.contiguous() for part in g)
        gx = [torch.empty_like(part) for part in x]
        gy = gr = gtable = None
        if ctx.needs_input_grad[2]:
            gy, gr = torch.empty_like(bonds.y), table.new_empty(len(bonds.y))
            run_convolution(
                BACKWARD, layout, bonds, table, hd=bonds.h_slope, x=x, g=g, gx=gx, gy=gy, gr=gr
            )
        if ctx.needs_input_grad[4] or gy is None:
            gtable = torch.empty_like(table)
            run_convolution(PARAMETERS, layout, bonds, table, x=x, g=g, gx=gx, gtable=gtable)
        return None, None, gy, gr, gtable, *gx


def convolve(
    layout: Layout, bonds: Bonds, y: Tensor, r: Tensor, table: Tensor, x: list[Tensor]
) -> list[Tensor]:
    """Sums over the neighbours.

    Parameters
    ----------
    layout
        Channels and couplings of the layer.
    bonds
        Of N atoms.
    y, r
        From :func:`located`, for derivatives by the bonds; else ``bonds.y`` and anything.
    table
        (rows, width) coefficients of the splines of the radial weights.
    x
        For each degree of the input (N, 2 l + 1, multiplicity).

    Returns
    -------
    list of Tensor
        For each degree of the sums (N, 2 l + 1, channels).
    """
    if not in_c(table):
        return reference.convolve(layout, bonds, y, r, table, x)
    return list(_Convolution.apply(layout, bonds, y, r, table, *x))  # type: ignore[no-untyped-call]


class _MovingConvolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, layout: Layout, bonds: Bonds, yd: Tensor, hd: Tensor, table: Tensor, *xs: Tensor
    ) -> tuple[Tensor, ...]:
        xs = tuple(part.contiguous() for part in xs)
        x, xd = xs[: len(xs) // 2], xs[len(xs) // 2 :]
        table = table.contiguous()
        a, ad = empty_sums(layout, bonds, table), empty_sums(layout, bonds, table)
        run_convolution(DUAL_FORWARD, layout, bonds, table, yd=yd, hd=hd, x=x, xd=xd, a=a, ad=ad)
        ctx.layout, ctx.bonds = layout, bonds
        ctx.save_for_backward(yd, hd, table, *xs)
        return (*a, *ad)

    @staticmethod
    def backward(ctx: Any, *gs: Tensor) -> tuple[Tensor | None, ...]:
        yd, hd, table, *xs = ctx.saved_tensors
        x, xd = xs[: len(xs) // 2], xs[len(xs) // 2 :]
        gs = tuple(part.contiguous() for part in gs)
        g, gd = gs[: len(gs) // 2], gs[len(gs) // 2 :]
        gx, gxd = [torch.empty_like(part) for part in x], [torch.empty_like(part) for part in x]
        gtable = torch.empty_like(table)
        run_convolution(
            DUAL_PARAMETERS,
            ctx.layout,
            ctx.bonds,
            table,
            yd=yd,
            hd=hd,
            x=x,
            xd=xd,
            g=g,
            gd=gd,
            gx=gx,
            gxd=gxd,
            gtable=gtable,
        )
        return None, None, None, None, gtable, *gx, *gxd


def convolve_moving(
    layout: Layout,
    bonds: Bonds,
    moved: tuple[Tensor, Tensor],
    table: Tensor,
    x: list[Tensor],
    xd: list[Tensor],
) -> tuple[list[Tensor], list[Tensor]]:
    """Sums over the neighbours, and their derivatives along a direction of the bonds.

    Parameters
    ----------
    layout, bonds, table, x
        As in :func:`convolve`.
    moved
        From :func:`moving`.
    xd
        Derivatives of ``x`` along the direction.

    Returns
    -------
    sums, derivatives
        Each as from :func:`convolve`; differentiable by ``table``, ``x`` and ``xd``.
    """
    if not in_c(table):
        return reference.convolve_moving(layout, bonds, moved, table, x, xd)
    found = _MovingConvolution.apply(  # type: ignore[no-untyped-call]
        layout, bonds, *moved, table, *x, *xd
    )
    half = len(found) // 2
    return list(found[:half]), list(found[half:])
