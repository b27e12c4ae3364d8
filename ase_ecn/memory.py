"""Telling a lack of memory from other errors."""

from __future__ import annotations

import torch


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of a GPU."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    # PyTorch's allocator for the CPU has no exception of its own.
    message = str(error).lower()
    return "out of memory" in message or "can't allocate memory" in message
