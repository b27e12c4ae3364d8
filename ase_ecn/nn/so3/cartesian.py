"""Response tensors in Cartesian form, from components that turn like spherical harmonics.

A tensor with the symmetry of its indices splits into parts that turn like harmonics of one degree.
:data:`DIELECTRIC`, :data:`ELASTIC` and :data:`PIEZOELECTRIC` have, for each degree, every way in
which components of that degree make such a tensor, so sums over them reach all tensors there are.
What a point group forbids is then zero because the components are.

A pair of indices of which the order doesn't matter is one index from 0 to 5, xx yy zz yz xz xy. In
Mandel's form it carries a factor of the root of two where the two differ: rotations are then
orthogonal matrices, so functions of 6x6 matrices turn with the crystal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from math import factorial

import numpy as np
from numpy.typing import NDArray

from ase_ecn.nn.so3.coupling import HARMONICS, Monomials

PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Voigt's order, that of ASE and pymatgen."""
MANDEL = np.array([1.0, 1.0, 1.0, *[np.sqrt(2.0)] * 3])
"""Mandel's factor of each pair."""
HIGHEST = 4
PSEUDO = -2
"""Stands for the degree two of components that an inversion turns round."""

Basis = Mapping[int, NDArray[np.float64]]
"""By degree l: (ways, 2 l + 1, ...) tensors."""


def _fourth() -> tuple[Monomials, ...]:
    a, b, c, d = (float(np.sqrt(x)) for x in (35, 35 / 2, 5, 5 / 2))
    return (
        {(3, 1, 0): 1.5 * a, (1, 3, 0): -1.5 * a},
        {(2, 1, 1): 4.5 * b, (0, 3, 1): -1.5 * b},
        {(1, 1, 2): 9.0 * c, (3, 1, 0): -1.5 * c, (1, 3, 0): -1.5 * c},
        {(0, 1, 3): 6.0 * d, (2, 1, 1): -4.5 * d, (0, 3, 1): -4.5 * d},
        {
            (0, 0, 4): 3.0,
            (2, 0, 2): -9.0,
            (0, 2, 2): -9.0,
            (4, 0, 0): 9 / 8,
            (0, 4, 0): 9 / 8,
            (2, 2, 0): 9 / 4,
        },
        {(1, 0, 3): 6.0 * d, (3, 0, 1): -4.5 * d, (1, 2, 1): -4.5 * d},
        {(2, 0, 2): 4.5 * c, (0, 2, 2): -4.5 * c, (4, 0, 0): -0.75 * c, (0, 4, 0): 0.75 * c},
        {(3, 0, 1): 1.5 * b, (1, 2, 1): -4.5 * b},
        {(4, 0, 0): 3 / 8 * a, (2, 2, 0): -9 / 4 * a, (0, 4, 0): 3 / 8 * a},
    )


_POLYNOMIALS = (*HARMONICS, _fourth())


@lru_cache(maxsize=HIGHEST + 1)
def harmonic_tensors(degree: int) -> NDArray[np.float64]:
    """(2 l + 1, 3, ..., 3) symmetric tensors without traces, l indices each.

    Contracted with l times the same unit vector they give the harmonics of that degree.
    """
    found = np.zeros((2 * degree + 1, *[3] * degree))
    for m, terms in enumerate(_POLYNOMIALS[degree]):
        for place in product(range(3), repeat=degree):
            powers = (place.count(0), place.count(1), place.count(2))
            ways = factorial(degree) // np.prod([factorial(p) for p in powers])
            found[(m, *place)] = terms.get(powers, 0.0) / ways
    return found


@lru_cache(maxsize=1)
def monomials() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Harmonics of degrees 0 to 4 as sums of monomials.

    Returns
    -------
    powers, coefficients
        (M, 3) powers of x, y and z, and (M, 25) coefficients, degree after degree.
    """
    every = [terms for components in _POLYNOMIALS for terms in components]
    powers = sorted({p for terms in every for p in terms})
    coefficients = [[terms.get(p, 0.0) for terms in every] for p in powers]
    return np.array(powers), np.array(coefficients)


def _levi_civita() -> NDArray[np.float64]:
    found = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        found[i, j, k], found[i, k, j] = 1.0, -1.0
    return found


def twist(degree: int) -> NDArray[np.float64]:
    """(2 l + 1, 5, 5) products of degree 1 or 3 with degree 2 that make a :data:`PSEUDO` one."""
    odd, even = harmonic_tensors(degree), harmonic_tensors(2)
    if degree == 1:
        made = np.einsum("imn,am,bnj->abij", _levi_civita(), odd, even)
    else:
        made = np.einsum("imn,amkj,bnk->abij", _levi_civita(), odd, even)
    made = (made + made.swapaxes(2, 3)) / 2
    found = np.einsum("abij,mij->abm", made, even)
    return np.asarray(found / np.sqrt((found**2).sum() / 5))


def _unit(ways: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Ways whose components are tensors of norm one; those of degree zero are projections."""
    return np.stack([w / np.linalg.norm(w.reshape(len(w), -1), axis=1).mean() for w in ways])


def _last_pair(tensors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3, 3) symmetric in the last indices to (..., 6) in Mandel's form."""
    return np.asarray(np.stack([tensors[..., i, j] for i, j in PAIRS], axis=-1) * MANDEL)


def _both_pairs(tensors: NDArray[np.float64]) -> NDArray[np.float64]:
    first = np.stack([tensors[..., i, j, :, :] for i, j in PAIRS], axis=-3)
    return np.asarray(_last_pair(first) * MANDEL[:, None])


def _dielectric() -> Basis:
    return {0: np.eye(3)[None, None], 2: _unit([harmonic_tensors(2)])}


def _elastic() -> Basis:
    one, two = np.eye(3), harmonic_tensors(2)
    volume = np.einsum("ij,kl->ijkl", one, one)[None] / 3
    shear = np.einsum("ik,jl->ijkl", one, one)[None]
    shear = (shear + shear.swapaxes(3, 4)) / 2 - volume
    apart = np.einsum("mij,kl->mijkl", two, one)
    apart = apart + np.einsum("mkl,ij->mijkl", two, one)
    mixed = np.einsum("mik,jl->mijkl", two, one)
    mixed = mixed + mixed.swapaxes(1, 2)
    mixed = mixed + mixed.swapaxes(3, 4)
    found = {2: [apart, mixed], 4: [harmonic_tensors(4)]}
    parts = {degree: _unit([_both_pairs(w) for w in ways]) for degree, ways in found.items()}
    return {0: np.stack([_both_pairs(volume), _both_pairs(shear)]), **parts}


def _piezoelectric() -> Basis:
    one, vector, two = np.eye(3), harmonic_tensors(1), harmonic_tensors(2)
    apart = np.einsum("mi,jk->mijk", vector, one)
    mixed = np.einsum("mj,ik->mijk", vector, one)
    mixed = mixed + mixed.swapaxes(2, 3)
    twisted = np.einsum("ijn,mnk->mijk", _levi_civita(), two)
    twisted = twisted + twisted.swapaxes(2, 3)
    found = {1: [apart, mixed], 3: [harmonic_tensors(3)], PSEUDO: [twisted]}
    return {degree: _unit([_last_pair(w) for w in ways]) for degree, ways in found.items()}


DIELECTRIC = _dielectric()
"""(3, 3), symmetric."""
ELASTIC = _elastic()
"""(6, 6) in Mandel's form, symmetric; of degree zero, projections on changes of volume and shape.
"""
PIEZOELECTRIC = _piezoelectric()
"""(3, 6), the second index in Mandel's form."""
