from __future__ import annotations

import numpy as np
import pytest

from ase_ecn.errors import OptionError
from ase_ecn.training.fits.losses import (
    lattice_loss_named,
)
from ase_ecn.training.fits.noise import (
    NoiseSchedule,
    UnitCube,
    gaussian_noise,
    start_cells,
)


def test_noise_has_the_stated_strength() -> None:
    cells = np.tile(np.eye(3) * 5, (4000, 1, 1))
    strain = gaussian_noise(cells, 0.01, np.random.default_rng(0)) / 5 - np.eye(3)
    assert strain.std() == pytest.approx(0.01, rel=0.03)
    same = NoiseSchedule().apply(cells, np.random.default_rng(1))
    np.testing.assert_array_equal(same, NoiseSchedule().apply(cells, np.random.default_rng(1)))
    size = np.linalg.norm(same / 5 - np.eye(3), axis=(1, 2))
    assert (size < 0.02).mean() > 0.05
    assert (size > 0.2).mean() > 0.1


def test_unknown_names_are_refused() -> None:
    with pytest.raises(OptionError, match="known are parameter-mae"):
        lattice_loss_named("l2")
    with pytest.raises(OptionError, match="known are schedule"):
        start_cells({"kind": "uniform"})
    with pytest.raises(OptionError, match="sigma_max"):
        start_cells({"kind": "gaussian", "sigma_max": 0.1})


def test_noise_is_chosen_by_its_kind(rng: np.random.Generator) -> None:
    assert start_cells({"sigma_max": 0.2}) == NoiseSchedule(sigma_max=0.2)
    noise = start_cells({"kind": "gaussian", "sigma": 0.02})
    cells = np.tile(5 * np.eye(3), (4000, 1, 1))
    assert (noise.apply(cells, rng) / 5 - np.eye(3)).std() == pytest.approx(0.02, rel=0.05)
    cubes = UnitCube().apply(cells * [[1], [1], [-1]], rng)
    np.testing.assert_array_equal(cubes[0], -np.eye(3))  # a left-handed cell stays one
