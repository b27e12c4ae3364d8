"""Hypothetical crystals that a network takes for stable, to label where a screen looks.

A screen proposes what its network has found lowest, so errors that make a crystal too stable are
seen more often than others. Labels of such crystals, relaxed by the network itself, tell them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from ase_ecn.api import predict, relax
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.training.data.variants import is_possible

NETWORK = "ecn-mp20-so3"
"""Relaxes the crystals, and says how far above the hull they are."""
_NEAR, _FARTHER_TOO = 0.5, 0.3  # eV/atom, and the share of those above that is kept
_FORCE, _STEPS = 0.1, 30  # eV/Å, where relaxations may end
_BATCH = 64
_MOST_REJECTED = 2000
"""Crystals one after the other of which none is kept, after which there is no hope for others."""


def near_hull(
    drawn: Iterator[tuple[int, Crystal]], rng: np.random.Generator
) -> Iterator[tuple[int, Crystal]]:
    """Those of some crystals that are near the hull when they are relaxed, and few others.

    Parameters
    ----------
    drawn
        Index of a prototype, and the crystal made of it.
    rng
        Chooses among crystals far above the hull.

    Yields
    ------
    int, Crystal
        The prototype's index, and cell and atoms relaxed by :data:`NETWORK`, to 0.1 eV/Å or for
        30 steps. Of those that it has more than 0.5 eV/atom above the hull three in ten are kept.
    """
    rejected = 0
    while rejected < _MOST_REJECTED and (batch := list(islice(drawn, _BATCH))):
        chosen = _chosen(_relaxed(batch), rng)
        rejected = 0 if chosen else rejected + len(batch)
        yield from chosen


def _relaxed(batch: Sequence[tuple[int, Crystal]]) -> list[tuple[int, Crystal]]:
    """Those that end as possible crystals."""
    ends = relax(
        [crystal.to_atoms() for _, crystal in batch],
        method="all",
        potential=NETWORK,
        fmax=_FORCE,
        steps=_STEPS,
        on_error="return",
    )
    relaxed = [
        (index, as_crystal(end.atoms))
        for (index, _), end in zip(batch, ends, strict=True)
        if not isinstance(end, ASEECNError)
    ]
    return [(index, crystal) for index, crystal in relaxed if is_possible(crystal)]


def _chosen(
    relaxed: Sequence[tuple[int, Crystal]], rng: np.random.Generator
) -> list[tuple[int, Crystal]]:
    found = predict(
        [crystal.to_atoms() for _, crystal in relaxed],
        checkpoint=NETWORK,
        forces=False,
        on_error="return",
    )
    distances = [
        np.inf
        if isinstance(one, ASEECNError) or one.energy_above_hull is None
        else one.energy_above_hull
        for one in found
    ]
    return [
        one
        for one, distance in zip(relaxed, distances, strict=True)
        if distance < _NEAR or (np.isfinite(distance) and rng.random() < _FARTHER_TOO)
    ]
