from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from odd_crystals import caged_xenon, dataset, graphite, large, molecular

from ase_ecn.training.data.datasets import Dataset


@pytest.fixture(scope="session")
def toy() -> Dataset:
    rocksalt = bulk("NaCl", "rocksalt", a=5.64)
    entries = [
        rocksalt,  # a duplicate of the next, higher in energy
        rocksalt * (2, 1, 1),
        bulk("NaCl", "cesiumchloride", a=3.4),  # of another space group: no duplicate
        large(),
        graphite(),
        molecular(),
        caged_xenon(),
        bulk("Al"),
        bulk("Al"),  # a duplicate without an energy
        bulk("ZnO", "wurtzite", a=3.25, c=5.2),
    ]
    return dataset(
        entries,
        [-1.0, -1.1, -0.9, -2.0, 0.0, -0.5, -0.4, 0.2, np.nan, -1.5],
        metal=[0.0, 0, 0, 0, 0, 0, 0, 1, 1, 0],
        band_gap=[5.0, 5.0, 4.0, 1.0, 1.0, 8.0, 1.0, 0.0, 0.0, np.nan],
        in_mp20_train=[0.0] * 10,
    )
