"""Real spherical harmonics as polynomials, and the coefficients that couple three of them.

Harmonics of degree l have 2 l + 1 components in the order m = -l, ..., l, so those of degree one
are proportional to (y, z, x), and the sum of their squares on the unit sphere is 2 l + 1. A
coupling ``C[i, j, k]`` of degrees l1, l2, l3 turns the components i and j of two quantities into
the component k of a third that turns with them. Where l1 + l2 + l3 is even it is, up to a factor,
the integral of the product of three harmonics over the sphere (Gaunt's coefficient), which is
how it is computed here.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

MAX_DEGREE = 3

Monomials = dict[tuple[int, int, int], float]
"""Coefficients of x^a y^b z^c by (a, b, c)."""


def _times(factor: float, terms: Monomials) -> Monomials:
    return {powers: factor * value for powers, value in terms.items()}


_ROOT = np.sqrt
HARMONICS: tuple[tuple[Monomials, ...], ...] = (
    ({(0, 0, 0): 1.0},),
    tuple(_times(float(_ROOT(3)), {p: 1.0}) for p in ((0, 1, 0), (0, 0, 1), (1, 0, 0))),
    (
        {(1, 1, 0): float(_ROOT(15))},
        {(0, 1, 1): float(_ROOT(15))},
        _times(float(_ROOT(5) / 2), {(0, 0, 2): 2.0, (2, 0, 0): -1.0, (0, 2, 0): -1.0}),
        {(1, 0, 1): float(_ROOT(15))},
        _times(float(_ROOT(15) / 2), {(2, 0, 0): 1.0, (0, 2, 0): -1.0}),
    ),
    (
        _times(float(_ROOT(35 / 8)), {(2, 1, 0): 3.0, (0, 3, 0): -1.0}),
        {(1, 1, 1): float(_ROOT(105))},
        _times(float(_ROOT(21 / 8)), {(0, 1, 2): 4.0, (2, 1, 0): -1.0, (0, 3, 0): -1.0}),
        _times(float(_ROOT(7) / 2), {(0, 0, 3): 2.0, (2, 0, 1): -3.0, (0, 2, 1): -3.0}),
        _times(float(_ROOT(21 / 8)), {(1, 0, 2): 4.0, (3, 0, 0): -1.0, (1, 2, 0): -1.0}),
        _times(float(_ROOT(105) / 2), {(2, 0, 1): 1.0, (0, 2, 1): -1.0}),
        _times(float(_ROOT(35 / 8)), {(3, 0, 0): 1.0, (1, 2, 0): -3.0}),
    ),
)
"""For each degree its components, as homogeneous polynomials in x, y, z."""


def harmonics(vectors: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """(E, (degree + 1)^2) harmonics of (E, 3) unit vectors, degree after degree."""
    columns = [
        sum(c * np.prod(vectors ** np.array(p), axis=1) for p, c in terms.items())
        for components in HARMONICS[: degree + 1]
        for terms in components
    ]
    return np.stack(columns, axis=1)


def degrees_of_paths(highest: int) -> list[tuple[int, int, int]]:
    """All (l1, l2, l3) to a degree that couple without changing parity, by l3, l1, l2."""
    degrees = range(highest + 1)
    return [
        (l1, l2, l3)
        for l3, l1, l2 in product(degrees, degrees, degrees)
        if abs(l1 - l2) <= l3 <= l1 + l2 and (l1 + l2 + l3) % 2 == 0
    ]


@lru_cache(maxsize=64)
def coupling(l1: int, l2: int, l3: int) -> NDArray[np.float64]:
    """(2 l1 + 1, 2 l2 + 1, 2 l3 + 1) coefficients, the squares of which sum to 2 l3 + 1."""
    points, weights = _quadrature(l1 + l2 + l3)
    values = harmonics(points, max(l1, l2, l3))
    y1, y2, y3 = (values[:, degree**2 : (degree + 1) ** 2] for degree in (l1, l2, l3))
    gaunt = np.einsum("p,pi,pj,pk->ijk", weights, y1, y2, y3, optimize=True)
    gaunt[np.abs(gaunt) < 1e-12] = 0.0
    result = np.asarray(gaunt * np.sqrt((2 * l3 + 1) / (gaunt**2).sum()))
    result.setflags(write=False)  # it is shared by all callers
    return result


def _quadrature(degree: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points on the sphere and weights that integrate polynomials of a degree exactly."""
    z, weight = np.polynomial.legendre.leggauss(degree // 2 + 1)
    turns = degree + 1
    angle = 2 * np.pi * (np.arange(turns) + 0.5) / turns
    flat = np.sqrt(1 - z**2)[:, None]
    points = np.stack(
        [flat * np.cos(angle), flat * np.sin(angle), np.repeat(z[:, None], turns, axis=1)], axis=-1
    )
    return points.reshape(-1, 3), np.repeat(weight / (2 * turns), turns)
