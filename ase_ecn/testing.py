"""Assertions about invariance, public so that others can test their own checkpoints with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.build import make_supercell
from numpy.typing import NDArray

from ase_ecn.crystal import as_crystal
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation import LatticeNetwork
from ase_ecn.symmetry.primitive import to_primitive


@dataclass(frozen=True)
class Equivalent:
    """Another description of the same crystal.

    Attributes
    ----------
    atoms
        The crystal in another cell, order, place and orientation.
    source
        For each of its atoms, the index of the atom of the original that it repeats.
    rotation
        (3, 3) orthogonal, with ``v' = v @ rotation`` for vectors of rows.
    """

    atoms: Atoms
    source: NDArray[np.int64]
    rotation: NDArray[np.float64]


def random_equivalent(
    atoms: Atoms, rng: np.random.Generator, max_atoms: int = 200, supercell: bool = True
) -> Equivalent:
    """Describe a crystal differently: supercell, lattice basis, rotation, translation, order.

    Parameters
    ----------
    atoms
        Any crystal.
    rng
        Source of randomness.
    max_atoms
        Supercells grow up to this.
    supercell
        Whether to make one at all.
    """
    atoms = Atoms(
        atoms.numbers, cell=atoms.cell, scaled_positions=atoms.get_scaled_positions(), pbc=True
    )
    atoms.set_array("source", np.arange(len(atoms)))
    basis = _random_unimodular(rng)
    if supercell:
        repeats = rng.integers(1, 4, size=3)
        while repeats.prod() * len(atoms) > max_atoms and repeats.max() > 1:
            repeats[repeats.argmax()] -= 1
        basis = basis @ np.diag(repeats)
    new = make_supercell(atoms, basis)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    new.set_cell(new.cell[:] @ rotation)
    new.positions = new.positions @ rotation + rng.normal(size=3) * 5
    new = new[rng.permutation(len(new))]
    assert isinstance(new, Atoms)
    new.wrap()
    source = new.get_array("source")
    del new.arrays["source"]
    return Equivalent(new, source, rotation)


def _random_unimodular(rng: np.random.Generator) -> NDArray[np.int64]:
    """Product of elementary shears, a permutation and a change of handedness."""
    matrix = np.eye(3, dtype=np.int64)[rng.permutation(3)]
    for _ in range(4):
        i, j = rng.choice(3, size=2, replace=False)
        shear = np.eye(3, dtype=np.int64)
        shear[i, j] = rng.integers(-2, 3)
        matrix = shear @ matrix
    return matrix * int(rng.choice([-1, 1]))


def assert_prediction_invariant(
    predictor: PropertyPredictor,
    atoms: Atoms,
    rng: np.random.Generator,
    *,
    tolerance: float,
    equivalents: int = 1,
) -> None:
    """Check that the predictions for a crystal don't depend on how it is described.

    Parameters
    ----------
    predictor
        A loaded ECN.
    atoms
        Crystal to test.
    rng
        Source of randomness for the equivalents.
    tolerance
        Largest allowed difference of each intensive property in its unit, and of each site's
        moment.
    equivalents
        How many to try.

    Raises
    ------
    AssertionError
        Naming the property and the difference.
    """
    others = [random_equivalent(atoms, rng) for _ in range(equivalents)]
    crystals = [as_crystal(atoms), *(as_crystal(other.atoms) for other in others)]
    reference, *predictions = predictor.predict(crystals)
    for other, prediction in zip(others, predictions, strict=True):
        for name, value in prediction.items():
            expected = reference[name]
            if isinstance(value, np.ndarray):
                expected = expected[other.source]
            elif name == "magnetization":
                value, expected = value / len(other.atoms), expected / len(atoms)
            difference = float(np.abs(value - expected).max())
            assert difference <= tolerance, (
                f"{name} of {atoms.get_chemical_formula()} differs by {difference:.3g}"
            )


def assert_relaxation_equivariant(
    network: LatticeNetwork, atoms: Atoms, rng: np.random.Generator, *, tolerance: float
) -> None:
    """Check that the strain of one step turns with the crystal and knows no supercell.

    Parameters
    ----------
    network
        A loaded EMPNN.
    atoms, rng
        Crystal to test, and the source of randomness for its equivalent.
    tolerance
        Largest allowed difference of a component of the logarithmic strain.

    Raises
    ------
    AssertionError
        With the difference.
    """
    other = random_equivalent(atoms, rng)
    first = to_primitive(as_crystal(atoms)).crystal
    second = as_crystal(other.atoms)
    strain = network.log_strains([first], first.cell[None])[0]
    turned = network.log_strains([second], second.cell[None])[0]
    difference = float(np.abs(other.rotation.T @ strain @ other.rotation - turned).max())
    assert difference <= tolerance, (
        f"the strain of {atoms.get_chemical_formula()} differs by {difference:.3g}"
    )
