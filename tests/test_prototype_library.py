"""Both networks on pymatgen's AFLOW prototypes with supported elements.

One prototype of each crystal class on each lattice; all of them in the slow tests.
"""

from __future__ import annotations

import numpy as np
import pytest
import spglib
from ase import Atoms
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import UnsupportedElementError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.testing import (
    assert_prediction_invariant,
    assert_relaxation_equivariant,
    random_equivalent,
)
from reproduce.reports.invariance import aflow_structures

NEARLY_TETRAGONAL = ("FTl",)
"""Orthorhombic, but relaxed so that two lengths differ by less than the tolerance of symmetry: all
operations are kept, and further ones appear."""


@pytest.fixture(scope="module")
def all_prototypes() -> list[Atoms]:
    elements = PropertyPredictor(device="cpu").card.elements
    found = []
    structures = aflow_structures()
    for _, structure in structures:
        atoms = AseAtomsAdaptor.get_atoms(structure)
        atoms = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
        try:
            as_crystal(atoms, elements)
        except UnsupportedElementError:
            continue
        found.append(atoms)
    assert len(structures) == 288
    assert len(found) >= 280
    return found


@pytest.fixture(scope="module", params=["each class", pytest.param("all", marks=pytest.mark.slow)])
def library(request: pytest.FixtureRequest, all_prototypes: list[Atoms]) -> list[Atoms]:
    """All, or the first of each crystal class on each lattice and those that are an exception."""
    if request.param == "all":
        return all_prototypes
    first: dict[tuple[str, str], Atoms] = {}
    exceptions = []
    for atoms in all_prototypes:
        symmetry = spglib.get_symmetry_dataset(
            (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers), symprec=1e-3
        )
        first.setdefault((symmetry.international[0], symmetry.pointgroup), atoms)
        if atoms.get_chemical_formula() in NEARLY_TETRAGONAL:
            exceptions.append(atoms)
    assert len(first) >= 45
    assert {a.get_chemical_formula() for a in exceptions} == set(NEARLY_TETRAGONAL)
    return [*first.values(), *exceptions]


@pytest.fixture(scope="module")
def descriptions(library: list[Atoms]) -> tuple[list[Crystal], list[Crystal]]:
    """Each crystal, and another description of it."""
    rng = np.random.default_rng(20)
    others = [random_equivalent(atoms, rng, max_atoms=64).atoms for atoms in library]
    return [as_crystal(a) for a in library], [as_crystal(a) for a in others]


@pytest.mark.parametrize(
    ("dtype", "tolerance", "every"),
    # Double precision shows what is wrong with any of them; the rounding of some is enough.
    [("float32", 1e-5, 3), ("float64", 1e-8, 1)],
)
def test_predictions_are_invariant(
    library: list[Atoms],
    descriptions: tuple[list[Crystal], list[Crystal]],
    dtype: str,
    tolerance: float,
    every: int,
) -> None:
    predictor = PropertyPredictor(device="cpu", dtype=dtype)
    # Forces, which take longer, are among all properties of some.
    first, second = (
        predictor.predict(crystals[::every], forces=False) for crystals in descriptions
    )
    differences = np.array(
        [abs(a.formation_energy - b.formation_energy) for a, b in zip(first, second, strict=True)]
    )
    worst = int(differences.argmax())
    assert differences[worst] <= tolerance, (
        library[worst * every].get_chemical_formula(),
        differences[worst],
    )


def test_all_properties_of_some_are_invariant(library: list[Atoms]) -> None:
    rng = np.random.default_rng(21)
    predictor = PropertyPredictor(device="cpu", dtype="float64")
    for atoms in library[::4]:
        assert_prediction_invariant(predictor, atoms, rng, tolerance=1e-7)


def test_strains_turn_with_the_crystal(library: list[Atoms]) -> None:
    rng = np.random.default_rng(22)
    network = StrainPredictor(device="cpu", dtype="float64")
    for atoms in library[::2]:
        assert_relaxation_equivariant(network, atoms, rng, tolerance=1e-7)


def test_relaxation_keeps_the_space_group(
    descriptions: tuple[list[Crystal], list[Crystal]],
) -> None:
    network = StrainPredictor(device="cpu")
    crystals, _ = descriptions
    for crystal, outcome in zip(crystals, network.relax(crystals), strict=True):
        before, after = (
            spglib.get_symmetry_dataset(
                (cell, crystal.scaled_positions, crystal.numbers), symprec=1e-3
            )
            for cell in (crystal.cell, crystal.cell @ outcome.deformation)
        )
        formula = crystal.to_atoms().get_chemical_formula()
        operations = [{w.tobytes() for w in d.rotations} for d in (before, after)]
        if formula in NEARLY_TETRAGONAL:
            assert operations[0] < operations[1], formula
        else:
            assert before.number == after.number, formula
            assert operations[0] == operations[1], formula
