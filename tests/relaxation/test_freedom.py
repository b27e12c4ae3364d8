from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from scipy import sparse

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.geometry.strain import allowed_strain
from ase_ecn.relaxation import freedom as module
from ase_ecn.relaxation.freedom import Freedom, Operations, freedom, operations
from ase_ecn.relaxation.stiffness import solver, stiffness


def everything(crystal: Crystal) -> Freedom:
    """Without any symmetry."""
    return freedom(crystal, Operations(np.eye(3)[None], np.arange(len(crystal))[None]))


def test_symmetry_leaves_what_the_tables_say() -> None:
    for atoms, numbers in (
        (bulk("MgO", "rocksalt", a=4.2), 1),  # the volume
        (bulk("Si"), 1),
        (bulk("ZnO", "wurtzite", a=3.2, c=5.2), 4),  # a, c, and z of two sites, one of them free
    ):
        crystal = as_crystal(atoms).primitive.crystal
        free = freedom(crystal, operations(crystal, crystal.numbers))
        assert free.basis.shape == (3 * len(crystal) + 6, numbers)
        np.testing.assert_allclose(free.basis.T @ free.basis, np.eye(numbers), atol=1e-9)
    assert everything(crystal).basis.shape[1] == 3 * len(crystal) + 6


def test_fixed_atoms_and_forbidden_strains_leave_less() -> None:
    crystal = as_crystal(bulk("ZnO", "wurtzite", a=3.2, c=5.2)).primitive.crystal
    fixed = crystal.numbers == 30
    kinds = crystal.numbers + 1000 * fixed
    free = freedom(crystal, operations(crystal, kinds), fixed=fixed)
    assert free.basis.shape[1] == 3
    # In the plane: with a strain along x alone, the threefold axis is gone, its mirror is not.
    along_x = allowed_strain([1, 0, 0, 0, 0, 0])
    group = operations(crystal, crystal.numbers, along_x)
    assert len(group.rotations) == 4
    free = freedom(crystal, group, along_x)
    _, strain = free.displaced(np.ones(free.basis.shape[1]))
    assert abs(strain[0, 0]) > 0.1
    assert np.abs(strain[1:]).max() < 1e-10


def test_left_handed_cells_have_the_same_symmetry() -> None:
    crystal = as_crystal(bulk("ZnO", "wurtzite", a=3.2, c=5.2)).primitive.crystal
    swapped = Crystal(
        crystal.numbers, crystal.cell[[1, 0, 2]], crystal.scaled_positions[:, [1, 0, 2]]
    )
    group = operations(swapped, swapped.numbers)
    assert len(group.rotations) == 12
    assert freedom(swapped, group).basis.shape[1] == 4


def test_gradients_are_those_of_the_energy() -> None:
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.1, seed=2)
    crystal = as_crystal(atoms)
    free = everything(crystal)
    rng = np.random.default_rng(0)
    strain = rng.normal(scale=0.04, size=(3, 3))
    strain = strain + strain.T
    q = crystal.positions + rng.normal(scale=0.05, size=(4, 3))

    def energy(step: np.ndarray) -> float:
        moved, more = free.displaced(step)
        image = free.crystal(q + moved, strain + more).to_atoms()
        image.calc = EMT()
        return float(image.get_potential_energy())

    image = free.crystal(q, strain).to_atoms()
    image.calc = EMT()
    virial = image.get_stress(voigt=False) * image.get_volume()
    gradient = free.gradient(strain, image.get_forces(), virial)
    for k in range(len(gradient)):
        step = 1e-5 * np.eye(len(gradient))[k]
        slope = (energy(step) - energy(-step)) / 2e-5
        assert gradient[k] == pytest.approx(slope, abs=2e-6)


def test_large_crystals_are_sparse_and_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = bulk("MgO", "rocksalt", a=4.2, cubic=True)
    atoms.rattle(0.1, seed=2)
    crystal = as_crystal(atoms)
    dense = everything(crystal)
    monkeypatch.setattr(module, "_SMALL_BASIS", 0)
    thin = everything(crystal)
    assert sparse.issparse(thin.basis)
    matrix = stiffness(crystal, dense)
    np.testing.assert_allclose(stiffness(crystal, thin).toarray(), matrix, atol=1e-12)
    vector = np.random.default_rng(0).normal(size=len(matrix))
    np.testing.assert_allclose(
        solver(stiffness(crystal, thin))(vector), solver(matrix)(vector), atol=1e-9
    )


def test_the_model_is_stiff_but_for_translations() -> None:
    crystal = as_crystal(bulk("MgO", "rocksalt", a=4.2, cubic=True))
    matrix = np.asarray(stiffness(crystal, everything(crystal)))
    values = np.linalg.eigvalsh(matrix)
    assert values[:3] == pytest.approx(0, abs=1e-9)
    assert values[3] > 0.1
