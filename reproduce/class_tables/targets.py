"""What the small networks are fitted to: crystals with tensors, or with an energy and a gap."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import OptionError
from ase_ecn.properties import DIELECTRIC_TENSOR, ELASTIC_TENSOR, FORMATION_ENERGY
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import Dataset, read_mp20
from ase_ecn.training.data.property_rows import usable
from ase_ecn.training.data.tensor_rows import tensor_part

BAND_GAP = "band_gap"
CUTOFF = 5.0
"""Å, of the neighbours that the networks see."""
DIELECTRIC, ELASTIC, ENERGY = "dielectric", "elastic", "energy and gap"
TENSORS: Mapping[str, str] = {DIELECTRIC: DIELECTRIC_TENSOR, ELASTIC: ELASTIC_TENSOR}
"""Names of the tensors among the targets."""
TARGETS = (*TENSORS, ENERGY)
_EVERY = 10


def labelled(data: Path, target: str, split: str) -> Dataset:
    """Crystals with labels of one target.

    Parameters
    ----------
    data
        The data folder.
    target
        One of :data:`TARGETS`: all published tensors of the split by composition, or formation
        energies and gaps of every tenth crystal of MP-20.
    split
        ``"train"`` or ``"val"``.
    """
    if target in TENSORS:
        whole = tensor_part(data, split)
        known = ~np.isnan(tensors(whole, target)).any(axis=(1, 2))
        return usable(whole.subset(np.flatnonzero(known)), CUTOFF)
    if target != ENERGY:
        raise OptionError(f"unknown target {target!r}; known are {', '.join(TARGETS)}")
    whole = cached_dataset(f"mp_20-{split}", lambda: read_mp20(data, split))
    known = ~np.isnan(whole.targets[FORMATION_ENERGY]) & ~np.isnan(whole.targets[BAND_GAP])
    return usable(whole.subset(np.flatnonzero(known)[::_EVERY]), CUTOFF)


def tensors(dataset: Dataset, target: str) -> NDArray[np.float64]:
    """(G, 3, 3) or (G, 6, 6) labels of a tensor."""
    return dataset.targets[TENSORS[target]]
