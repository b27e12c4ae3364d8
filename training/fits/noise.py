"""Random deformations of lattices: the input of the denoising task (section 6 of EMPNN)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from ase_ecn.crystal import Crystal
from ase_ecn.errors import OptionError
from ase_ecn.training.fits.typed import known_or_refused, parse

VALIDATION_SIGMA = 0.1
"""Noise on which fits to a spread of noise are compared, that of the paper's table 2."""


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


def rattled(crystal: Crystal, sigma: float, rng: np.random.Generator) -> Crystal:
    """Displace each atom by N(0, sigma^2) Å along each axis."""
    shift = rng.normal(size=(len(crystal), 3)) * sigma
    scaled = crystal.scaled_positions + shift @ np.linalg.inv(crystal.cell)
    return Crystal(crystal.numbers, crystal.cell, scaled)


def rattled_by_degrees(
    crystals: Sequence[Crystal], largest: float, rng: np.random.Generator
) -> list[Crystal]:
    """Displace the atoms of each crystal by noise of its own strength, from ``largest`` (Å) down.

    A quarter of the crystals stay as they are: their cells alone are deformed, and so their space
    group is one to keep.
    """
    strengths = largest * np.maximum(rng.uniform(-1 / 3, 1, len(crystals)), 0)
    return [rattled(c, float(sigma), rng) for c, sigma in zip(crystals, strengths, strict=True)]


class StartCells(Protocol):
    """Where a network starts from in training."""

    kind: ClassVar[str]

    def apply(self, cells: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Cells (B, 3, 3) to start from for true ``cells`` (B, 3, 3)."""

    def validation(
        self, cells: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Cells (B, 3, 3) on which fits are compared."""


@dataclass(frozen=True)
class GaussianNoise:
    """Noise of one strength, as in the paper's tables 1 and 2.

    Attributes
    ----------
    sigma
        Standard deviation of each entry of the strain.
    """

    kind: ClassVar[str] = "gaussian"

    sigma: float = 0.1

    def apply(self, cells: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Deform (B, 3, 3) lattices."""
        return gaussian_noise(cells, self.sigma, rng)

    validation = apply


@dataclass(frozen=True)
class UnitCube:
    """Cubes of 1 Å, from which the paper's table 3 reconstructs lattices."""

    kind: ClassVar[str] = "cube"

    def apply(
        self,
        cells: NDArray[np.float64],
        rng: np.random.Generator,  # noqa: ARG002
    ) -> NDArray[np.float64]:
        """Forget (B, 3, 3) lattices, all but the handedness."""
        sign = np.where(np.linalg.det(cells) < 0, -1.0, 1.0)
        return np.asarray(sign[:, None, None] * np.eye(3))

    validation = apply


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

    kind: ClassVar[str] = "schedule"

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

    def validation(
        self, cells: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Deform (B, 3, 3) lattices by the noise of the paper's table 2."""
        return gaussian_noise(cells, VALIDATION_SIGMA, rng)


NOISES: dict[str, type[StartCells]] = {
    made.kind: made for made in (NoiseSchedule, GaussianNoise, UnitCube)
}
"""Kinds of noise, by name."""


def start_cells(section: Any, where: str = "noise") -> StartCells:
    """Read the section ``noise`` of a configuration: ``kind`` and its options.

    Raises
    ------
    OptionError
        If the kind or an option is unknown.
    """
    if not isinstance(section, Mapping):
        raise OptionError(f"{where}: {section!r} is not a section with keys")
    options = dict(section)
    kind = options.pop("kind", NoiseSchedule.kind)
    known_or_refused("kind of noise", [kind], NOISES)
    return parse(NOISES[kind], options, where)
