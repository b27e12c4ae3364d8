"""What a network was not trained on is said, once as a warning and on each result."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule

from ase_ecn import ECNCalculator, LatticeRelaxer, predict, relax
from ase_ecn.crystal import as_crystal
from ase_ecn.domain import Domain, bond_domain_features, lattice_domain_features
from ase_ecn.errors import OutOfDomainWarning
from ase_ecn.graphs.batch import bond_graph, pack
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.testing import random_equivalent

USUAL = [
    bulk("Si"),
    bulk("NaCl", "rocksalt", a=5.64),
    bulk("Fe"),
    bulk("ZnO", "wurtzite", a=3.25, c=5.2),
    bulk("Mg"),
    bulk("Cu"),
    bulk("C", "diamond", a=3.567),
]


def unusual() -> dict[str, Atoms]:
    water = molecule("H2O", vacuum=7)
    water.pbc = True
    slab = fcc111("Cu", (1, 1, 3), vacuum=9, periodic=True)
    slab.pbc = True
    return {
        "packing": water,
        "vacuum": slab,
        "shortest_bond": bulk("NaCl", "rocksalt", a=8.5),
        "Kr": bulk("Kr"),
    }


def test_members_that_disagree_are_a_reason() -> None:
    """Rocksalt MgF has an odd number of electrons per cell, as hardly any known crystal has."""
    (prediction,) = predict(bulk("MgF", "rocksalt", a=4.6), checkpoint="ecn-mp20")
    (reason,) = prediction.out_of_domain
    assert reason.startswith("formation_energy_std (stated uncertainty, in eV/atom) is 0.")
    assert prediction.formation_energy_std > 0.2


def test_usual_crystals_are_not_flagged() -> None:
    for prediction, relaxation in zip(predict(USUAL), relax(USUAL)):
        assert prediction.out_of_domain == ()
        assert relaxation.out_of_domain == ()


@pytest.mark.parametrize("cause", sorted(unusual()))
def test_the_flag_names_what_is_unusual(cause: str) -> None:
    (prediction,) = predict(unusual()[cause])
    assert any(cause in phrase for phrase in prediction.out_of_domain)
    (relaxation,) = relax(unusual()[cause])
    assert relaxation.out_of_domain


def test_the_calculator_warns_once_and_flags_always() -> None:
    calculator = ECNCalculator()
    slab, stretched = unusual()["vacuum"], unusual()["shortest_bond"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calculator.get_formation_energy(bulk("Si"))
    with pytest.warns(OutOfDomainWarning, match=r"Cu3 is unlike .* ecn-mp: vacuum"):
        calculator.get_formation_energy(slab)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calculator.get_formation_energy(stretched)
    assert calculator.prediction is not None
    assert "shortest_bond" in calculator.prediction.out_of_domain[0]


def test_the_relaxer_warns() -> None:
    with pytest.warns(OutOfDomainWarning, match="empnn-mp20"):
        relaxer = LatticeRelaxer(unusual()["packing"], logfile=None)
    assert relaxer.out_of_domain
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LatticeRelaxer(bulk("Si"), logfile=None).out_of_domain == ()


def test_features_are_those_of_the_crystal(prototypes: dict[str, Atoms]) -> None:
    """They don't depend on how it is described."""
    rng = np.random.default_rng(0)
    for atoms in prototypes.values():
        pair = [as_crystal(a).primitive.crystal for a in (atoms, _equivalent(atoms, rng))]
        bonds = bond_domain_features(pack([bond_graph(crystal) for crystal in pair]))
        edges = lattice_domain_features(lattice_batch(pair, 12), pair)
        for features in (bonds, edges):
            for value in features.values():
                assert value[0] == pytest.approx(value[1], rel=1e-5)


def _equivalent(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    return random_equivalent(atoms, rng, supercell=False).atoms


def test_features_of_rocksalt_by_hand() -> None:
    crystal = as_crystal(bulk("NaCl", "rocksalt", a=5.64))
    for features in (
        bond_domain_features(pack([bond_graph(crystal)])),
        lattice_domain_features(lattice_batch([crystal], 6), [crystal]),
    ):
        radii = 1.66, 1.02  # covalent, of Cordero et al.
        assert features["packing"][0] == pytest.approx(
            4 / 3 * np.pi * sum(r**3 for r in radii) / (5.64**3 / 4)
        )
        assert features["shortest_bond"][0] == pytest.approx(2.82 / sum(radii))
        assert features["longest_bond"][0] == pytest.approx(2.82)


def test_cards_that_call_vacuum_a_gap_are_read() -> None:
    old = Domain.from_card({"domain": {"ranges": {"gap": [0, 5]}}})
    (phrase,) = old.outside(np.array([8]), {"vacuum": 9.0})
    assert phrase.startswith("vacuum (width in Å of the widest layer without an atom) is 9")
