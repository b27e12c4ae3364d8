from __future__ import annotations

import numpy as np
import pytest

from ase_ecn.relaxation.stopping import STRAIN_ERROR, reliable_part, strain_spread


@pytest.mark.parametrize("norm", [1e-6, 1e-3, STRAIN_ERROR, 0.02, 0.2])
def test_strains_as_small_as_the_error_of_the_network_count_little(norm: float) -> None:
    strain = np.diag([0.6, -0.8, 0.0]) * norm
    part = reliable_part(strain)
    share = np.linalg.norm(part) / norm
    assert part == pytest.approx(share * strain)
    assert share == pytest.approx(norm**2 / (norm**2 + STRAIN_ERROR**2))


def test_spread_of_the_last_steps() -> None:
    step = np.diag([0.03, 0, 0])
    assert np.isnan(strain_spread([]))
    # Two cells, one strain apart: half of it on either side of their mean.
    assert strain_spread([step]) == pytest.approx(0.03 * np.hypot(1, 0.5))
    assert strain_spread([10 * step, step]) == strain_spread([step])
    assert strain_spread([step, step, -step]) == pytest.approx(
        0.03 * np.hypot(1, np.std([0, 1, 0]))
    )
