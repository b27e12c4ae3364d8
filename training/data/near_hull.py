"""Hypothetical crystals that a network takes for stable, to label where a screen looks.

A screen proposes what its network has found lowest, so errors that make a crystal too stable are
seen more often than others. Labels of such crystals, relaxed by the network itself, tell them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from ase.data import covalent_radii
from numpy.typing import NDArray

from ase_ecn.api import predict, relax
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.training.data.datasets import Dataset, reduced_formula
from ase_ecn.training.data.variants import is_possible, likeness

NETWORK = "ecn-mp20-so3"
"""Relaxes the crystals, and says how far above the hull they are."""
_TWO_ELEMENTS = 0.25  # of the prototypes; of the others one element is replaced
_NEAR, _FARTHER_TOO = 0.5, 0.3  # eV/atom, and the share of those above that is kept
_FORCE, _STEPS = 0.1, 30  # eV/Å, where relaxations may end
_BATCH = 64


def near_hull(
    dataset: Dataset,
    pool: Sequence[int],
    allowed: NDArray[np.int64],
    forbidden: frozenset[str],
    rng: np.random.Generator,
) -> Iterator[tuple[int, Crystal]]:
    """Prototypes with one or two elements replaced by chemical neighbours, relaxed.

    Parameters
    ----------
    dataset, pool
        Crystals, and the indices of those that may be prototypes.
    allowed
        Atomic numbers to choose from.
    forbidden
        Reduced formulas that are left out.
    rng
        Of all choices.

    Yields
    ------
    int, Crystal
        The prototype's index, and cell and atoms relaxed by :data:`NETWORK`, to 0.1 eV/Å or for
        30 steps. Of those that it has more than 0.5 eV/atom above the hull three in ten are kept.
    """
    drawn = _substitutions(dataset, pool, allowed, forbidden, rng)
    while batch := list(islice(drawn, _BATCH)):
        yield from _chosen(batch, rng)


def _substitutions(
    dataset: Dataset,
    pool: Sequence[int],
    allowed: NDArray[np.int64],
    forbidden: frozenset[str],
    rng: np.random.Generator,
) -> Iterator[tuple[int, Crystal]]:
    rejected = 0
    while rejected < 2000:
        rejected += 1
        index = pool[int(rng.integers(len(pool)))]
        crystal = _like_it(dataset.crystals[index], allowed, rng)
        if crystal is None or reduced_formula(crystal.numbers) in forbidden:
            continue
        if is_possible(crystal):
            rejected = 0
            yield index, crystal


def _like_it(
    crystal: Crystal, allowed: NDArray[np.int64], rng: np.random.Generator
) -> Crystal | None:
    """One or two elements replaced, the cell scaled to the new radii; none if there is no other."""
    old = np.unique(crystal.numbers)
    count = min(len(old), 2 if rng.random() < _TWO_ELEMENTS else 1)
    new = old.copy()
    for number in rng.choice(old, size=count, replace=False).tolist():
        weights = np.where(allowed == number, 0.0, likeness()[number, allowed])
        if not weights.sum() > 0:
            return None
        new[old == number] = rng.choice(allowed, p=weights / weights.sum())
    if len(set(new.tolist())) < len(old):
        return None
    numbers = new[np.searchsorted(old, crystal.numbers)]
    volumes = covalent_radii**3
    scale = (volumes[numbers].sum() / volumes[crystal.numbers].sum()) ** (1 / 3)
    return Crystal(numbers, scale * crystal.cell, crystal.scaled_positions)


def _chosen(
    batch: Sequence[tuple[int, Crystal]], rng: np.random.Generator
) -> Iterator[tuple[int, Crystal]]:
    """Those of a batch that relax to something possible, and few of those far above the hull."""
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
    relaxed = [(index, crystal) for index, crystal in relaxed if is_possible(crystal)]
    found = predict(
        [crystal.to_atoms() for _, crystal in relaxed],
        checkpoint=NETWORK,
        forces=False,
        on_error="return",
    )
    for one, prediction in zip(relaxed, found, strict=True):
        if isinstance(prediction, ASEECNError) or prediction.energy_above_hull is None:
            continue
        if prediction.energy_above_hull < _NEAR or rng.random() < _FARTHER_TOO:
            yield one
