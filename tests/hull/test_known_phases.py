"""The hull of known phases: against pymatgen's, by hand, and what is refused."""

from __future__ import annotations

import pickle
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from ase.data import atomic_numbers, chemical_symbols
from ase.formula import Formula
from pymatgen.core.composition import Composition
from pymatgen.entries.computed_entries import ComputedEntry

from ase_ecn.errors import EmptyCrystalError, OptionError, UnsupportedElementError
from ase_ecn.hull import KnownPhases, Phase, known_phases
from ase_ecn.hull.phase_table import bundled_card, bundled_table

MOST_BYTES = 1_000_000


def atoms_of(formula: str) -> list[int]:
    return [atomic_numbers[s] for s, n in Formula(formula).count().items() for _ in range(n)]


def as_entry(phase: Phase) -> ComputedEntry:
    formula = "".join(f"{chemical_symbols[z]}{n}" for z, n in phase.counts)
    return ComputedEntry(formula, phase.energy * sum(n for _, n in phase.counts))


@pytest.fixture(scope="module")
def bundled() -> KnownPhases:
    return KnownPhases()


@pytest.fixture(scope="module")
def all_phases(bundled: KnownPhases) -> list[Phase]:
    return [bundled._index.phase(row) for row in range(len(bundled_table().energies))]


def compare_with_pymatgen(
    bundled: KnownPhases, phases: list[Phase], count: int, rng: np.random.Generator
) -> None:
    """Energy and mixture at a random composition in each of many systems."""
    chosen = [phases[k] for k in rng.choice(len(phases), count, replace=False)]
    by_system: dict[frozenset[int], list[Phase]] = {}
    for phase in phases:
        by_system.setdefault(frozenset(z for z, _ in phase.counts), []).append(phase)
    from pymatgen.analysis.phase_diagram import PhaseDiagram  # takes two seconds

    for k, phase in enumerate(chosen):
        elements = [z for z, _ in phase.counts]
        if len(elements) == 1:
            elements.append(8 if elements[0] != 8 else 26)
        there = [
            other
            for n in range(1, len(elements) + 1)
            for part in combinations(elements, n)
            for other in by_system.get(frozenset(part), [])
        ]
        diagram = PhaseDiagram([as_entry(p) for p in there])
        # Every third composition is that of the phase itself, the corner where ratios tie.
        counts = rng.integers(1, 7, size=len(elements))
        numbers = [z for z, n in zip(elements, counts, strict=True) for _ in range(n)]
        if k % 3 == 0:
            numbers = [z for z, n in phase.counts for _ in range(n)]
        composition = Composition({chemical_symbols[z]: numbers.count(z) for z in set(numbers)})
        point = bundled.at(numbers)
        expected = diagram.get_hull_energy_per_atom(composition)
        assert point.energy == pytest.approx(expected, abs=1e-9), composition
        theirs = {
            e.composition.reduced_formula: share
            for e, share in diagram.get_decomposition(composition).items()
        }
        ours = {as_entry(p).composition.reduced_formula: share for p, share in point.mixture}
        assert ours == pytest.approx(theirs, abs=1e-7), composition


def test_energies_and_mixtures_are_those_of_pymatgen(
    bundled: KnownPhases, all_phases: list[Phase], rng: np.random.Generator
) -> None:
    compare_with_pymatgen(bundled, all_phases, 60, rng)


@pytest.mark.slow
def test_energies_and_mixtures_of_500_systems_are_those_of_pymatgen(
    bundled: KnownPhases, all_phases: list[Phase]
) -> None:
    compare_with_pymatgen(bundled, all_phases, 500, np.random.default_rng(1))


def test_a_mixture_by_hand() -> None:
    known = KnownPhases((Phase.of("CaF2", -4.0), Phase.of("CaF", -1.0)), bundled=False)
    point = known.at(atoms_of("CaF"))
    # Three atoms of four are in CaF2: CaF -> 1/2 Ca + 1/2 CaF2.
    assert point.energy == pytest.approx(-3.0)
    assert point.shares == pytest.approx({"CaF2": 0.75, "Ca": 0.25})
    assert known.at(atoms_of("Ca3")).energy == 0
    assert known.at(atoms_of("CaF2")).shares == {"CaF2": 1.0}
    assert known.at(atoms_of("MgO")).shares == pytest.approx({"Mg": 0.5, "O": 0.5})


def test_the_size_of_the_cell_does_not_matter(bundled: KnownPhases) -> None:
    assert bundled.at(atoms_of("CaF") * 4) == bundled.at(np.array(atoms_of("CaF")))


def test_textbook_compounds_are_on_the_hull(bundled: KnownPhases) -> None:
    for formula in ("NaCl", "MgO", "CaF2", "Al2O3", "GaAs", "SrTiO3", "Fe2O3", "SiO2", "Li2O"):
        assert list(bundled.at(atoms_of(formula)).shares.values()) == [1.0], formula
    assert set(bundled.at(atoms_of("CaF")).shares) == {"CaF2", "Ca"}
    assert bundled.at(atoms_of("NaCl")).mixture[0][0].name == "mp-22862"


def test_own_phases_are_added_and_the_lower_one_counts(bundled: KnownPhases) -> None:
    known = bundled.at(atoms_of("NaCl")).energy
    lower = bundled.with_own([Phase.of("NaCl", known - 0.1, "mine")])
    higher = bundled.with_own([Phase.of("Na2Cl2", known + 0.1, "mine")])
    assert lower.at(atoms_of("NaCl")).energy == pytest.approx(known - 0.1)
    assert lower.at(atoms_of("NaCl")).mixture[0][0].name == "mine"
    assert higher.at(atoms_of("NaCl")) == bundled.at(atoms_of("NaCl"))
    assert lower.at(atoms_of("NaCl2")).energy < bundled.at(atoms_of("NaCl2")).energy
    assert lower.at(atoms_of("MgO")) == bundled.at(atoms_of("MgO"))


def test_an_element_below_zero_counts() -> None:
    known = KnownPhases((Phase.of("Fe", -0.2), Phase.of("FeO", -1.0)), bundled=False)
    assert known.at(atoms_of("Fe")).energy == pytest.approx(-0.2)
    assert known.at(atoms_of("Fe3O")).energy == pytest.approx(-0.6)


def test_what_is_sent_to_workers_is_small_and_equal(bundled: KnownPhases) -> None:
    known = bundled.with_own([Phase.of("CaF", -9.0)])
    known.at(atoms_of("CaF"))
    sent = pickle.dumps(known)
    assert len(sent) < 2000
    again = pickle.loads(sent)
    assert again == known
    assert hash(again) == hash(known)
    assert again.at(atoms_of("CaF")) == known.at(atoms_of("CaF"))


def test_an_element_without_a_known_energy_is_an_error(bundled: KnownPhases) -> None:
    with pytest.raises(UnsupportedElementError, match="elemental Po, which is not known"):
        bundled.at(atoms_of("PoO2"))
    own = bundled.with_own([Phase.of("Po", 0.0)])
    assert own.at(atoms_of("PoO2")).shares == pytest.approx({"O": 2 / 3, "Po": 1 / 3})
    with pytest.raises(EmptyCrystalError):
        bundled.at([])


@pytest.mark.parametrize(("formula", "energy"), [("NaQ", -1.0), ("", -1.0), ("NaCl", np.nan)])
def test_what_is_no_phase_is_an_error(formula: str, energy: float) -> None:
    with pytest.raises(OptionError, match=r"formula|phase"):
        Phase.of(formula, energy)


def test_many_elements_are_found_as_few_are(bundled: KnownPhases) -> None:
    """The search goes another way for crystals of very many elements."""
    numbers = list(range(3, 9)) + list(range(11, 18)) + list(range(19, 33))
    point = bundled.at(numbers)
    assert sum(point.shares.values()) == pytest.approx(1)
    part = bundled.at(numbers[:10])
    assert point.energy * len(numbers) < part.energy * 10 - 1


def test_the_files_of_the_package_are_small_and_say_what_they_are() -> None:
    table, card = bundled_table(), bundled_card()
    folder = Path(__file__).parents[2] / "ase_ecn" / "hull"
    assert sum(f.stat().st_size for f in folder.glob("materials_project.*")) < MOST_BYTES
    assert card["license"].startswith("CC BY 4.0")
    assert card["source"]
    assert card["date"]
    assert card["phases"] == len(table.energies)
    assert card["phases_with_id"] == (table.ids > 0).sum()
    elements = (table.numbers > 0).sum(axis=1) == 1
    assert (table.energies[elements] == 0).all()


def test_no_phase_of_the_package_is_above_the_hull(
    bundled: KnownPhases, all_phases: list[Phase], rng: np.random.Generator
) -> None:
    for k in rng.choice(len(all_phases), 300, replace=False):
        phase = all_phases[k]
        point = bundled.at([z for z, n in phase.counts for _ in range(n)])
        assert phase.energy - point.energy < 2e-6


@pytest.mark.skipif(known_phases.compiled is None, reason="no C functions were compiled")
def test_the_same_mixtures_in_c_and_in_python(
    all_phases: list[Phase], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (Phase.of("LiFeO2", -1.9), Phase.of("NaCl", -3.0), Phase.of("Xe", -1.0))
    systems = [
        [z for z, _ in all_phases[k].counts] for k in rng.choice(len(all_phases), 80, replace=False)
    ]
    systems += [[3, 8, 26], [11, 17], [54], [3, 8, 15, 26, 11]]
    asked = [np.repeat(numbers, rng.integers(1, 7, len(numbers))) for numbers in systems]
    sets = [{}, {"own": own}, {"own": own, "bundled": False}]
    here = [[KnownPhases(**kinds).at(numbers) for numbers in asked] for kinds in sets]
    assert sum(len(point.mixture) > 2 for point in here[0]) > 3
    monkeypatch.setattr(known_phases, "compiled", None)
    for kinds, points in zip(sets, here, strict=True):
        for numbers, point in zip(asked, points, strict=True):
            expected = KnownPhases(**kinds).at(numbers)
            assert point.energy == pytest.approx(expected.energy, abs=1e-12)
            names = [phase for phase, _ in expected.mixture]
            assert [phase for phase, _ in point.mixture] == names
            shares = [share for _, share in expected.mixture]
            assert [share for _, share in point.mixture] == pytest.approx(shares, abs=1e-12)


@pytest.mark.skipif(known_phases.compiled is None, reason="no C functions were compiled")
def test_arrays_that_do_not_fit_are_refused() -> None:
    numbers, shares = np.array([[8, 26]], dtype=np.uint8), np.array([[0.5, 0.5]])
    elements, mixture = np.array([8, 26]), np.array([0.5, 0.5])
    nothing = np.zeros((2, 0)), np.zeros(0)

    def solved(last: int = 1, of: np.ndarray = mixture) -> list[tuple[int, float]]:
        rows = np.array([[0, last]])
        bundled = (numbers, shares, np.array([-1.0]))
        return known_phases.compiled.mixture(*bundled, rows, *nothing, elements, of)

    assert solved()[0][0] == 0
    for wrong in ({"last": 2}, {"of": mixture[:1]}):
        with pytest.raises(ValueError, match="do not fit"):
            solved(**wrong)
