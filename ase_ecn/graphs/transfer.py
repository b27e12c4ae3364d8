"""Tensors to a device in one piece, and back, without waiting for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ALIGNMENT = 16
"""Bytes; a multiple of the size of every type, so that parts of a buffer can be seen as any."""


def placed(tensors: Mapping[str, Tensor], device: torch.device | str) -> dict[str, Tensor]:
    """Tensors on a device: those that are there, or copies that nobody has waited for.

    From the processor to a GPU they go by one transfer. It takes its turn behind what has been
    asked of the GPU before, and what is asked of the copies takes its turn behind the transfer.

    Parameters
    ----------
    tensors
        By name, all on one device, of any shapes and types.
    device
        Where they are wanted.
    """
    device = torch.device(device)
    if device.type == "cpu" or any(tensor.device.type != "cpu" for tensor in tensors.values()):
        return {name: tensor.to(device) for name, tensor in tensors.items()}
    return dict(zip(tensors, in_one_piece(list(tensors.values()), device), strict=True))


def in_one_piece(tensors: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    """Copies of the processor's tensors on a device, as parts of one buffer."""
    sizes = [tensor.numel() * tensor.itemsize for tensor in tensors]
    first = np.cumsum([0, *(-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes)]).tolist()
    # Only from memory that stays where it is can a GPU fetch by itself.
    pinned = device.type == "cuda"
    buffer = torch.empty(first[-1], dtype=torch.uint8, pin_memory=pinned)

    def parts(whole: Tensor) -> list[Tensor]:
        return [
            whole[begin : begin + size].view(tensor.dtype).view(tensor.shape)
            for begin, size, tensor in zip(first, sizes, tensors, strict=False)
        ]

    for part, tensor in zip(parts(buffer), tensors, strict=True):
        part.copy_(tensor)
    return parts(buffer.to(device, non_blocking=pinned))


class Returning:
    """Outputs of a network on their way from its device, which goes on meanwhile.

    Parameters
    ----------
    outputs
        By name, of any shapes and floating-point types, on one device.
    """

    def __init__(self, outputs: Mapping[str, Tensor]) -> None:
        values = [value.detach().double() for value in outputs.values()]
        self._arrived: torch.cuda.Event | None = None
        if values and values[0].device.type == "cuda":
            values = self._fetched(values)
        self._values = dict(zip(outputs, values, strict=True))

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The outputs, float64, as soon as they are here."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return {name: value.cpu().numpy() for name, value in self._values.items()}

    def _fetched(self, values: Sequence[Tensor]) -> list[Tensor]:
        """What will be in the processor's memory when ``_arrived`` has happened; one transfer."""
        there = torch.cat([value.reshape(-1) for value in values])
        here = torch.empty(there.shape, dtype=there.dtype, pin_memory=True)
        here.copy_(there, non_blocking=True)
        self._arrived = torch.cuda.Event()
        self._arrived.record()
        parts = here.split([value.numel() for value in values])
        return [part.view(value.shape) for part, value in zip(parts, values, strict=True)]
