from __future__ import annotations

import sys
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.phonons import Phonons as ASEPhonons
from children import run_in_child

from ase_ecn import ECNCalculator
from ase_ecn.errors import OptionError

pytest.importorskip("phonopy")
from ase_ecn.phonons import (
    Phonons,
    RelaxationError,
    load_phonons,
    phonons,
    relaxed,
)


@pytest.fixture(scope="module")
def copper() -> Phonons:
    return phonons(bulk("Cu", a=3.6), calculator=EMT())


def check_recursion_limit() -> None:
    limit = sys.getrecursionlimit()
    phonons(bulk("Cu"), calculator=EMT(), supercell=(2, 2, 2), relax=False)
    assert sys.getrecursionlimit() == limit


@pytest.mark.slow
def test_the_process_stays_as_it_was(forkserver: ForkServerContext) -> None:
    """Libraries that are imported on the way raise the limit of recursions."""
    run_in_child(forkserver, check_recursion_limit)


@pytest.mark.slow
def test_the_crystal_is_relaxed_first(copper: Phonons) -> None:
    at_rest = relaxed(bulk("Cu", a=3.6), EMT())
    assert copper.primitive.get_volume() == pytest.approx(at_rest.get_volume(), rel=1e-6)
    with pytest.raises(RelaxationError, match="is not relaxed after"):
        relaxed(bulk("Cu", a=3.8), EMT(), steps=1)


def test_frequencies_are_those_of_ase(copper: Phonons, tmp_path: Path) -> None:
    atoms = relaxed(bulk("Cu", a=3.6), EMT())
    theirs = ASEPhonons(atoms, EMT(), supercell=(5, 5, 5), delta=0.01, name=tmp_path / "phonon")
    theirs.run()
    theirs.read(acoustic=True)
    q = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.5]]  # X and L
    terahertz = theirs.band_structure(np.array(q)) / 4.135667696e-3
    np.testing.assert_allclose(copper.frequencies(q), np.sort(terahertz), rtol=0.02)


def test_bands_dos_and_stability(copper: Phonons) -> None:
    lowest, highest = copper.extremes(mesh=8)
    assert lowest == pytest.approx(0, abs=0.02)
    assert copper.is_stable(mesh=8)
    bands = copper.bands(points=40)
    assert bands.energies.shape[2] == 3
    assert bands.energies.max() == pytest.approx(highest, rel=0.05)
    frequency, density = copper.dos(mesh=8)
    states = ((density[1:] + density[:-1]) / 2 * np.diff(frequency)).sum()
    assert states == pytest.approx(3, rel=0.02)


def test_an_unstable_crystal_is_called_so() -> None:
    simple_cubic = bulk("Cu", "sc", a=2.4)
    found = phonons(simple_cubic, calculator=EMT(), supercell=(4, 4, 4))
    assert not found.is_stable(mesh=6)
    assert found.extremes(mesh=6)[0] < -0.5


def test_heavier_isotopes_are_slower() -> None:
    atoms = bulk("Cu")
    natural = phonons(atoms, calculator=EMT(), supercell=2, relax=False)
    atoms.set_masses([4 * atoms.get_masses()[0]])
    heavy = phonons(atoms, calculator=EMT(), supercell=[2, 2, 2], relax=False)
    q = [[0.5, 0.5, 0], [0.5, 0.5, 0.5], [0.1, 0.2, 0.3]]
    np.testing.assert_allclose(heavy.frequencies(q), natural.frequencies(q) / 2, rtol=1e-3)
    assert heavy.primitive.get_masses() == pytest.approx(atoms.get_masses())
    assert not natural.primitive.has("masses")


def test_isotopes_of_one_element_are_not_the_same() -> None:
    """Force constants do not depend on masses, so the trace of the dynamical matrix is known."""
    cubic = bulk("Cu", cubic=True)
    natural = phonons(cubic, calculator=EMT(), supercell=2, relax=False)
    cubic.set_masses(cubic.get_masses() * [1, 1, 1, 4])
    mixed = phonons(cubic, calculator=EMT(), supercell=2, relax=False)
    assert (len(natural.primitive), len(mixed.primitive)) == (1, 4)
    folded = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]  # to the cubic cell's q = 0
    trace = (natural.frequencies(folded) ** 2).sum()
    assert (mixed.frequencies([[0, 0, 0]]) ** 2).sum() == pytest.approx(
        trace * (3 + 1 / 4) / 4, rel=2e-3
    )


class Remembering(EMT):
    """EMT that keeps what it is asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Atoms] = []

    def calculate(self, atoms, properties, system_changes) -> None:
        self.asked.append(atoms.copy())
        super().calculate(atoms, properties, system_changes)


def test_displaced_cells_have_what_a_calculator_may_need() -> None:
    atoms = bulk("Cu", cubic=True)
    atoms.set_initial_magnetic_moments([1, 1, -1, -1])
    atoms.set_initial_charges([0.5, -0.5, 0.5, -0.5])
    atoms.set_tags([4, 5, 6, 7])
    atoms.info["spin"] = 0
    calculator = Remembering()
    found = phonons(atoms, calculator=calculator, supercell=2, relax=False)
    assert len(found.primitive) == 4  # the antiferromagnet's
    assert len(calculator.asked) >= 4
    for image in calculator.asked:
        assert image.info == {"spin": 0}
        assert len(image) == 32
        steps = (image.positions[:, None] - atoms.positions) @ np.linalg.inv(atoms.cell[:])
        source = np.abs(steps - np.rint(steps)).max(axis=2).argmin(axis=1)
        assert np.bincount(source).tolist() == [8] * 4
        for name in ("initial_magmoms", "initial_charges", "tags"):
            np.testing.assert_array_equal(image.get_array(name), atoms.get_array(name)[source])


def test_what_cannot_work_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PropertyNotImplementedError, match="not fitted to forces"):
        phonons(bulk("Cu"), calculator=ECNCalculator("ecn-mp20"))
    with pytest.raises(OptionError, match="displacement"):
        phonons(bulk("Cu"), calculator=EMT(), displacement=0.0)
    for supercell in (0, 1.5, [2, 2], [2, 2, -2], "two", np.zeros((3, 3))):
        with pytest.raises(OptionError, match="supercell must"):
            phonons(bulk("Cu"), calculator=EMT(), supercell=supercell, relax=False)
    with pytest.raises(OptionError, match="cannot read"):
        load_phonons(tmp_path / "missing.yaml")


@pytest.mark.data
def test_silicon_vibrates_as_in_vasp(data: Path) -> None:
    theirs = load_phonons(data / "phonons" / "Si-gruneisen__orig" / "phonopy.yaml.xz")
    ours = phonons(theirs.unit_cell, supercell=theirs.phonopy.supercell_matrix)
    assert ours.is_stable()
    assert ours.extremes()[1] == pytest.approx(theirs.extremes()[1], rel=0.1)


def salt(**options: object) -> Phonons:
    calculator = LennardJones(sigma=2.5, epsilon=0.2, rc=5.0)
    cell = bulk("NaCl", "rocksalt", a=5.6)
    return phonons(cell, calculator=calculator, supercell=[2, 2, 2], relax=False, **options)


def charges_of(charge: float) -> np.ndarray:
    return np.array([1.0, -1.0])[:, None, None] * charge * np.eye(3)


def squares(found: Phonons, direction: list[int] | None) -> np.ndarray:
    """Eigenvalues at q = 0 in eV/(Å² u); imaginary frequencies come as negative numbers."""
    terahertz = found.frequencies([[0, 0, 0]], direction=direction)[0]
    frequency = terahertz * 1e12 * 2 * np.pi * np.sqrt(units._amu / units._e) * 1e-10
    return np.sign(frequency) * frequency**2


def test_born_charges_separate_longitudinal_from_transversal_modes() -> None:
    """By what a uniform field does to ions of that charge, in a medium (Lyddane et al. 1941)."""
    found = salt(born_charges=charges_of(1.1), dielectric=2.3 * np.eye(3))
    without, with_field = squares(found, None), squares(found, [1, 0, 0])
    np.testing.assert_allclose(without, squares(salt(), None), atol=1e-8)
    sodium, chlorine = found.primitive.get_masses()
    reduced = sodium * chlorine / (sodium + chlorine)
    coulomb = units.Hartree * units.Bohr
    expected = 4 * np.pi * coulomb * 1.1**2 / (2.3 * found.primitive.get_volume() * reduced)
    np.testing.assert_allclose(with_field[:5], without[:5], atol=1e-6)
    assert with_field[5] - without[5] == pytest.approx(expected, rel=1e-4)


def test_charges_of_a_large_cell_are_those_of_its_primitive_cell() -> None:
    cubic = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    sign = np.where(cubic.numbers == 11, 1.0, -1.0)[:, None, None]
    calculator = LennardJones(sigma=2.5, epsilon=0.2, rc=5.0)
    options = {"dielectric": 2.3 * np.eye(3), "relax": False}
    big = phonons(
        cubic, calculator=calculator, supercell=1, born_charges=1.1 * sign * np.eye(3), **options
    )
    assert len(big.primitive) == 2
    born = big.phonopy.nac_params["born"]
    np.testing.assert_allclose(born, 1.1 * np.sign(born[:, :1, :1]) * np.eye(3), atol=1e-9)
    assert np.sign(born[:, 0, 0]).tolist() == [
        1.0 if number == 11 else -1.0 for number in big.primitive.numbers
    ]


def test_the_dielectric_tensor_is_predicted_where_none_is_given() -> None:
    found = salt(born_charges=charges_of(1.1)).phonopy.nac_params["dielectric"]
    cell = bulk("NaCl", "rocksalt", a=5.6)
    expected = ECNCalculator("ecn-tensors", dtype="float64").get_property("dielectric_tensor", cell)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"born_charges": np.zeros((3, 3, 3))}, r"born_charges must be \(2, 3, 3\)"),
        ({"born_charges": np.full((2, 3, 3), np.nan)}, "finite"),
        ({"born_charges": charges_of(1), "dielectric": 2.3}, r"dielectric must be \(3, 3\)"),
        ({"dielectric": np.eye(3)}, "no effect without born_charges"),
    ],
)
def test_charges_that_make_no_sense_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        salt(**options)
