"""Networks that are not there, and crystals that have somewhere to relax to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from ase import Atoms
from ase.build import bulk

from ase_ecn import LatticeRelaxer, Relaxation
from ase_ecn.crystal import Crystal
from ase_ecn.geometry.strain import exp_symmetric
from ase_ecn.relaxation.predictor import StrainPredictor

Strains = Callable[..., np.ndarray]


def relaxer(atoms: Atoms, network: StrainPredictor, **options: object) -> LatticeRelaxer:
    return LatticeRelaxer(atoms, checkpoint=network, **{"logfile": None, **options})  # type: ignore[arg-type]


def skewed() -> Atoms:
    """Wurtzite with every component of the strain from relaxed."""
    atoms = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
    strain = np.array([[0.06, 0.02, 0.01], [0.02, -0.03, 0.03], [0.01, 0.03, 0.05]])
    atoms.set_cell(atoms.cell[:] @ exp_symmetric(strain), scale_atoms=True)
    return atoms


def pull(towards: float, factor: float) -> Strains:
    """A network that changes the volume per atom by a factor of what is missing in it."""

    def log_strains(
        self: StrainPredictor, crystals: Sequence[Crystal], graphs: object = None
    ) -> np.ndarray:
        sizes = np.array([len(crystal) for crystal in crystals])
        volumes = np.array([crystal.volume for crystal in crystals])
        missing = np.log(towards * sizes / volumes) / 3
        return np.asarray(factor * missing[:, None, None] * np.eye(3))

    return log_strains


def assert_same_ends(
    found: Sequence[Relaxation], expected: Sequence[Relaxation], atol: float
) -> None:
    """Same reasons and steps, and the same cells and places (Å) up to a tolerance."""
    for one, other in zip(found, expected, strict=True):
        for name in ("reason", "steps", "converged", "out_of_domain"):
            assert getattr(one, name) == getattr(other, name)
        np.testing.assert_allclose(one.atoms.cell[:], other.atoms.cell[:], atol=atol)
        np.testing.assert_allclose(one.atoms.positions, other.atoms.positions, atol=atol)
        np.testing.assert_allclose(one.deformation, other.deformation, atol=atol)
