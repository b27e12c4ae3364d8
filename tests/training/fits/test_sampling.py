from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.training.fits.sampling import Sampling, bond_batches


def test_epochs_are_drawn_by_bonds(monkeypatch: pytest.MonkeyPatch) -> None:
    copper, silicon = as_crystal(bulk("Cu")), as_crystal(bulk("Si"))
    crystals = [copper] * 30 + [silicon] * 10
    bonds = np.array([100 + k for k in range(30)] + [20] * 9 + [900])
    count, batches = bond_batches(crystals, bonds, Sampling(1500, 300))
    assert count == (1500 + 9 * 20 + 900) // 300
    epochs = [list(batches(np.random.default_rng(seed))) for seed in (0, 0, 1)]
    for epoch in epochs:
        assert len(epoch) == count
        drawn = np.concatenate(epoch)
        assert len(np.unique(drawn)) == len(drawn)
        assert set(range(30, 40)) <= set(drawn.tolist())  # silicon has no more than allowed
        assert 1500 - 130 < bonds[drawn[drawn < 30]].sum() <= 1500
        sizes = sorted(int(bonds[batch].sum()) for batch in epoch)
        assert sizes[0] > 100
        assert sizes[-2] < 500  # the last is the one large crystal
    same, other = (np.concatenate(epochs[k]).tolist() for k in (1, 2))
    assert np.concatenate(epochs[0]).tolist() == same
    assert sorted(other) != sorted(same)
    with pytest.raises(OptionError, match="positive"):
        bond_batches(crystals, bonds, Sampling(0, 300))
    monkeypatch.setattr("ase_ecn.training.fits.parallel.processes", lambda: 2)
    with pytest.raises(OptionError, match="several processes"):
        bond_batches(crystals, bonds, Sampling(1500, 300))
