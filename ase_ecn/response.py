"""What follows from response tensors: moduli of an elastic tensor, the refractive index, and more.

Voigt's order is xx yy zz yz xz xy. An elastic tensor relates stresses to strains of which those of
shape count twice, so its inverse is the compliance in the form that pymatgen has too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import OptionError, PropertyUnavailableError
from ase_ecn.properties import (
    DIELECTRIC_TENSOR,
    DIELECTRIC_TENSOR_TOTAL,
    ELASTIC_TENSOR,
    PIEZOELECTRIC_TENSOR,
)


class Averages(NamedTuple):
    """Averages over all orientations: Voigt's are upper bounds, Reuss's are lower ones.

    All are in the unit of the stiffness.
    """

    bulk_voigt: Any
    bulk_reuss: Any
    shear_voigt: Any
    shear_reuss: Any

    @property
    def bulk(self) -> Any:
        """Hill's mean of both bounds of the bulk modulus."""
        return (self.bulk_voigt + self.bulk_reuss) / 2

    @property
    def shear(self) -> Any:
        """Hill's mean of both bounds of the shear modulus."""
        return (self.shear_voigt + self.shear_reuss) / 2


def averages(stiffness: Any, compliance: Any) -> Averages:
    """Moduli of polycrystals (Hill 1952, doi:10.1088/0370-1298/65/5/307).

    Parameters
    ----------
    stiffness, compliance
        (..., 6, 6) in Voigt's form, inverse to each other; arrays or tensors of PyTorch.
    """
    c, s = _sums(stiffness), _sums(compliance)
    return Averages(
        (c[0] + 2 * c[1]) / 9,
        1 / (s[0] + 2 * s[1]),
        (c[0] - c[1] + 3 * c[2]) / 15,
        15 / (4 * s[0] - 4 * s[1] + 3 * s[2]),
    )


def _sums(m: Any) -> tuple[Any, Any, Any]:
    """Of the first three diagonal elements, of those between them, and of the last three."""
    straight = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    between = m[..., 0, 1] + m[..., 0, 2] + m[..., 1, 2]
    return straight, between, m[..., 3, 3] + m[..., 4, 4] + m[..., 5, 5]


def moduli(stiffness: NDArray[np.float64]) -> dict[str, float]:
    """Moduli of an elastic tensor.

    Parameters
    ----------
    stiffness
        (6, 6) in Voigt's form, GPa.

    Returns
    -------
    dict
        ``bulk_modulus`` and ``shear_modulus``, the means of Voigt's and Reuss's averages, and
        ``young_modulus`` in GPa, ``poisson_ratio``, and ``universal_anisotropy`` (Ranganathan and
        Ostoja-Starzewski 2008, doi:10.1103/PhysRevLett.101.055504), zero for an isotropic crystal.

    Raises
    ------
    PropertyUnavailableError
        If some deformation costs no energy: then the crystal is not stable, and has no moduli.
    """
    _check_positive(stiffness)
    found = averages(stiffness, np.linalg.inv(stiffness))
    bulk, shear = float(found.bulk), float(found.shear)
    ratios = 5 * found.shear_voigt / found.shear_reuss + found.bulk_voigt / found.bulk_reuss
    return {
        "bulk_modulus": bulk,
        "shear_modulus": shear,
        "young_modulus": 9 * bulk * shear / (3 * bulk + shear),
        "poisson_ratio": (3 * bulk - 2 * shear) / (2 * (3 * bulk + shear)),
        "universal_anisotropy": max(float(ratios) - 6, 0.0),
    }


def _check_positive(stiffness: NDArray[np.float64]) -> None:
    lowest = float(np.linalg.eigvalsh(stiffness)[0])
    if not lowest > 0:
        raise PropertyUnavailableError(
            f"the elastic tensor is not positive: its lowest eigenvalue is {lowest:.3g} GPa"
        )


_PAIRS = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
_FIRST, _SECOND = np.array([0, 1, 2, 1, 0, 0]), np.array([0, 1, 2, 2, 2, 1])


def rotated(tensor: NDArray[np.float64], rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """A response tensor of a crystal that was turned.

    Parameters
    ----------
    tensor
        (3, 3); (6, 6) or (3, 6) in Voigt's form, of stresses.
    rotation
        (3, 3) orthogonal, with ``v' = v @ rotation`` for vectors of rows; it may be improper.
    """
    pairs = [axis for axis, size in enumerate(tensor.shape) if size == 6]
    for axis in reversed(pairs):  # each becomes two indices
        tensor = np.moveaxis(np.moveaxis(tensor, axis, -1)[..., _PAIRS], (-2, -1), (axis, axis + 1))
    for axis in range(tensor.ndim):
        tensor = np.moveaxis(np.tensordot(tensor, rotation, (axis, 0)), -1, axis)
    for axis in reversed([a + k for k, a in enumerate(pairs)]):
        flat = np.moveaxis(tensor, (axis, axis + 1), (-2, -1))[..., _FIRST, _SECOND]
        tensor = np.moveaxis(flat, -1, axis)
    return tensor


def along(tensor: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a response tensor says of a direction: the number whose surface is drawn of it.

    Parameters
    ----------
    tensor
        (6, 6) stiffness, (3, 3) dielectric or (3, 6) piezoelectric tensor in Voigt's form.
    directions
        (D, 3) unit vectors n.

    Returns
    -------
    ndarray
        (D,) Young's modulus of a pull along n; the dielectric constant ``n e n`` of a field along
        n; the polarisation along n of a strain ``n n``. In the unit of the tensor.

    Raises
    ------
    PropertyUnavailableError
        If some deformation costs no energy: then there are no Young's moduli.
    OptionError
        If the tensor has another shape.
    """
    n = np.asarray(directions, dtype=np.float64)
    if tensor.shape == (3, 3):
        return np.asarray(np.einsum("di,ij,dj->d", n, tensor, n))
    stress = n[:, _FIRST] * n[:, _SECOND]
    if tensor.shape == (6, 6):
        _check_positive(tensor)
        compliance = np.linalg.inv(tensor)
        return np.asarray(1 / np.einsum("da,ab,db->d", stress, compliance, stress))
    if tensor.shape == (3, 6):
        strain = stress * np.array([1, 1, 1, 2, 2, 2])
        return np.asarray(np.einsum("di,ia,da->d", n, tensor, strain))
    raise OptionError(f"a response tensor is 3x3, 6x6 or 3x6, not {tensor.shape}")


_FOLLOWING: Mapping[str, tuple[str, ...]] = {
    ELASTIC_TENSOR: (
        "bulk_modulus",
        "shear_modulus",
        "young_modulus",
        "poisson_ratio",
        "universal_anisotropy",
    ),
    DIELECTRIC_TENSOR: ("refractive_index",),
    DIELECTRIC_TENSOR_TOTAL: ("dielectric_constant",),
    PIEZOELECTRIC_TENSOR: ("largest_piezoelectric_constant",),
}


STATED: Mapping[str, tuple[str, ...]] = {
    ELASTIC_TENSOR: ("bulk_modulus", "shear_modulus"),
    DIELECTRIC_TENSOR: ("refractive_index",),
    DIELECTRIC_TENSOR_TOTAL: ("dielectric_constant",),
}
"""Numbers of each tensor that labels are had of, so that a network may state their errors."""


class ResponseScalars:
    """Numbers that follow from one response tensor, a derivation as of :mod:`ase_ecn.derived`.

    ``refractive_index`` is the root of the mean electronic dielectric constant,
    ``dielectric_constant`` the mean static one, ``largest_piezoelectric_constant`` the largest
    length of the polarisation that a strain of norm one makes, C/m². :func:`moduli` has the others.

    Parameters
    ----------
    tensor
        Name of the tensor.
    """

    def __init__(self, tensor: str) -> None:
        self.tensor = tensor

    def names(self, predicted: Collection[str]) -> tuple[str, ...]:
        """Names of what follows; none without the tensor."""
        return _FOLLOWING[self.tensor] if self.tensor in predicted else ()

    def values(self, numbers: NDArray[np.int64], predicted: Mapping[str, Any]) -> dict[str, Any]:
        """Values by name; :func:`moduli` says where there are none."""
        del numbers
        tensor = np.asarray(predicted[self.tensor])
        if self.tensor == ELASTIC_TENSOR:
            return dict(moduli(tensor))
        (name,) = _FOLLOWING[self.tensor]
        if self.tensor == PIEZOELECTRIC_TENSOR:
            # In Mandel's form of strains the largest singular value is the same in every frame.
            scaled = tensor * np.array([1, 1, 1, *[np.sqrt(2)] * 3])
            return {name: float(np.linalg.svd(scaled, compute_uv=False)[0])}
        mean = float(np.trace(tensor)) / 3
        return {name: mean**0.5 if self.tensor == DIELECTRIC_TENSOR else mean}


def response_scalars() -> tuple[ResponseScalars, ...]:
    """A derivation for each tensor."""
    return tuple(map(ResponseScalars, _FOLLOWING))
