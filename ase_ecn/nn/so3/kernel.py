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

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from ase_ecn.nn.so3 import reference
from ase_ecn.nn.so3.layout import Gates, Layout

_FORWARD, _DUAL_FORWARD, _BACKWARD, _PARAMETERS, _DUAL_PARAMETERS = range(5)
_VALUES, _GRADIENTS, _DIRECTIONS = range(3)
_KINDS = {"first": 0, "middle": 1, "last": 2}
_DEGREES = 4
INSTRUCTIONS = ("plain", "avx2", "avx512")


class _Layer(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("task", "kind", "degree", "atoms", "rows", "width")),
        ("mul", ctypes.c_int64 * _DEGREES),
        ("channels", ctypes.c_int64 * _DEGREES),
        ("channel", ctypes.c_int64 * 64),
        ("offset", ctypes.c_int64 * 64),
        *(
            (name, ctypes.c_void_p)
            for name in "row neighbor bin reverse_bin y yd h hd table".split()
        ),
        *((name, ctypes.c_void_p * _DEGREES) for name in "x xd g gd a ad gx gxd".split()),
        *((name, ctypes.c_void_p) for name in ("gy", "gr", "gtable")),
    )


class _Geometry(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("task", "degree", "bonds", "intervals")),
        *((name, ctypes.c_double) for name in ("first_knot", "cutoff")),
        *((name, ctypes.c_void_p) for name in "vector direction gy gr y h hr pull bin".split()),
    )


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
        (E,) the same for the bond in the other direction.
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


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    """The compiled functions, or ``None`` where there are none."""
    found = find_spec("ase_ecn.nn.so3._convolution")
    if found is None or found.origin is None:
        return None
    library = ctypes.CDLL(found.origin)
    library.so3_convolution.argtypes = (
        ctypes.POINTER(_Layer),
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int64,
    )
    library.so3_geometry.argtypes = (
        ctypes.POINTER(_Geometry),
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int64,
    )
    library.so3_activation.argtypes = (
        ctypes.POINTER(_Activation),
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int64,
    )
    return library


@lru_cache(maxsize=1)
def instructions() -> int:
    """Index in ``INSTRUCTIONS`` of what this processor can do, at most ``ASE_ECN_INSTRUCTIONS``."""
    library = _library()
    limit = os.environ.get("ASE_ECN_INSTRUCTIONS", INSTRUCTIONS[-1])
    highest = INSTRUCTIONS.index(limit) if limit in INSTRUCTIONS else len(INSTRUCTIONS) - 1
    return 0 if library is None else int(library.so3_instructions(highest))


def is_compiled() -> bool:
    """Whether the C functions are there."""
    return _library() is not None


def _in_c(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu" and is_compiled()


def _pointer(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


def _run_geometry(
    task: int, splines: Splines, degree: int, vector: Tensor, **arrays: Tensor
) -> None:
    call = _Geometry(
        task, degree, len(vector), splines.intervals, splines.first_knot, splines.cutoff
    )
    call.vector = vector.data_ptr()
    for name, tensor in arrays.items():
        setattr(call, name, tensor.data_ptr())
    library = _library()
    assert library is not None
    doubles = int(vector.dtype == torch.float64)
    library.so3_geometry(ctypes.byref(call), doubles, instructions(), torch.get_num_threads())


def describe(vector: Tensor, row: Tensor, neighbor: Tensor, splines: Splines, degree: int) -> Bonds:
    """Harmonics and splines of bonds; their derivatives are those of :func:`located`.

    Parameters
    ----------
    vector
        (E, 3) to the neighbours in Å, none shorter than the first knot.
    row, neighbor
        See :class:`Bonds`.
    splines, degree
        Of the radial weights, and of the harmonics.
    """
    vector = vector.detach().contiguous()
    if not _in_c(vector):
        y, bins, h, slope = reference.describe(vector, splines, degree)
    else:
        bonds = len(vector)
        y = vector.new_empty(bonds, (degree + 1) ** 2)
        h, slope = vector.new_empty(bonds, 4), vector.new_empty(bonds, 4)
        bins = torch.empty(bonds, dtype=torch.int32)
        _run_geometry(_VALUES, splines, degree, vector, y=y, h=h, hr=slope, bin=bins)
    return Bonds(row, neighbor, splines, degree, y, bins, bins, h, slope, vector)


class _Located(torch.autograd.Function):
    """Harmonics and lengths as functions of the vectors, for one derivative."""

    @staticmethod
    def forward(ctx: Any, vector: Tensor, bonds: Bonds) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        ctx.bonds = bonds
        return bonds.y.detach(), torch.linalg.vector_norm(vector, dim=1)

    @staticmethod
    def backward(ctx: Any, gy: Tensor, gr: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        bonds = ctx.bonds
        if not _in_c(gy):
            return reference.pulls(bonds.vector, bonds.degree, gy, gr), None
        pull = torch.empty_like(bonds.vector)
        arrays = {"gy": gy.contiguous(), "gr": gr.contiguous(), "pull": pull}
        _run_geometry(_GRADIENTS, bonds.splines, bonds.degree, bonds.vector, **arrays)
        return pull, None


def located(vector: Tensor, bonds: Bonds) -> tuple[Tensor, Tensor]:
    """Harmonics (E, (degree + 1)^2) and lengths (E,) through which ``vector`` is differentiated."""
    y, r = _Located.apply(vector, bonds)  # type: ignore[no-untyped-call]
    return y, r


def moving(bonds: Bonds, direction: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of ``y`` and ``h`` along (E, 3) directions of the bonds' vectors."""
    direction = direction.detach().contiguous()
    if not _in_c(direction):
        return reference.moving(bonds.vector, bonds.degree, bonds.h_slope, direction)
    yd, hd = torch.empty_like(bonds.y), torch.empty_like(bonds.h)
    arrays = {"direction": direction, "y": yd, "h": hd}
    _run_geometry(_DIRECTIONS, bonds.splines, bonds.degree, bonds.vector, **arrays)
    return yd, hd


def _call(task: int, layout: Layout, bonds: Bonds, table: Tensor, **arrays: Any) -> None:
    """Run one of the C functions; lists go to the arrays of a degree each."""
    layer = _Layer(task, _KINDS[layout.kind], layout.degree, len(bonds.row) - 1, *table.shape)
    for degree, count in layout.multiplicities.items():
        layer.mul[degree] = count
    for degree, count in layout.channels.items():
        layer.channels[degree] = count
    for (l1, l2, l3), channel in layout.first_channels.items():
        layer.channel[l1 * 16 + l2 * 4 + l3] = channel
        layer.offset[l1 * 16 + l2 * 4 + l3] = layout.first_columns[l1, l2, l3]
    common = {
        "row": bonds.row,
        "neighbor": bonds.neighbor,
        "bin": bonds.bin,
        "reverse_bin": bonds.reverse_bin,
        "y": bonds.y,
        "h": bonds.h,
        "table": table,
    }
    for name, value in (common | arrays).items():
        if isinstance(value, Tensor):
            setattr(layer, name, value.data_ptr())
        else:
            field = getattr(layer, name)
            for degree, tensor in enumerate(value):
                field[degree] = _pointer(tensor)
    library = _library()
    assert library is not None
    doubles = int(table.dtype == torch.float64)
    failed = library.so3_convolution(
        ctypes.byref(layer), doubles, instructions(), torch.get_num_threads()
    )
    if failed:
        raise MemoryError("no memory for the gradients of a table")


def _sums(layout: Layout, bonds: Bonds, like: Tensor) -> list[Tensor]:
    atoms = len(bonds.row) - 1
    return [like.new_empty(atoms, 2 * degree + 1, c) for degree, c in layout.channels.items()]


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, layout: Layout, bonds: Bonds, y: Tensor, r: Tensor, table: Tensor, *x: Tensor
    ) -> tuple[Tensor, ...]:
        del y, r
        x = tuple(part.contiguous() for part in x)
        table = table.contiguous()
        sums = _sums(layout, bonds, table)
        _call(_FORWARD, layout, bonds, table, x=x, a=sums)
        ctx.layout, ctx.bonds = layout, bonds
        ctx.save_for_backward(table, *x)
        return tuple(sums)

    @staticmethod
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        table, *x = ctx.saved_tensors
        layout, bonds = ctx.layout, ctx.bonds
        g = tuple(part.contiguous() for part in g)
        gx = [torch.empty_like(part) for part in x]
        gy = gr = gtable = None
        if ctx.needs_input_grad[2]:
            gy, gr = torch.empty_like(bonds.y), table.new_empty(len(bonds.y))
            _call(_BACKWARD, layout, bonds, table, hd=bonds.h_slope, x=x, g=g, gx=gx, gy=gy, gr=gr)
        if ctx.needs_input_grad[4] or gy is None:
            gtable = torch.empty_like(table)
            _call(_PARAMETERS, layout, bonds, table, x=x, g=g, gx=gx, gtable=gtable)
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
    if not _in_c(table):
        return reference.convolve(layout, bonds, y, r, table, x)
    return list(_Convolution.apply(layout, bonds, y, r, table, *x))  # type: ignore[no-untyped-call]


class _MovingConvolution(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, layout: Layout, bonds: Bonds, yd: Tensor, hd: Tensor, table: Tensor, *xs: Tensor
    ) -> tuple[Tensor, ...]:
        xs = tuple(part.contiguous() for part in xs)
        x, xd = xs[: len(xs) // 2], xs[len(xs) // 2 :]
        table = table.contiguous()
        a, ad = _sums(layout, bonds, table), _sums(layout, bonds, table)
        _call(_DUAL_FORWARD, layout, bonds, table, yd=yd, hd=hd, x=x, xd=xd, a=a, ad=ad)
        ctx.layout, ctx.bonds = layout, bonds
        ctx.save_for_backward(yd, hd, table, *xs)
        return (*a, *ad)

    @staticmethod
    def backward(ctx: Any, *gs: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        yd, hd, table, *xs = ctx.saved_tensors
        x, xd = xs[: len(xs) // 2], xs[len(xs) // 2 :]
        gs = tuple(part.contiguous() for part in gs)
        g, gd = gs[: len(gs) // 2], gs[len(gs) // 2 :]
        gx, gxd = [torch.empty_like(part) for part in x], [torch.empty_like(part) for part in x]
        gtable = torch.empty_like(table)
        _call(
            _DUAL_PARAMETERS,
            ctx.layout,
            ctx.bonds,
            table,
            **{"yd": yd, "hd": hd, "x": x, "xd": xd, "g": g, "gd": gd},
            **{"gx": gx, "gxd": gxd, "gtable": gtable},
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
    if not _in_c(table):
        return reference.convolve_moving(layout, bonds, moved, table, x, xd)
    found = _MovingConvolution.apply(  # type: ignore[no-untyped-call]
        layout, bonds, *moved, table, *x, *xd
    )
    half = len(found) // 2
    return list(found[:half]), list(found[half:])


class _Activation(ctypes.Structure):
    """As in ``_layer.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("task", "atoms", "degrees")),
        *((name, ctypes.c_double) for name in ("epsilon", "gain")),
        *((name, ctypes.c_int64 * _DEGREES) for name in ("sizes", "out")),
        *((name, ctypes.c_void_p * _DEGREES) for name in "f fd gamma o od ao aod af afd".split()),
        ("agamma", ctypes.c_void_p),
    )


def _activate(task: int, gates: Gates, f: Sequence[Tensor], **arrays: Any) -> None:
    call = _Activation(task, len(f[0]), len(f), gates.epsilon, gates.gain)
    for degree, part in enumerate(f):
        call.sizes[degree], call.out[degree] = part.shape[2], gates.out[degree]
    for name, value in {"f": f, **arrays}.items():
        if isinstance(value, Tensor):
            setattr(call, name, value.data_ptr())
        else:
            field = getattr(call, name)
            for degree, tensor in enumerate(value):
                field[degree] = tensor.data_ptr()
    library = _library()
    assert library is not None
    doubles = int(f[0].dtype == torch.float64)
    if library.so3_activation(ctypes.byref(call), doubles, instructions(), torch.get_num_threads()):
        raise MemoryError("no memory for the gradients of an activation")


def _shaped(f: Sequence[Tensor], gates: Gates) -> list[Tensor]:
    return [part.new_empty(*part.shape[:2], m) for part, m in zip(f, gates.out, strict=True)]


def _by_degree(gradient: Tensor, gamma: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return torch.split(gradient, [len(part) for part in gamma])


class _Activated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gates: Gates, *inputs: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        inputs = tuple(part.contiguous() for part in inputs)
        half = len(inputs) // 2
        gamma, f = inputs[:half], inputs[half:]
        o = _shaped(f, gates)
        _activate(_FORWARD, gates, f, gamma=gamma, o=o)
        ctx.gates = gates
        ctx.save_for_backward(*inputs)
        return tuple(o)

    @staticmethod
    def backward(ctx: Any, *ao: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        half = len(ao)
        gamma, f = ctx.saved_tensors[:half], ctx.saved_tensors[half:]
        ao = tuple(part.contiguous() for part in ao)
        af = [torch.empty_like(part) for part in f]
        agamma = f[0].new_empty(sum(len(part) for part in gamma))
        _activate(_PARAMETERS, ctx.gates, f, gamma=gamma, ao=ao, af=af, agamma=agamma)
        return None, *_by_degree(agamma, gamma), *af


class _MovingActivated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gates: Gates, *inputs: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        inputs = tuple(part.contiguous() for part in inputs)
        n = len(inputs) // 3
        gamma, f, fd = inputs[:n], inputs[n : 2 * n], inputs[2 * n :]
        o, od = _shaped(f, gates), _shaped(f, gates)
        _activate(_DUAL_FORWARD, gates, f, fd=fd, gamma=gamma, o=o, od=od)
        ctx.gates = gates
        ctx.save_for_backward(*inputs)
        return (*o, *od)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        n = len(gradients) // 2
        saved = ctx.saved_tensors
        gamma, f, fd = saved[:n], saved[n : 2 * n], saved[2 * n :]
        gradients = tuple(part.contiguous() for part in gradients)
        af, afd = [torch.empty_like(part) for part in f], [torch.empty_like(part) for part in f]
        agamma = f[0].new_empty(sum(len(part) for part in gamma))
        _activate(
            _DUAL_PARAMETERS,
            ctx.gates,
            f,
            **{"fd": fd, "gamma": gamma, "ao": gradients[:n], "aod": gradients[n:]},
            **{"af": af, "afd": afd, "agamma": agamma},
        )
        return None, *_by_degree(agamma, gamma), *af, *afd


def activate(gates: Gates, gamma: Sequence[Tensor], f: Sequence[Tensor]) -> list[Tensor]:
    """Normalise features by their root mean square and let scalars gate the others.

    Parameters
    ----------
    gates
        Channels that remain, and constants.
    gamma
        For each degree (channels,) factors.
    f
        For each degree (N, 2 l + 1, channels); the scalars have, besides their own, a gate for each
        channel of the others.

    Returns
    -------
    list of Tensor
        For each degree (N, 2 l + 1, ``gates.out[l]``).
    """
    if not _in_c(f[0]):
        return reference.activate(gates, gamma, f)
    return list(_Activated.apply(gates, *gamma, *f))  # type: ignore[no-untyped-call]


def activate_moving(
    gates: Gates, gamma: Sequence[Tensor], f: Sequence[Tensor], fd: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """As :func:`activate`, with derivatives along a direction in which ``f`` moves by ``fd``."""
    if not _in_c(f[0]):
        return reference.activate_moving(gates, gamma, f, fd)
    found = _MovingActivated.apply(gates, *gamma, *f, *fd)  # type: ignore[no-untyped-call]
    half = len(found) // 2
    return list(found[:half]), list(found[half:])
