"""Sums of rows that belong together, with the same bits each time, on a GPU too.

A GPU's ``index_add`` adds in the order in which its threads happen to come. Here rows that belong
together lie one after the other, and are added in that order, by ``torch_scatter.segment_csr``
where that is installed (the extra ``scatter``) and by PyTorch's ``segment_reduce`` otherwise. The
processor's ``index_add`` does so by itself, and is quicker there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

try:
    from torch_scatter import segment_csr
except (ImportError, OSError):  # not installed, or built for another version of PyTorch
    segment_csr = None


def segment_sums(values: Tensor, offsets: Tensor, owner: Tensor) -> Tensor:
    """Sums of rows that lie one after the other; differentiable as often as is wanted.

    Parameters
    ----------
    values
        (E, ...) rows.
    offsets
        (S + 1,) int64, the first row of each segment.
    owner
        (E,) int64, the segment of each row, ascending.

    Returns
    -------
    sums
        (S, ...); zero for a segment without rows.
    """
    if values.device.type == "cpu" or not values.is_floating_point():
        return added(values, owner, len(offsets) - 1)
    return sorted_sums(values, offsets, owner)


def sums_of_owners(values: Tensor, owner: Tensor, size: int) -> Tensor:
    """The same for (E, ...) rows whose owners, below ``size``, are in any order."""
    if values.device.type == "cpu" or not values.is_floating_point():
        return added(values, owner, size)
    return sums_after_sorting(values, owner, size)


def rows_of(rows: Tensor, owner: Tensor) -> Tensor:
    """The row of its owner for each of (E,) owners; its derivative is such a sum.

    Parameters
    ----------
    rows
        (S, ...).
    owner
        (E,) int64, in any order.
    """
    if rows.device.type == "cpu":
        return rows.index_select(0, owner)
    return chosen_rows(rows, owner)


def chosen_rows(rows: Tensor, owner: Tensor) -> Tensor:
    """The same on any device; the derivative is that of :func:`sums_of_owners`."""
    chosen: Tensor = _Chosen.apply(rows, owner)  # type: ignore[no-untyped-call]
    return chosen


def added(values: Tensor, owner: Tensor, size: int) -> Tensor:
    """By ``index_add``: in order on the processor, and in any order for whole numbers."""
    return values.new_zeros((size, *values.shape[1:])).index_add(0, owner, values)


def sums_after_sorting(values: Tensor, owner: Tensor, size: int) -> Tensor:
    """By segments, on any device; rows of one owner are added in their order."""
    order = torch.argsort(owner, stable=True)
    ascending = owner.index_select(0, order)
    offsets = torch.searchsorted(ascending, torch.arange(size + 1, device=owner.device))
    return sorted_sums(values.index_select(0, order), offsets, ascending)


def sorted_sums(values: Tensor, offsets: Tensor, owner: Tensor) -> Tensor:
    """By segments, on any device; see :func:`segment_sums`."""
    sums: Tensor = _Sums.apply(values, offsets, owner)  # type: ignore[no-untyped-call]
    return sums


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, offsets: Tensor, owner: Tensor) -> Tensor:
        ctx.save_for_backward(offsets, owner)
        if segment_csr is not None:
            found: Tensor = segment_csr(values, offsets, reduce="sum")
            return found
        # Whether the offsets make sense would be asked of the device, and waited for.
        return torch.segment_reduce(
            values.contiguous(), "sum", offsets=offsets, axis=0, unsafe=True, initial=0.0
        )

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        rows: Tensor = _Rows.apply(gradient, *ctx.saved_tensors)  # type: ignore[no-untyped-call]
        return rows, None, None


class _Rows(torch.autograd.Function):
    """The row of its owner for each row: what :class:`_Sums` is the derivative of."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, offsets: Tensor, owner: Tensor) -> Tensor:
        ctx.save_for_backward(offsets, owner)
        return rows.index_select(0, owner)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return sorted_sums(gradient, *ctx.saved_tensors), None, None


class _Chosen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, owner: Tensor) -> Tensor:
        ctx.save_for_backward(owner)
        ctx.size = len(rows)
        return rows.index_select(0, owner)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (owner,) = ctx.saved_tensors
        return sums_after_sorting(gradient, owner, ctx.size), None
