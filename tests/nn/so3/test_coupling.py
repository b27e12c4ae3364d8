"""Harmonics and couplings turn as they should."""

import re

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ase_ecn.nn.so3.coupling import MAX_DEGREE, coupling, degrees_of_paths, harmonics
from ase_ecn.nn.so3.generate import PATHS_FILE, generate


def unit_vectors(count, seed=0):
    v = np.random.default_rng(seed).normal(size=(count, 3))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def wigner(degree, rotation):
    """Matrix that turns harmonics of a degree, by least squares over many directions."""
    v = unit_vectors(100)
    part = slice(degree**2, (degree + 1) ** 2)
    before, after = harmonics(v, degree)[:, part], harmonics(v @ rotation.T, degree)[:, part]
    return np.linalg.lstsq(before, after, rcond=None)[0]


def test_harmonics_are_orthogonal_with_norm_two_l_plus_one():
    y = harmonics(unit_vectors(50), MAX_DEGREE)
    for degree in range(MAX_DEGREE + 1):
        part = y[:, degree**2 : (degree + 1) ** 2]
        np.testing.assert_allclose((part**2).sum(axis=1), 2 * degree + 1, atol=1e-12)


@pytest.mark.parametrize("path", degrees_of_paths(MAX_DEGREE))
def test_couplings_are_invariant(path):
    c = coupling(*path)
    turned = c
    rotation = Rotation.random(random_state=3).as_matrix()
    for axis, degree in enumerate(path):
        turned = np.moveaxis(np.tensordot(turned, wigner(degree, rotation), (axis, 0)), -1, axis)
    np.testing.assert_allclose(turned, c, atol=1e-12)
    assert (c**2).sum() == pytest.approx(2 * path[2] + 1)


def test_all_couplings_that_keep_parity_are_there():
    assert len(degrees_of_paths(2)) == 11
    assert len(degrees_of_paths(3)) == 23


def test_the_generated_code_is_up_to_date():
    """But for the last digits of its numbers, which NumPy's linear algebra decides."""
    number = re.compile(r"\d+\.\d+(?:e-?\d+)?")
    stored, made = PATHS_FILE.read_text(), generate()
    assert number.sub("#", stored) == number.sub("#", made)
    found, expected = ([float(n) for n in number.findall(text)] for text in (made, stored))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
