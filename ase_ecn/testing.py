"""Assertions about invariance and generated inputs, public so that others can test with them.

The strategies :func:`crystals` and :func:`unusual_inputs` need hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.constraints import FixAtoms
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress
from numpy.typing import NDArray

from ase_ecn.crystal import as_crystal
from ase_ecn.geometry.pairs import neighbor_lists
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import find
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.response import rotated

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

COMMON_ELEMENTS = (1, 3, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 20, 22, 26, 28, 29, 30, 38, 50, 56, 82)


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

    The basis may be left-handed and the rotation improper.

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
    rotation *= rng.choice([-1, 1])  # LAPACK's are never improper
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
            if isinstance(value, Mapping):
                continue  # shares of phases, which follow from the composition alone
            expected = turned(name, reference[name], other)
            if isinstance(value, np.ndarray) and find(name).per_site:
                expected = expected[other.source]
            elif find(name).extensive:
                value, expected = value / len(other.atoms), expected / len(atoms)
            difference = float(np.abs(value - expected).max())
            assert difference <= tolerance, (
                f"{name} of {atoms.get_chemical_formula()} differs by {difference:.3g}"
            )


def turned(name: str, value: Any, other: Equivalent) -> Any:
    """What a property of a crystal is after the rotation of another description of it."""
    if name == "forces":
        return value @ other.rotation
    if name == "stress":
        tensor = voigt_6_to_full_3x3_stress(value)
        return full_3x3_to_voigt_6_stress(other.rotation.T @ tensor @ other.rotation)
    if find(name).kind == "tensor":
        return rotated(value, other.rotation)
    return value


def assert_relaxation_equivariant(
    network: StrainPredictor, atoms: Atoms, rng: np.random.Generator, *, tolerance: float
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
    first = as_crystal(atoms).primitive.crystal
    second = as_crystal(other.atoms)
    strain = network.log_strains([first])[0]
    turned = network.log_strains([second])[0]
    difference = float(np.abs(other.rotation.T @ strain @ other.rotation - turned).max())
    assert difference <= tolerance, (
        f"the strain of {atoms.get_chemical_formula()} differs by {difference:.3g}"
    )


def crystals(
    *, elements: Sequence[int] = COMMON_ELEMENTS, max_atoms: int = 6
) -> SearchStrategy[Atoms]:
    """Strategy for crystals that every checkpoint with these elements must accept.

    Parameters
    ----------
    elements
        Atomic numbers to draw from.
    max_atoms
        Largest number of atoms in a cell.

    Returns
    -------
    SearchStrategy
        Of atoms in cells with lattice vectors of a few Å, any angles, at least 1 Å apart.
    """
    from hypothesis import strategies as st

    lengths = st.lists(st.floats(2.5, 8), min_size=3, max_size=3)
    skew = st.lists(st.floats(-3, 3), min_size=3, max_size=3)
    numbers = st.lists(st.sampled_from(list(elements)), min_size=1, max_size=max_atoms)
    return st.builds(_packed, numbers, lengths, skew, st.integers(0, 2**32 - 1)).filter(_far_apart)


def _packed(
    numbers: Sequence[int], lengths: Sequence[float], skew: Sequence[float], seed: int
) -> Atoms:
    """Atoms anywhere in a cell of 15 Å³ for each."""
    cell = np.diag(lengths)
    cell[1, 0], cell[2, 0], cell[2, 1] = skew
    cell *= (len(numbers) * 15.0 / np.linalg.det(cell)) ** (1 / 3)
    rng = np.random.default_rng(seed)
    return Atoms(numbers, cell=cell, scaled_positions=rng.random((len(numbers), 3)), pbc=True)


def random_crystal(
    rng: np.random.Generator, *, elements: Sequence[int] = COMMON_ELEMENTS, max_atoms: int = 6
) -> Atoms:
    """Draw one such crystal as :func:`crystals` generates, without hypothesis."""
    while True:
        numbers = rng.choice(elements, size=rng.integers(1, max_atoms + 1)).tolist()
        lengths, skew = rng.uniform(2.5, 8, size=3), rng.uniform(-3, 3, size=3)
        atoms = _packed(numbers, lengths.tolist(), skew.tolist(), int(rng.integers(2**32)))
        if _far_apart(atoms):
            return atoms


def _far_apart(atoms: Atoms) -> bool:
    """Whether no two atoms, or images of one, are within 1 Å."""
    cells, counts = atoms.cell.array[None], np.array([len(atoms)])
    return not neighbor_lists(cells, atoms.positions, counts, 1.0).counts.any()


def unusual_inputs(*kinds: str) -> SearchStrategy[tuple[str, Any]]:
    """Strategy for inputs as they come from other people's scripts and files.

    Parameters
    ----------
    *kinds
        Some of :data:`UNUSUAL_KINDS`; all, if none is given.

    Returns
    -------
    SearchStrategy
        Of pairs of a name of what is unusual and the input. Each of them must give a finite
        result, the same as of any equivalent input, or an :class:`ase_ecn.errors.ASEECNError`.
    """
    from hypothesis import strategies as st

    return st.builds(
        lambda name, atoms, seed: (name, _TWISTS[name](atoms, np.random.default_rng(seed))),
        st.sampled_from(sorted(kinds or _TWISTS)),
        crystals(),
        st.integers(0, 2**32 - 1),
    )


def random_unusual_input(atoms: Atoms, rng: np.random.Generator) -> tuple[str, Any]:
    """Make one such input as :func:`unusual_inputs` generates of a crystal, without hypothesis."""
    name = str(rng.choice(sorted(_TWISTS)))
    return name, _TWISTS[name](atoms, rng)


def _with_cell(atoms: Atoms, cell: NDArray[np.float64], scale_atoms: bool = True) -> Atoms:
    atoms.set_cell(cell, scale_atoms=scale_atoms)
    return atoms


def _with_entry(atoms: Atoms, array: str, value: float, rng: np.random.Generator) -> Atoms:
    """Atoms with one number of their positions or cell exchanged."""
    target = atoms.positions if array == "positions" else atoms.cell.array
    target[rng.integers(len(target)), rng.integers(3)] = value
    return atoms


def _with_number(atoms: Atoms, number: int) -> Atoms:
    atoms.numbers[0] = number
    return atoms


def _with_pbc(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    atoms.pbc = rng.random(3) < 0.5
    return atoms


def _with_property(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    n = len(atoms)
    atoms.set_initial_charges(rng.normal(size=n))
    atoms.set_initial_magnetic_moments(rng.normal(size=n))
    atoms.set_momenta(rng.normal(size=(n, 3)))
    atoms.set_masses(rng.uniform(1, 300, size=n))
    atoms.set_tags(rng.integers(0, 9, size=n))
    return atoms


def _with_constraint(atoms: Atoms) -> Atoms:
    atoms.set_constraint([FixAtoms([0])])
    return atoms


def _coincident(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    double: Atoms = atoms[[0]]
    double.positions += rng.normal(size=3) * 10.0 ** rng.uniform(-12, 0)
    both: Atoms = atoms + double
    return both


def _line(rng: np.random.Generator) -> Atoms:
    n = int(rng.integers(20, 90))
    positions = np.zeros((n, 3))
    positions[:, 0] = 2.5 * np.arange(n)
    return Atoms("Si" * n, positions=positions, cell=[2.5 * n, 4.0, 4.0], pbc=True)


def _nearly_repeated(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    atoms = atoms.repeat((1, 1, 2))
    atoms.positions[0] += rng.normal(size=3) * 10.0 ** rng.uniform(-7, -1)
    return atoms


def _nearly_cubic(rng: np.random.Generator) -> Atoms:
    strain = rng.normal(size=(3, 3)) * 10.0 ** rng.uniform(-9, -2)
    rocksalt = bulk("NaCl", "rocksalt", a=5.64, cubic=bool(rng.random() < 0.5))
    return _with_cell(rocksalt, rocksalt.cell[:] @ (np.eye(3) + strain))


_TWISTS: dict[str, Callable[[Atoms, np.random.Generator], Any]] = {
    "none": lambda atoms, _rng: atoms,
    "no atoms": lambda atoms, _rng: atoms[:0],
    "not atoms": lambda _atoms, rng: rng.choice(np.array([None, "NaCl", 3, {}], dtype=object)),
    "NaN in positions": lambda atoms, rng: _with_entry(atoms, "positions", np.nan, rng),
    "infinity in the cell": lambda atoms, rng: _with_entry(atoms, "cell", np.inf, rng),
    "a huge number in positions": lambda atoms, rng: _with_entry(atoms, "positions", 1e18, rng),
    "a dummy element": lambda atoms, _rng: _with_number(atoms, 0),
    "an element beyond the table": lambda atoms, _rng: _with_number(atoms, 130),
    "a rare element": lambda atoms, rng: _with_number(atoms, int(rng.integers(84, 119))),
    "partial periodicity": _with_pbc,
    "a flat cell": lambda atoms, _rng: _with_cell(atoms, atoms.cell[:] * [1, 1, 1e-9]),
    "no cell": lambda atoms, _rng: _with_cell(atoms, np.zeros((3, 3)), scale_atoms=False),
    "a tiny cell": lambda atoms, rng: _with_cell(atoms, atoms.cell[:] * rng.uniform(1e-6, 0.5)),
    "a huge cell": lambda atoms, rng: _with_cell(atoms, atoms.cell[:] * 10 ** rng.uniform(1, 8)),
    "ten times the volume": lambda atoms, _rng: _with_cell(atoms, atoms.cell[:] * 10 ** (1 / 3)),
    "vacuum": lambda atoms, _rng: _with_cell(
        atoms, atoms.cell[:] + np.diag([0, 0, 15.0]), scale_atoms=False
    ),
    "a left-handed cell": lambda atoms, _rng: _with_cell(atoms, atoms.cell[[1, 0, 2]], False),
    "a very skewed cell": lambda atoms, rng: _with_cell(
        atoms, np.array([[1, 0, 0], [0, 1, 0], [rng.integers(-50, 50), 7, 1]]) @ atoms.cell, False
    ),
    "charges, momenta, isotopes": _with_property,
    "constraints": lambda atoms, _rng: _with_constraint(atoms),
    "integer and strided arrays": lambda atoms, _rng: Atoms(
        atoms.numbers[::-1], positions=np.asfortranarray(np.rint(atoms.positions)), cell=atoms.cell,
        pbc=np.array([1, 1, 1]),
    ),
    "coincident atoms": _coincident,
    "a line of atoms": lambda _atoms, rng: _line(rng),
    "nearly a repetition": _nearly_repeated,
    "nearly cubic": lambda _atoms, rng: _nearly_cubic(rng),
}  # fmt: skip

UNUSUAL_KINDS = tuple(sorted(_TWISTS))
"""What may be unusual about an input."""
