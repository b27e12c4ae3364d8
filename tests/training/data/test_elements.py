from __future__ import annotations

import numpy as np

from ase_ecn.nn.atoms import PROPERTY_COUNT
from ase_ecn.training.data.elements import network_properties


def test_properties_for_networks_are_finite_and_of_unit_spread() -> None:
    table = network_properties()
    assert table.shape == (119, PROPERTY_COUNT)
    assert np.isfinite(table).all()
    np.testing.assert_allclose(table[1:95].mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(table[1:95].std(axis=0), 1, atol=0.1)
    assert table[1:95, 0].argmax() + 1 == 9  # fluorine has the highest electronegativity
    assert table[26, -2] > table[22, -2]  # six electrons of the d shell, and two
