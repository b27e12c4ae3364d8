"""The convolution in plain PyTorch: what the C functions are tested against.

It also runs where these cannot: without a compiler, and on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from ase_ecn.nn.segments import rows_of, segment_sums
from ase_ecn.nn.so3.coupling import HARMONICS, coupling
from ase_ecn.nn.so3.layout import Gates, Layout, Path

if TYPE_CHECKING:
    from ase_ecn.nn.so3.bonds import Bonds, Splines

SMOOTHNESS = 6
"""Power of the cutoff function, a polynomial with two vanishing derivatives at the cutoff."""


def harmonics(vector: Tensor, degree: int) -> Tensor:
    """(E, (degree + 1)^2) harmonics of the directions of (E, 3) vectors."""
    unit = vector / torch.linalg.vector_norm(vector, dim=1, keepdim=True)
    powers = [torch.ones_like(unit), unit, unit**2, unit**3]
    columns = [
        sum(
            c * powers[a][:, 0] * powers[b][:, 1] * powers[d][:, 2]
            for (a, b, d), c in terms.items()
        )
        for components in HARMONICS[: degree + 1]
        for terms in components
    ]
    return torch.stack([torch.as_tensor(column) for column in columns], dim=1)


def splines(r: Tensor, knots: Splines) -> tuple[Tensor, Tensor]:
    """Rows (E,) int32 and values (E, 4) of the splines that are not zero, times the cutoff."""
    width = (knots.cutoff - knots.first_knot) / knots.intervals
    q = ((r - knots.first_knot) / width).clamp(0, knots.intervals - 1e-4)
    bins = q.detach().to(torch.int32)
    u = q - bins
    values = [(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3]
    return bins, torch.stack(values, dim=1) / 6 * _cutoff(r / knots.cutoff)[:, None]


def _cutoff(x: Tensor) -> Tensor:
    p = SMOOTHNESS
    inside = 1 - (p + 1) * (p + 2) / 2 * x**p + p * (p + 2) * x ** (p + 1)
    inside = inside - p * (p + 1) / 2 * x ** (p + 2)
    return torch.where(x < 1, inside, torch.zeros_like(x))


def describe(vector: Tensor, knots: Splines, degree: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Harmonics, rows, splines and their slopes; see :func:`ase_ecn.nn.so3.bonds.describe`."""
    with torch.inference_mode(False), torch.enable_grad():
        r = torch.linalg.vector_norm(vector, dim=1).clone().requires_grad_(True)
        bins, h = splines(r, knots)
        slopes = [torch.autograd.grad(h[:, k].sum(), r, retain_graph=True)[0] for k in range(4)]
    return harmonics(vector, degree), bins, h.detach(), torch.stack(slopes, dim=1)


def pulls(vector: Tensor, degree: int, gy: Tensor, gr: Tensor) -> Tensor:
    """Gradient by the vectors (E, 3) from those by harmonics and lengths."""
    with torch.inference_mode(False), torch.enable_grad():
        v = vector.clone().requires_grad_(True)
        total = (harmonics(v, degree) * gy).sum() + (torch.linalg.vector_norm(v, dim=1) * gr).sum()
        (pull,) = torch.autograd.grad(total, v)
    return pull


def moving(vector: Tensor, degree: int, slope: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of harmonics and splines along directions."""
    with torch.inference_mode(False), torch.enable_grad():
        _, yd = torch.autograd.functional.jvp(
            lambda v: harmonics(v, degree), vector.clone(), direction.clone()
        )
    unit = vector / torch.linalg.vector_norm(vector, dim=1, keepdim=True)
    return yd, slope * (unit * direction).sum(dim=1, keepdim=True)


def _weights(bonds: Bonds, h: Tensor, table: Tensor) -> Tensor:
    """(E, width) radial weights, without the (E, 4, width) that they are sums of."""
    rows = bonds.bin.long()[:, None] + torch.arange(4, device=table.device)
    return functional.embedding_bag(rows, table, per_sample_weights=h, mode="sum")


# A plain table, which PyTorch's compiler understands where it does not understand a cache.
_COUPLINGS: dict[tuple[Path, torch.dtype, torch.device], Tensor] = {}


def _coupling(path: Path, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Coefficients, made once: a GPU must be waited for to get them."""
    key = path, dtype, device
    if key not in _COUPLINGS:
        with torch.inference_mode(False):
            made = torch.as_tensor(coupling(*path).copy(), dtype=dtype, device=device)
        _COUPLINGS[key] = made
    return _COUPLINGS[key]


def _messages(
    layout: Layout, bonds: Bonds, y: Tensor, weights: Tensor, x: list[Tensor]
) -> list[Tensor]:
    """Sums over the neighbours; of messages, those of one coupling are in memory at a time."""
    atoms = len(bonds.row) - 1
    receiver = torch.repeat_interleave(
        torch.arange(atoms, device=y.device), bonds.row.diff(), output_size=len(y)
    )
    sender = bonds.neighbor.long()
    sent = [rows_of(part, sender) for part in x]
    found: dict[int, list[Tensor]] = {degree: [] for degree in layout.channels}
    for path in layout.paths:
        l1, l2, l3 = path
        c = _coupling(path, y.dtype, y.device)
        small = torch.einsum("ijk,ej->eki", c, y[:, l2**2 : (l2 + 1) ** 2])
        first = layout.first_columns[path]
        w = weights[:, None, first : first + layout.multiplicities[l1]]
        found[l3].append(segment_sums(torch.bmm(small, sent[l1]) * w, bonds.row, receiver))
    return [torch.cat(parts, dim=2) for parts in found.values()]


def convolve(
    layout: Layout, bonds: Bonds, y: Tensor, r: Tensor, table: Tensor, x: list[Tensor]
) -> list[Tensor]:
    """As :func:`ase_ecn.nn.so3.convolution.convolve`."""
    h = bonds.h
    if r.requires_grad:
        # The value stays, and the length has its derivative.
        h = h + bonds.h_slope * (r - r.detach())[:, None]
    return _messages(layout, bonds, y, _weights(bonds, h, table), x)


def convolve_moving(
    layout: Layout,
    bonds: Bonds,
    moved: tuple[Tensor, Tensor],
    table: Tensor,
    x: list[Tensor],
    xd: list[Tensor],
) -> tuple[list[Tensor], list[Tensor]]:
    """As :func:`ase_ecn.nn.so3.convolution.convolve_moving`."""
    yd, hd = moved
    w, wd = _weights(bonds, bonds.h, table), _weights(bonds, hd, table)
    sums = _messages(layout, bonds, bonds.y, w, x)
    parts = (
        _messages(layout, bonds, bonds.y, w, xd),
        _messages(layout, bonds, yd, w, x),
        _messages(layout, bonds, bonds.y, wd, x),
    )
    return sums, [a + b + c for a, b, c in zip(*parts, strict=True)]


def activate(gates: Gates, gamma: Sequence[Tensor], f: Sequence[Tensor]) -> list[Tensor]:
    """As :func:`ase_ecn.nn.so3.activation.activate`."""
    square = torch.stack([(part * part).mean(dim=(1, 2)) for part in f]).mean(dim=0)
    norm = (square + gates.epsilon).rsqrt()[:, None, None]
    g = [part * (factor * norm) for part, factor in zip(f, gamma, strict=True)]
    scalars = torch.split(torch.nn.functional.silu(g[0]) * gates.gain, list(gates.out), dim=2)
    return [scalars[0], *(part * gate for part, gate in zip(g[1:], scalars[1:], strict=True))]


def activate_moving(
    gates: Gates, gamma: Sequence[Tensor], f: Sequence[Tensor], fd: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """As :func:`ase_ecn.nn.so3.activation.activate_moving`."""
    square = torch.stack([(part * part).mean(dim=(1, 2)) for part in f]).mean(dim=0)
    change = torch.stack([(a * b).mean(dim=(1, 2)) for a, b in zip(f, fd, strict=True)]).mean(dim=0)
    norm = (square + gates.epsilon).rsqrt()
    # d (s + e)^(-1/2) = -(s + e)^(-3/2) ds / 2, with ds = 2 <f, df>.
    slope = (-(norm**3) * change)[:, None, None]
    norm = norm[:, None, None]
    g = [w * part * norm for part, w in zip(f, gamma, strict=True)]
    gd = [w * (b * norm + a * slope) for a, b, w in zip(f, fd, gamma, strict=True)]
    sigmoid = torch.sigmoid(g[0])
    bent = sigmoid * (1 + g[0] * (1 - sigmoid)) * gates.gain
    s = torch.split(g[0] * sigmoid * gates.gain, list(gates.out), dim=2)
    sd = torch.split(gd[0] * bent, list(gates.out), dim=2)
    degrees = range(1, len(g))
    return (
        [s[0], *(g[k] * s[k] for k in degrees)],
        [sd[0], *(gd[k] * s[k] + g[k] * sd[k] for k in degrees)],
    )
