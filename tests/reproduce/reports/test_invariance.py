"""The same answer for all descriptions of a crystal, and no jumps between crystals."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from ase_ecn.prediction import PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.testing import random_equivalent
from reproduce.reports import invariance
from reproduce.reports.invariance import (
    EDGE_BOUND,
    EQUIVALENTS,
    Disagreement,
    Pair,
    disagreements,
    edge_jump,
    equivalent_pairs,
    prototype_library,
    table,
)

ENERGY = {"exact": 1e-5, "noise": 1e-5, "tolerance": EDGE_BOUND}
"""Largest difference in eV/atom by what is special about a description."""
DEFORMATION = {"exact": 2e-5, "noise": 2e-5, "tolerance": 2e-3}
"""The same of a component of the deformation of a relaxation."""


@pytest.fixture(scope="module")
def networks() -> tuple[PropertyPredictor, StrainPredictor]:
    # To a network with forces, noise in the positions is a displacement.
    return PropertyPredictor("ecn-mp20", device="cpu"), StrainPredictor(device="cpu")


@pytest.fixture(scope="module")
def library(networks: tuple[PropertyPredictor, StrainPredictor]) -> dict[str, Atoms]:
    found = prototype_library(networks[0].card.elements & networks[1].card.elements)
    assert len(found) == 288
    return found


def check(found: list[Disagreement]) -> None:
    for case in found:
        assert case.energy <= ENERGY[case.kind], case
        if case.same_stop:
            assert case.deformation <= DEFORMATION[case.kind], case
    # A strain next to the tolerance may end a relaxation one step sooner.
    assert sum(not case.same_stop for case in found) <= 0.002 * len(found) + 1


def test_descriptions_of_some_prototypes_agree(
    networks: tuple[PropertyPredictor, StrainPredictor],
    library: dict[str, Atoms],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(invariance, "MAX_ATOMS", 48)  # larger ones are for the long run
    rng = np.random.default_rng(5)
    names = list(library)[::24]
    pairs = [pair for name in names for pair in equivalent_pairs(name, library[name], 5, rng)]
    found = disagreements(*networks, pairs)
    assert len(found) == 5 * len(names)
    check(found)
    kinds = [line.split("|")[1].strip() for line in table(found).splitlines()[2:5]]
    assert kinds == ["exact", "noise", "tolerance"]


def test_a_disagreement_would_be_seen(
    networks: tuple[PropertyPredictor, StrainPredictor], library: dict[str, Atoms]
) -> None:
    """Of crystals that are not the same."""
    rng = np.random.default_rng(5)
    (name, atoms), *_ = library.items()
    (pair,) = equivalent_pairs(name, atoms, 1, rng)
    strained = atoms.copy()
    strained.set_cell(strained.cell[:] * [1.02, 1, 1], scale_atoms=True)
    (other,) = equivalent_pairs(name, strained, 1, np.random.default_rng(5))
    mixed = Pair(name, "exact", pair.first, other.second, pair.rotation)
    (case,) = disagreements(*networks, [mixed])
    assert case.energy > 1e-4
    assert case.deformation > 1e-3


def test_equivalents_are_of_all_kinds(library: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(0)
    atoms = next(iter(library.values()))
    made = [random_equivalent(atoms, rng) for _ in range(30)]
    for sign in (-1, 1):
        assert any(np.sign(np.linalg.det(e.rotation)) == sign for e in made)
        assert any(np.sign(np.linalg.det(e.atoms.cell.array)) == sign for e in made)
    assert max(len(e.atoms) for e in made) > 100


@pytest.mark.parametrize("formula", ["W", "Po", "WC", "C4"])
def test_a_hair_moves_no_prediction(
    formula: str, networks: tuple[PropertyPredictor, StrainPredictor], library: dict[str, Atoms]
) -> None:
    """Those prototypes whose graphs change the most where a supercell becomes another crystal."""
    name = next(name for name in library if name.endswith(f" {formula}"))
    _, jump = edge_jump(networks[0], library[name], np.random.default_rng(1))
    assert jump < 1e-5 < EDGE_BOUND


@pytest.mark.slow
def test_descriptions_of_all_prototypes_agree(
    networks: tuple[PropertyPredictor, StrainPredictor], library: dict[str, Atoms]
) -> None:
    for k, (name, atoms) in enumerate(library.items()):
        rng = np.random.default_rng([1, k])
        check(disagreements(*networks, list(equivalent_pairs(name, atoms, EQUIVALENTS, rng))))
        assert edge_jump(networks[0], atoms, rng)[1] < EDGE_BOUND, name
