"""Relaxed crystals of all sets: training data for lattices, which need no label."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ase_ecn.crystal import Crystal
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import (
    READERS,
    TRAIN_MARK,
    Dataset,
    read_mp_extra,
    read_site_moments,
    read_vasp_relaxed,
    reduced_formula,
)

SAME_VOLUME = 0.01
"""Crystals of one composition whose volumes per atom differ by less (relative) count as one."""


def further_crystals(data: Path, name: str, max_atoms: int) -> list[Crystal]:
    """Relaxed crystals beside those of a training split.

    Entries of the Materials Project's 2018 release and those with site moments. Left out is every
    composition of the validation and test splits and of the VASP relaxations that relaxers are
    compared with, so these stay as unseen as they were, and what is in the training split or
    occurs twice.

    Parameters
    ----------
    data
        The data folder.
    name
        Of the data set whose splits count, in :data:`ase_ecn.training.data.datasets.READERS`.
    max_atoms
        Larger cells are left out.
    """

    def make() -> Dataset:
        splits = {split: READERS[name](data, split) for split in ("train", "val", "test")}
        held_out = {
            reduced_formula(crystal.numbers)
            for dataset in (splits["val"], splits["test"], read_vasp_relaxed(data))
            for crystal in dataset.crystals
        }
        release = read_mp_extra(data, max_atoms)
        new = np.flatnonzero(release.targets[TRAIN_MARK] == 0)
        magnetic = read_site_moments(data, held_out, max_atoms)
        candidates = [*release.subset(new).crystals, *magnetic.crystals]
        chosen = distinct(candidates, splits["train"].crystals, held_out)
        return Dataset("further", [str(i) for i in range(len(chosen))], chosen)

    return cached_dataset(f"{name}-further-{max_atoms}", make).crystals


def distinct(
    crystals: Iterable[Crystal], known: Iterable[Crystal], held_out: set[str]
) -> list[Crystal]:
    """Crystals of other compositions than ``held_out`` that neither repeat nor are known.

    Equal are crystals of the same composition in lowest terms whose volumes per atom differ by
    less than ``SAME_VOLUME``: coarse, but it needs no matching of structures, and to lose a
    polymorph does no harm.
    """
    volumes: dict[str, list[float]] = {}
    for crystal in known:
        volumes.setdefault(reduced_formula(crystal.numbers), []).append(_log_volume(crystal))
    chosen = []
    for crystal in crystals:
        formula = reduced_formula(crystal.numbers)
        if formula in held_out:
            continue
        seen, volume = volumes.setdefault(formula, []), _log_volume(crystal)
        if all(abs(volume - other) >= SAME_VOLUME for other in seen):
            seen.append(volume)
            chosen.append(crystal)
    return chosen


def _log_volume(crystal: Crystal) -> float:
    return float(np.log(crystal.volume / len(crystal)))
