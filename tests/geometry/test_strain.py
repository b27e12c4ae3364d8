from __future__ import annotations

import numpy as np
import pytest

from ase_ecn.geometry.strain import allowed_strain, exp_symmetric, log_strain, total_log_strain


def test_exponential_and_logarithm_are_inverse() -> None:
    strain = np.array([[0.1, 0.02, 0], [0.02, -0.05, 0.03], [0, 0.03, 0.2]])
    assert total_log_strain(exp_symmetric(strain)) == pytest.approx(np.linalg.norm(strain))


@pytest.mark.parametrize(
    "mask",
    [
        [1, 1, 0, 0, 0, 1],
        [0, 1, 1, 0, 0, 0],
        [1, 1, 0, 1, 1, 1],  # shears along z: their products would elongate z
        [1, 1, 1, 1, 1, 0],
        [[True, False, True], [False, True, False], [True, False, False]],
    ],
)
@pytest.mark.parametrize("constant_volume", [False, True])
def test_forbidden_strain_stays_zero_over_many_steps(
    mask: list[int], constant_volume: bool, rng: np.random.Generator
) -> None:
    allowed = allowed_strain(mask, constant_volume=constant_volume)
    deformation = np.eye(3)
    for strain in rng.normal(size=(20, 3, 3)) * 0.1:
        deformation = allowed.advance(deformation, strain + strain.T)
    final = log_strain(deformation)
    assert np.abs(final).max() > 0.05
    assert np.abs(final[~allowed.mask]).max() < 1e-12
    np.testing.assert_allclose(deformation, deformation.T, atol=1e-12)
    if constant_volume:
        assert np.linalg.det(deformation) == pytest.approx(1, abs=1e-12)


def test_voigt_order_is_that_of_ase() -> None:
    for k, (i, j) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        expected = np.zeros((3, 3), dtype=bool)
        expected[i, j] = expected[j, i] = True
        np.testing.assert_array_equal(allowed_strain(np.eye(6)[k]).mask, expected)


def test_a_projection_leaves_what_is_allowed(rng: np.random.Generator) -> None:
    strain = rng.normal(size=(4, 3, 3))
    strain += strain.transpose(0, 2, 1)
    for allowed in (
        allowed_strain(),
        allowed_strain(hydrostatic=True),
        allowed_strain([1, 0, 1, 1, 0, 0], constant_volume=True),
    ):
        once = allowed.project(strain)
        np.testing.assert_allclose(allowed.project(once), once, atol=1e-14)
        # Orthogonal: what is taken away has nothing in common with what is left.
        assert np.abs(((strain - once) * once).sum(axis=(1, 2))).max() < 1e-12
