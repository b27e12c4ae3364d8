"""Epochs and batches by number of bonds, for crystals of very different density and size."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.training.fits import parallel

Batches: TypeAlias = Callable[[np.random.Generator], Iterator[NDArray[np.int64]]]


@dataclass(frozen=True)
class Sampling:
    """How an epoch is drawn: dense crystals cost most, and some systems have many alike.

    Attributes
    ----------
    bonds_per_system
        Of each chemical system an epoch has at most so many bonds, in crystals drawn anew.
    bonds_per_batch
        Batches have about so many bonds each.
    """

    bonds_per_system: int
    bonds_per_batch: int

    def __post_init__(self) -> None:
        if self.bonds_per_system < 1 or self.bonds_per_batch < 1:
            raise OptionError("numbers of bonds must be positive")


def bond_batches(
    crystals: Sequence[Crystal], bonds: NDArray[np.int64], sampling: Sampling
) -> tuple[int, Batches]:
    """Random batches with about the same number of bonds.

    Parameters
    ----------
    crystals
        G of them.
    bonds
        (G,) number of bonds of each.
    sampling
        How many are taken, and how large a batch is.

    Returns
    -------
    count, batches
        Number of batches of an epoch, the same for all, and what draws them: arrays of indices.

    Raises
    ------
    OptionError
        If several processes should share the batches.
    """
    if parallel.processes() > 1:
        raise OptionError("batches by number of bonds cannot be shared by several processes")
    members: dict[tuple[int, ...], list[int]] = {}
    for k, crystal in enumerate(crystals):
        members.setdefault(tuple(np.unique(crystal.numbers).tolist()), []).append(k)
    systems = [np.array(system) for system in members.values()]
    expected = sum(min(int(bonds[s].sum()), sampling.bonds_per_system) for s in systems)
    fewest = sum(_fewest(bonds[s], sampling.bonds_per_system) for s in systems)
    count = min(max(1, expected // sampling.bonds_per_batch), fewest)

    def batches(rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        taken = [_drawn(s, bonds, sampling.bonds_per_system, rng) for s in systems]
        chosen = rng.permutation(np.concatenate(taken))
        # The largest first, each into the batch that has least.
        fill = [(0, k) for k in range(count)]
        parts: list[list[int]] = [[] for _ in range(count)]
        for index in chosen[np.argsort(-bonds[chosen], kind="stable")].tolist():
            size, k = heapq.heappop(fill)
            parts[k].append(index)
            heapq.heappush(fill, (size + max(1, int(bonds[index])), k))
        for k in rng.permutation(count):
            yield np.array(parts[k])

    return count, batches


def _drawn(
    members: NDArray[np.int64], bonds: NDArray[np.int64], most: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """At least one of the crystals, and as many as have no more bonds than ``most`` in all."""
    order = rng.permutation(members)
    return order[: max(1, int((np.cumsum(bonds[order]) <= most).sum()))]


def _fewest(bonds: NDArray[np.int64], most: int) -> int:
    """How many crystals of a system are drawn at least, the largest ones."""
    return max(1, int((np.cumsum(np.sort(bonds)[::-1]) <= most).sum()))
