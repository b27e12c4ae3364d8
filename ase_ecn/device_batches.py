"""Batches as large as the free memory of a device allows, learned from the batches before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

import torch

Item = TypeVar("Item")

FIRST_ATOMS = 2048
"""Atoms of a batch as long as nothing is known of their memory."""
MOST_ATOMS = 16384
"""Atoms of a batch at most: more would leave nothing to prepare while the device computes."""
_SHARE = 0.5
"""Of the free memory; crystals differ in bonds per atom, and two batches are prepared ahead."""
_GROWTH = 2
"""A batch has at most so many times the atoms of the largest one that has been computed."""


class Memory(Protocol):
    """What a device tells of its memory, in bytes."""

    def free(self) -> int:
        """What can still be had."""

    def begin(self) -> None:
        """Look out for a new peak from now on."""

    def peak(self) -> int:
        """The most that has been used since then beyond what was in use."""


class CudaMemory:
    """The memory of a GPU.

    Parameters
    ----------
    device
        The GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._before = 0

    def free(self) -> int:
        """What the driver has left, and what PyTorch keeps for later."""
        kept = torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
        return int(torch.cuda.mem_get_info(self.device)[0]) + kept

    def begin(self) -> None:
        """Look out for a new peak from now on."""
        torch.cuda.reset_peak_memory_stats(self.device)
        self._before = torch.cuda.memory_allocated(self.device)

    def peak(self) -> int:
        """What was allocated at most; known as soon as the work has been launched."""
        return torch.cuda.max_memory_allocated(self.device) - self._before


class DeviceBatches:
    """Cuts lists into batches, and learns how much memory an atom takes.

    Parameters
    ----------
    memory
        Of the device; ``None`` where it tells nothing, and batches stay as they begin.
    """

    def __init__(self, memory: Memory | None) -> None:
        self._memory = memory
        self._bytes_per_atom = 0.0
        self._limit = FIRST_ATOMS
        self._growth = _GROWTH

    @property
    def atoms(self) -> int:
        """How many atoms the next batch may have."""
        most = min(self._limit, MOST_ATOMS)
        if self._memory is None or not self._bytes_per_atom:
            return most
        return max(1, min(most, int(_SHARE * self._memory.free() / self._bytes_per_atom)))

    def cut(
        self, items: Sequence[Item], size: Callable[[Item], int], most: int | None = None
    ) -> Iterator[Sequence[Item]]:
        """Cut items, in their order, into batches.

        Parameters
        ----------
        items
            Any number.
        size
            Atoms of an item; one that is too large is a batch of its own.
        most
            Items of a batch, if that is asked for, whatever the memory.
        """
        begin = 0
        while begin < len(items):
            end = begin + most if most else self._end(items, begin, size)
            yield items[begin:end]
            begin = end

    def _end(self, items: Sequence[Item], begin: int, size: Callable[[Item], int]) -> int:
        room = self.atoms - size(items[begin])
        for end in range(begin + 1, len(items)):
            room -= size(items[end])
            if room < 0:
                return end
        return len(items)

    @contextmanager
    def watched(self, atoms: int) -> Iterator[None]:
        """Learn from what is launched inside for a batch of so many atoms."""
        if self._memory is None:
            yield
            return
        self._memory.begin()
        yield
        # The largest so far, for the next crystals may be as dense again.
        self._bytes_per_atom = max(self._bytes_per_atom, self._memory.peak() / atoms)
        self._limit = max(self._limit, self._growth * atoms)

    def shrink(self) -> None:
        """After a batch that did not fit: half as many atoms, and no growth any more."""
        self._limit = max(1, min(self._limit, MOST_ATOMS) // 2)
        self._growth = 1
