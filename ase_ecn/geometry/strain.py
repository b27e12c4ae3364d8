"""Logarithmic strains: their exponentials, and the subspace that a relaxation may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ase_ecn.errors import OptionError

StrainMask: TypeAlias = (
    "Sequence[bool] | Sequence[int] | Sequence[Sequence[bool]] | NDArray[np.generic]"
)
"""Voigt components xx yy zz yz xz xy, or a symmetric 3x3; true where the strain may change."""

_VOIGT = ((0, 5, 4), (5, 1, 3), (4, 3, 2))
"""Position among the six Voigt components of each entry of a symmetric matrix."""


def exp_symmetric(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix exponential of a symmetric (3, 3) matrix."""
    values, vectors = np.linalg.eigh(strain)
    return np.asarray((vectors * np.exp(values)) @ vectors.T)


def log_strain(deformation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Symmetric logarithm of (..., 3, 3) deformations ``D``, without their rotation.

    ``D @ D.T`` is ``exp(2 S)``; the deformed cell ``cell @ D`` is ``cell @ exp(S)``, turned.
    """
    transposed = np.swapaxes(deformation, -1, -2)
    values, vectors = np.linalg.eigh(deformation @ transposed)
    logarithms = 0.5 * np.log(values)
    return np.asarray((vectors * logarithms[..., None, :]) @ np.swapaxes(vectors, -1, -2))


def total_log_strain(deformation: NDArray[np.float64]) -> float:
    """Frobenius norm of the logarithmic strain of a (3, 3) deformation."""
    values = np.linalg.eigvalsh(deformation @ deformation.T)
    return float(np.linalg.norm(0.5 * np.log(values)))


@dataclass(frozen=True, eq=False)
class AllowedStrain:
    """A linear subspace of strains in the Cartesian axes of the input cell.

    What obeys is the logarithm of the whole deformation since the start, as in ASE's
    ``FrechetCellFilter``, and not just each step of it: products of strains leave a subspace that
    their sums do not leave (two shears make an elongation).

    Attributes
    ----------
    mask
        (3, 3) symmetric, true for the components that may differ from zero.
    hydrostatic
        Only multiples of the identity.
    constant_volume
        Only strains without trace; the exponential of such a strain has determinant one.
    """

    mask: NDArray[np.bool_]
    hydrostatic: bool = False
    constant_volume: bool = False

    @cached_property
    def everything(self) -> bool:
        """Whether no strain is forbidden."""
        return bool(self.mask.all()) and not (self.hydrostatic or self.constant_volume)

    def project(self, strain: NDArray[np.float64]) -> NDArray[np.float64]:
        """Nearest allowed strain to each of the (..., 3, 3) symmetric ones."""
        if self.everything:
            return strain
        if self.hydrostatic:
            mean = np.trace(strain, axis1=-2, axis2=-1)[..., None, None] / 3
            return np.asarray(mean * np.eye(3))
        allowed = np.where(self.mask, strain, 0.0)
        if self.constant_volume and self.mask.diagonal().any():
            # Only the free diagonal can make up for the trace.
            share = np.diag(self.mask.diagonal() / self.mask.diagonal().sum())
            allowed = allowed - np.trace(allowed, axis1=-2, axis2=-1)[..., None, None] * share
        return np.asarray(allowed)

    def advance(
        self, deformation: NDArray[np.float64], strain: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Follow a (3, 3) deformation since the start by one more step's allowed strain.

        Unless everything is allowed, the result is symmetric: a rotation would turn the crystal
        against the axes that the subspace is fixed in.
        """
        moved = np.asarray(deformation @ exp_symmetric(self.project(strain)))
        if self.everything:
            return moved
        return exp_symmetric(self.project(log_strain(moved)))

    def to_dict(self) -> dict[str, object]:
        """Options that forbid something, for descriptions of a run."""
        options: dict[str, object] = {}
        if not self.mask.all():
            options["mask"] = self.mask.astype(int).tolist()
        if self.hydrostatic:
            options["hydrostatic"] = True
        if self.constant_volume:
            options["constant_volume"] = True
        return options


ANY_STRAIN = AllowedStrain(np.ones((3, 3), dtype=np.bool_))
"""No strain is forbidden."""


def allowed_strain(
    mask: StrainMask | None = None,
    *,
    hydrostatic: bool = False,
    constant_volume: bool = False,
    scalar_pressure: float = 0.0,
    with_atoms: bool = False,
    with_stress: bool = False,
) -> AllowedStrain:
    """Subspace of strains from options named as in ASE's cell filters.

    Parameters
    ----------
    mask
        Six components xx yy zz yz xz xy, or a symmetric 3x3; true where the strain may change.
        ``None`` for all.
    hydrostatic
        Only isotropic strain.
    constant_volume
        Only strain that keeps the volume.
    scalar_pressure
        Must be zero, unless there is a stress.
    with_atoms
        Whether atoms are relaxed too: then the mask may leave no strain.
    with_stress
        Whether the relaxation follows a stress, which a pressure can be set against.

    Raises
    ------
    OptionError
        If a value is not allowed, or if the options together leave nothing to relax.
    """
    if scalar_pressure != 0 and not with_stress:
        raise OptionError(
            f"scalar_pressure is {scalar_pressure}, only 0 is possible: the network has no "
            "stress; it was trained on lattices relaxed by DFT at zero pressure"
        )
    if hydrostatic and constant_volume:
        raise OptionError(
            "hydrostatic and constant_volume exclude each other: no isotropic strain "
            "preserves the volume"
        )
    if hydrostatic and mask is not None:
        raise OptionError(
            "hydrostatic and mask exclude each other: isotropic strain "
            "changes xx, yy and zz alike and has no shear"
        )
    allowed = AllowedStrain(_full_mask(mask), bool(hydrostatic), bool(constant_volume))
    if not hydrostatic and not with_atoms and not _has_freedom(allowed):
        raise OptionError(
            "mask"
            + (" and constant_volume leave" if constant_volume else " leaves")
            + " nothing to relax"
        )
    return allowed


def _has_freedom(allowed: AllowedStrain) -> bool:
    shears = np.triu(allowed.mask, 1).any()
    return bool(shears or allowed.mask.diagonal().sum() > int(allowed.constant_volume))


def _full_mask(mask: ArrayLike | None) -> NDArray[np.bool_]:
    if mask is None:
        return ANY_STRAIN.mask
    try:
        given = np.asarray(mask)
    except ValueError as error:  # rows of different lengths
        raise OptionError(f"mask must be rectangular, got {mask}") from error
    if given.shape not in ((6,), (3, 3)):
        raise OptionError(
            "mask must have the 6 components xx yy zz yz xz xy, or 3x3, "
            f"got the shape {given.shape}"
        )
    if not np.isin(given, (0, 1)).all():
        raise OptionError(f"mask must consist of true and false (or 1 and 0), got {mask}")
    full = (given[list(map(list, _VOIGT))] if given.ndim == 1 else given).astype(np.bool_)
    if (full != full.T).any():
        raise OptionError(f"a 3x3 mask must be symmetric, as strains are, got {mask}")
    return np.asarray(full)
