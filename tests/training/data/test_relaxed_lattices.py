from __future__ import annotations

import numpy as np
from ase.build import bulk

from ase_ecn.training.data.relaxed_lattices import niggli_basis


def test_niggli_basis_is_unimodular_and_reduces() -> None:
    cell = np.array([[1, 0, 0], [5, 1, 0], [-3, 2, 1]]) @ bulk("Cu").cell[:]
    basis = niggli_basis(cell)
    assert abs(round(np.linalg.det(basis))) == 1
    np.testing.assert_allclose(np.linalg.norm(basis @ cell, axis=1), 3.61 / np.sqrt(2), rtol=1e-9)
