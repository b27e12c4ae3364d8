"""A cell as what ASE's optimizers act on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.utils.abc import Optimizable
from numpy.typing import NDArray

from ase_ecn.crystal import as_crystal
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain
from ase_ecn.relaxation.predictor import StrainPredictor


class CellOptimizable(Optimizable):
    """The nine components of a cell as degrees of freedom.

    The "gradient" is minus the logarithmic strain predicted by the network, flattened; its norm is
    the Frobenius norm. It is not the gradient of an energy, so the value is NaN.
    """

    def __init__(
        self, atoms: Atoms, network: StrainPredictor, allowed: AllowedStrain = ANY_STRAIN
    ) -> None:
        self.atoms = atoms
        self.network = network
        self.allowed = allowed

    def ndofs(self) -> int:
        """Nine."""
        return 9

    def get_x(self) -> NDArray[np.float64]:
        """Cell vectors in Å, flattened."""
        return np.array(self.atoms.cell[:]).ravel()

    def set_x(self, x: NDArray[np.float64]) -> None:
        """Set the cell (flattened, Å) at fixed fractional coordinates."""
        self.atoms.set_cell(np.reshape(x, (3, 3)), scale_atoms=True, apply_constraint=False)

    def get_strain(self) -> NDArray[np.float64]:
        """(3, 3) logarithmic strain predicted for the present cell, as far as allowed."""
        crystal = as_crystal(self.atoms, self.network.card.elements).primitive.crystal
        return self.allowed.project(self.network.log_strains([crystal])[0])

    def get_gradient(self) -> NDArray[np.float64]:
        """Minus the strain, flattened."""
        return -self.get_strain().ravel()

    def get_value(self) -> float:
        """NaN: the network has no energy."""
        return float("nan")

    def gradient_norm(self, gradient: NDArray[np.float64]) -> float:
        """Frobenius norm of the strain."""
        return float(np.linalg.norm(gradient))

    def iterimages(self) -> Iterator[Atoms]:
        """The atoms, for trajectories."""
        return iter([self.atoms])
