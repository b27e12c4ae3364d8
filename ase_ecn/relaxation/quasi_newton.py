"""A search for a minimum by a limited-memory quasi-Newton method in a region of trust (L-BFGS)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

MEMORY = 30
"""Steps that the search remembers."""
RADIUS = 0.1
"""Length of the first step at most, Å."""
LARGEST_RADIUS = 0.3
"""Length of any step at most, Å."""
SMALLEST_RADIUS = 1e-5
"""Steps that are no longer than this and lead nowhere are the last, Å."""
LEAST_CURVATURE = 1e-8
"""Least cosine of the angle between a step and the change of the gradient that is learned from."""

Vector = NDArray[np.float64]


class QuasiNewton:
    """Steps from the best point so far, which is never left for one of higher energy.

    Parameters
    ----------
    solve
        Multiplies a vector by the inverse of the Hessian that it begins with. Its scale is learned.
    length
        Of a step, in Å, which is limited.
    noise
        Energies that differ by no more (eV) are told apart by their gradients.

    Attributes
    ----------
    solve, noise
        As they were given.
    energy, gradient
        At the best point.
    """

    def __init__(
        self,
        solve: Callable[[Vector], Vector],
        length: Callable[[Vector], float],
        noise: float,
    ) -> None:
        self.solve, self.noise = solve, noise
        self._length = length
        self._pairs: deque[tuple[Vector, Vector, float]] = deque(maxlen=MEMORY)
        self._scale = 1.0
        self._radius = RADIUS
        self.energy = float("nan")
        self.gradient: Vector = np.zeros(0)

    def begin(self, energy: float, gradient: Vector) -> None:
        """Where it begins."""
        self.energy, self.gradient = energy, gradient

    @property
    def stalled(self) -> bool:
        """Whether not even short steps lead to a lower energy."""
        return self._radius < SMALLEST_RADIUS

    def step(self) -> Vector:
        """The next step to try, from the best point."""
        step = -self._inverse(self.gradient)
        length = self._length(step)
        return step * (self._radius / length) if length > self._radius else step

    def judge(self, step: Vector, energy: float, gradient: Vector) -> bool:
        """Learn from what is found after a step; whether that is the best point now."""
        length = self._length(step)
        if not np.isfinite(energy):
            self._radius = length / 4
            return False
        self._remember(step, gradient - self.gradient)
        change = energy - self.energy
        flatter = float(gradient @ gradient) < float(self.gradient @ self.gradient)
        if change > 0 and not (change <= self.noise and flatter):
            self._radius = length / 2
            return False
        # Where the energy still falls in the direction of a step that was cut, a longer one is due.
        if gradient @ step < 0 and length > 0.9 * self._radius:
            self._radius = min(2 * self._radius, LARGEST_RADIUS)
        self.energy, self.gradient = energy, gradient
        return True

    def _remember(self, step: Vector, change: Vector) -> None:
        curvature = float(step @ change)
        if curvature > LEAST_CURVATURE * np.linalg.norm(step) * np.linalg.norm(change):
            self._pairs.append((step, change, curvature))
            self._scale = curvature / float(change @ self.solve(change))

    def _inverse(self, vector: Vector) -> Vector:
        """Of the Hessian that is known by now, times a vector: the two loops of L-BFGS."""
        vector = vector.copy()
        shares = []
        for step, change, curvature in reversed(self._pairs):
            share = (step @ vector) / curvature
            vector -= share * change
            shares.append(share)
        vector = self._scale * self.solve(vector)
        for (step, change, curvature), share in zip(self._pairs, reversed(shares), strict=True):
            vector += (share - (change @ vector) / curvature) * step
        return vector
