"""Random deformations of lattices: the input of the denoising task (section 6 of EMPNN)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm


def gaussian_noise(
    cells: NDArray[np.float64], sigma: float | NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """``exp(A) rho`` with every entry of ``A`` from N(0, sigma^2).

    Parameters
    ----------
    cells
        (B, 3, 3) lattices, rows.
    sigma
        Standard deviation, one for all or (B,).
    rng
        Source of randomness.

    Returns
    -------
    noisy
        (B, 3, 3) lattices.
    """
    scale = np.broadcast_to(np.asarray(sigma), (len(cells),))[:, None, None]
    return np.asarray(cells @ expm(rng.normal(size=(len(cells), 3, 3)) * scale))


@dataclass(frozen=True)
class NoiseSchedule:
    """A mixture of deformations, from the paper's noise down to almost nothing.

    Attributes
    ----------
    sigma_max
        Largest standard deviation of the Gaussian noise.
    sigma_min
        Smallest of the log-uniform part.
    gaussian_fraction
        Share of crystals with ``sigma`` drawn evenly from 0 to ``sigma_max``; the others draw it
        log-uniformly from ``sigma_min``.
    isotropic_fraction
        Share of the latter whose strain is mostly a change of volume.
    isotropic_sigma
        Standard deviation of that change, in units of logarithmic length.
    """

    sigma_max: float = 0.15
    sigma_min: float = 0.004
    gaussian_fraction: float = 0.5
    isotropic_fraction: float = 0.4
    isotropic_sigma: float = 0.08

    def apply(self, cells: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Deform (B, 3, 3) lattices, each with noise of its own strength."""
        size = len(cells)
        low, high = np.log(self.sigma_min), np.log(self.sigma_max)
        sigma = np.exp(rng.uniform(low, high, size))
        even = rng.random(size) < self.gaussian_fraction
        sigma[even] = rng.uniform(0, self.sigma_max, int(even.sum()))
        strain = rng.normal(size=(size, 3, 3)) * sigma[:, None, None]
        isotropic = ~even & (rng.random(size) < self.isotropic_fraction)
        change = rng.normal(size=size) * self.isotropic_sigma * (sigma / self.sigma_max)
        strain[isotropic] *= 0.25
        strain[isotropic] += change[isotropic, None, None] * np.eye(3)
        return np.asarray(cells @ expm(strain))
