from __future__ import annotations

import numpy as np
import torch
from ase import Atoms

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.nn.empnn import EMPNN, bound_norm
from ase_ecn.testing import random_equivalent


def deformed(model: EMPNN, crystals: list[Crystal]) -> np.ndarray:
    batch = lattice_batch(crystals, model.config.neighbors, dtype=torch.float64)
    with torch.inference_mode():
        return model(batch)[-1].numpy()


def test_empnn_turns_with_the_crystal(small_empnn: EMPNN, prototypes: dict[str, Atoms]) -> None:
    """Rotation, lattice basis, order, translation and supercell, in float64 to 1e-8."""
    rng = np.random.default_rng(2)
    shear = np.array([[1.05, 0.02, 0], [0, 0.97, 0.03], [0.01, 0, 1.02]])
    for name, atoms in prototypes.items():
        atoms = atoms.copy()
        atoms.set_cell(atoms.cell[:] @ shear, scale_atoms=True)
        other = random_equivalent(atoms, rng, max_atoms=40)
        first, second = as_crystal(atoms), as_crystal(other.atoms)
        one, two = (np.linalg.solve(c.cell, deformed(small_empnn, [c])[0]) for c in (first, second))
        assert np.abs(one - np.eye(3)).max() > 1e-4, "the network does nothing"
        turned = other.rotation.T @ one @ other.rotation
        np.testing.assert_allclose(turned, two, atol=1e-8, err_msg=name)


def test_empnn_keeps_cubic_cells_cubic(small_empnn: EMPNN, prototypes: dict[str, Atoms]) -> None:
    for name in ("fcc", "bcc", "sc", "diamond", "rocksalt", "perovskite"):
        crystal = as_crystal(prototypes[name])
        strain = np.linalg.solve(crystal.cell, deformed(small_empnn, [crystal])[0])
        np.testing.assert_allclose(strain, strain[0, 0] * np.eye(3), atol=1e-10)


def test_bounded_strain_keeps_direction_and_limit() -> None:
    strain = torch.randn(5, 3, 3, dtype=torch.float64) * 10
    bounded = bound_norm(strain, 0.5)
    assert (bounded.norm(dim=(1, 2)) < 0.5).all()
    small = strain * 1e-6
    torch.testing.assert_close(bound_norm(small, 0.5), small, rtol=1e-8, atol=0)
