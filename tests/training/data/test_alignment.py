from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toys import toy_dataset

from ase_ecn.errors import DatasetError
from ase_ecn.training.data.alignment import aligned_formation_energies


def test_energies_of_another_release_are_aligned() -> None:
    """A shift by composition is found from common entries, in spite of outliers."""
    rng = np.random.default_rng(0)
    base = toy_dataset(700)
    fluorides = np.array([float((c.numbers == 9).mean()) for c in base.crystals])
    old = base.targets["formation_energy"] + 0.3 * fluorides - 0.05
    old[rng.choice(700, 30, replace=False)] += 2.0
    other = replace(base, targets={"formation_energy": old})
    aligned = aligned_formation_energies(other, base)
    error = np.abs(aligned - base.targets["formation_energy"])
    assert np.median(error) < 1e-3
    with pytest.raises(DatasetError, match="0 entries in common"):
        aligned_formation_energies(replace(other, ids=[f"x{i}" for i in other.ids]), base)
