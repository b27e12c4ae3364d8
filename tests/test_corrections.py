from __future__ import annotations

import csv
import gzip
import json
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from pymatgen.analysis.structure_analyzer import oxide_type
from pymatgen.core import Composition, Element
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import ComputedEntry
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn import corrections
from ase_ecn.corrections import (
    OXIDE_KINDS,
    correction,
    formation_energy,
    oxide_kind,
    reference_energies,
    reference_energy,
    smooth_correction,
)
from ase_ecn.errors import (
    EmptyCrystalError,
    OptionError,
    UnsupportedElementError,
)
from ase_ecn.oxidation import likeliest_states
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import read_mp20

FORMULAS_BY_CASE = {
    "oxides with and without U, mixed valence": (
        "MgO Fe2O3 Fe3O4 LiCoO2 BaTiO3 MoO3 V2O5 WO3 CuO Mn3O4 LiFePO4 Na2WO4 SiO2 LiMn2O4"
    ),
    "two formula units are kept": "Li2O2 Na2O2 Na4O4 H2O2",
    "other peroxides": "BaO2 KO2",
    "fluorides": "FeF3 K2NiF6 MoF6 CuF2 OF2 XeF2 SbF5 NaSb3F10",
    "mixed anions": "CoOF BiOCl KSCN BiTeI LiNiO2F NbOCl3 Sr2CoO3Cl HIO3 NaClO4 CaSO4 NH4Cl",
    "anions that are cations": "TeO2 Te2Br SeBr4 ICl Sb2Se3",
    "hydrides": "LiH PdH MgH2 NaAlH4",
    "intermetallics": "Ni3Al Mg2Si CoSi2 TiSi2 GaSb Mn2Sb SiC",
    "nitrides": "Li3N NaN3 KN3 Fe4N",
    "equal electronegativities": "CSe2 Cu3Si PdH",
    "no electronegativity": "HeNa2 ArF",
    "equally likely states": "B8Co5Si",
    "no neutral assignment": "Ag3Cl",
    "20 sites and more": "Y3Al5O12 Ca5P3HO13 Na21Cl20",
    "elements": "Fe Cl2 O2",
}
FORMULAS = list(dict.fromkeys(f for case in FORMULAS_BY_CASE.values() for f in case.split()))


@pytest.fixture(scope="module")
def scheme() -> MaterialsProject2020Compatibility:
    return MaterialsProject2020Compatibility(check_potcar=False)


def by_pymatgen(
    scheme: MaterialsProject2020Compatibility, composition: Composition, oxide: str
) -> float:
    """Sum of pymatgen's adjustments in eV/atom, for an entry with the Materials Project's U."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        most = max(composition.elements, key=lambda e: e.X).symbol
        hubbards = {
            metal: value
            for metal, value in scheme.u_settings.get(most, {}).items()
            if Element(metal) in composition
        }
        entry = ComputedEntry(
            composition,
            0.0,
            parameters={"run_type": "GGA+U", "hubbards": hubbards, "software": "other"},
            data={"oxide_type": oxide},
        )
        adjustments = scheme.get_adjustments(entry)
    return sum(a.value for a in adjustments) / composition.num_atoms


def as_formula(counts: dict[str, int]) -> Composition:
    """Elements in the order of pymatgen's formulas, which is what decides ties."""
    return Composition(Composition(counts).formula)


def numbers_of(composition: Composition) -> list[int]:
    return [e.Z for e, count in composition.items() for _ in range(int(count))]


def test_tables_are_pymatgens(scheme: MaterialsProject2020Compatibility) -> None:
    ours = {"S": corrections._SULFUR, **corrections._OXIDES, **corrections._ANIONS}
    assert ours == {name: float(value) for name, value in scheme.comp_correction.items()}
    theirs = {
        anion: {metal: float(value) for metal, value in metals.items()}
        for anion, metals in scheme.u_corrections.items()
    }
    assert theirs == corrections._MIXING


@pytest.mark.filterwarnings("ignore:No Pauling electronegativity")
@pytest.mark.parametrize("formula", FORMULAS)
def test_corrections_are_pymatgens(scheme: MaterialsProject2020Compatibility, formula: str) -> None:
    counts = Composition(formula).as_dict()
    composition = as_formula(counts)
    if as_formula(dict(reversed(counts.items()))).formula != composition.formula:
        pytest.skip("this pymatgen lets the order of the elements decide between equal ones")
    for oxide in OXIDE_KINDS if "O" in composition else ("oxide",):
        expected = by_pymatgen(scheme, composition, oxide)
        assert correction(numbers_of(composition), oxide=oxide) == pytest.approx(expected, abs=1e-9)


@pytest.mark.filterwarnings("ignore:No Pauling electronegativity")
@pytest.mark.parametrize("formula", [f for f in FORMULAS if len(Composition(f)) > 1])
def test_oxidation_states_are_pymatgens_first_guess(formula: str) -> None:
    composition = as_formula(Composition(formula).as_dict())
    try:
        guesses = composition.oxi_state_guesses(max_sites=-20)
    except ValueError:  # too many sites
        guesses = ()
    ours = likeliest_states(tuple((e.symbol, int(count)) for e, count in composition.items()), 20)
    assert ours == (guesses[0] if guesses else {})


def test_states_are_the_same_in_every_order_that_pymatgen_may_be_asked_in() -> None:
    # Many assignments of these are equally likely, so the order decides.
    for formula in ("B8Co5Si", "Fe3O4", "ICl", "NaSb3F10"):
        parts = list(Composition(formula).items())
        for shift in range(len(parts)):
            turned = parts[shift:] + parts[:shift]
            guesses = Composition(dict(turned)).oxi_state_guesses(max_sites=-20)
            ours = likeliest_states(tuple((e.symbol, int(n)) for e, n in turned), 20)
            assert ours == (guesses[0] if guesses else {})


@pytest.mark.parametrize(
    ("formula", "eV"),
    [
        ("MgO", -0.687 / 2),
        ("Na2O2", -0.687 / 2),  # all oxygen is an oxide's
        ("Fe2O3", (-2.256 * 2 - 0.687 * 3) / 5),
        ("CoOF", (-1.638 - 0.687 - 0.462) / 3),
        ("CaSO4", (-0.503 - 4 * 0.687) / 6),
        ("BiOCl", -0.687 / 3),  # Cl is not the most electronegative
        ("HIO3", -3 * 0.687 / 5),
        ("Mg2Si", 0.071 / 3),
        ("LiH", -0.179 / 2),
        ("CoSi2", 2 * 0.071 / 3),
        ("FeS2", -2 * 0.503 / 3),
        ("HeNa2", 0.0),
        ("Cl2", 0.0),
    ],
)
def test_the_smooth_part_knows_only_the_most_electronegative_element(
    formula: str, eV: float
) -> None:
    assert smooth_correction(numbers_of(Composition(formula))) == pytest.approx(eV, abs=1e-12)


def test_corrections_belong_to_the_composition_alone() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    for of in (correction, smooth_correction, reference_energy):
        one = of([11, 17])
        assert of(atoms.numbers) == of(atoms.numbers[::-1].tolist()) == one
    assert correction([11, 17]) == pytest.approx(-0.614 / 2)


def test_a_formation_energy_is_the_energy_corrected_less_that_of_the_elements() -> None:
    expected = -5.95 - 0.687 / 2 + (1.60028005 + 4.947961) / 2
    assert formation_energy(-5.95, [12, 8]) == pytest.approx(expected, abs=1e-9)
    assert formation_energy(reference_energies()["Fe"], [26, 26]) == pytest.approx(0.0, abs=1e-12)
    peroxide = formation_energy(0.0, [11, 8], oxide="peroxide") - formation_energy(0.0, [11, 8])
    assert peroxide == pytest.approx((0.687 - 0.465) / 2)


def test_input_errors_say_what_is_known() -> None:
    with pytest.raises(OptionError, match="peroxide"):
        correction([11, 8], oxide="hydroxide")
    with pytest.raises(EmptyCrystalError):
        correction([])
    with pytest.raises(UnsupportedElementError, match="0"):
        smooth_correction([0, 8])
    with pytest.raises(UnsupportedElementError, match="Po; known are: Ac Ag"):
        reference_energy([84, 8])


def o2_in_a_box(distance: float) -> Atoms:
    return Atoms(
        "Na2O2",
        [[1, 1, 1], [4, 4, 1], [2.5, 2.5, 4], [2.5, 2.5, 4 + distance]],
        cell=[5, 5, 8],
        pbc=True,
    )


@pytest.mark.parametrize(
    ("distance", "kind"),
    [(1.3, "superoxide"), (1.5, "peroxide"), (1.55, "peroxide"), (1.58, "oxide"), (2.8, "oxide")],
)
def test_kind_of_oxide_by_the_bond(distance: float, kind: str) -> None:
    atoms = o2_in_a_box(distance)
    assert oxide_kind(atoms) == kind == oxide_type(AseAtomsAdaptor.get_structure(atoms), 1.05)
    assert oxide_kind(atoms.repeat((1, 2, 1))) == kind


def test_kind_of_oxide_of_other_crystals() -> None:
    ozonide = Atoms(
        "KO3", [[0, 0, 0], [2, 2, 2], [3.2, 2, 2], [1.4, 3.04, 2]], cell=[5, 5, 5], pbc=True
    )
    assert oxide_kind(ozonide) == "ozonide"
    water = o2_in_a_box(1.5) + Atoms("H", [[2.5, 2.5, 3.05]])
    assert oxide_type(AseAtomsAdaptor.get_structure(water), 1.05) == "hydroxide"
    assert oxide_kind(water) == "oxide"  # corrected as such
    assert oxide_kind(bulk("MgO", "rocksalt", a=4.2)) == "oxide"
    assert oxide_kind(bulk("Cu")) == "oxide"
    assert oxide_kind(Atoms("O2", [[0, 0, 0], [0, 0, 1.2]], cell=[4, 4, 4], pbc=True)) == "oxide"


@pytest.mark.parametrize("others", ["", "H", "H2"])
def test_kind_of_oxide_is_pymatgens(others: str) -> None:
    rng = np.random.default_rng(5)
    kinds = set()
    for k in range(60):
        box = 3.0 + 2.0 * rng.random()
        atoms = Atoms(f"NaO4{others}", cell=[box, box + 0.1 * k, box], pbc=True)
        atoms.set_scaled_positions(rng.random((len(atoms), 3)))
        if atoms.get_all_distances(mic=True)[~np.eye(len(atoms), dtype=bool)].min() < 0.7:
            continue
        known = oxide_type(AseAtomsAdaptor.get_structure(atoms), 1.05)
        assert oxide_kind(atoms) == ("oxide" if known == "hydroxide" else known)
        kinds.add(known)
    assert len(kinds) > 2


def test_reference_energies_are_of_89_elements() -> None:
    energies = reference_energies()
    assert len(energies) == 89
    assert all(-15 < energy < 0 for energy in energies.values())


def hypothetical_compositions(data: Path) -> Iterator[tuple[tuple[str, int], ...]]:
    with gzip.open(data / "teacher" / "hypothetical.jsonl.gz", "rt") as file:
        for line in file:
            start = line.index('"species":') + len('"species":')
            species = json.loads(line[start : line.index("]", start) + 1])
            yield tuple(sorted(Counter(species).items()))


@pytest.mark.data
@pytest.mark.filterwarnings("ignore:No Pauling electronegativity")
def test_corrections_of_hypothetical_crystals_are_pymatgens(
    data: Path, scheme: MaterialsProject2020Compatibility
) -> None:
    known = sorted(set(hypothetical_compositions(data)))
    chosen = np.random.default_rng(20).choice(len(known), 2500, replace=False)
    compositions = [as_formula(dict(known[i])) for i in chosen]
    numbers = [numbers_of(composition) for composition in compositions]
    ours = np.array([correction(n) for n in numbers])
    theirs = np.array([by_pymatgen(scheme, c, "oxide") for c in compositions])
    wrong = np.flatnonzero(np.abs(ours - theirs) > 1e-6)
    assert not len(wrong), [(compositions[i].formula, ours[i], theirs[i]) for i in wrong]


@pytest.mark.data
def test_energies_of_mp20_become_its_labels(data: Path) -> None:
    mp20 = cached_dataset("mp_20-train", lambda: read_mp20(data, "train"))
    with gzip.open(data / "teacher" / "known.csv.gz", "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["set"] == "mp_20"]
    energies = {row["id"]: float(row["energy_eV_per_atom"]) for row in rows}
    made = np.array(
        [
            formation_energy(energies[name], crystal.numbers, oxide=oxide_kind(crystal))
            for name, crystal in zip(mp20.ids, mp20.crystals, strict=True)
        ]
    )
    error = made - mp20.targets["formation_energy"]
    print(
        f"\nmean {np.abs(error).mean():.4f}, bias {error.mean():.4f} eV/atom, median "
        f"{np.median(np.abs(error)):.4f}, {np.sum(np.abs(error) > 0.1)} above 0.1"
    )
    assert len(error) > 26000
    assert np.abs(error).mean() < 0.0105
    assert np.median(np.abs(error)) < 0.0055
    assert abs(error.mean() - 0.007) < 0.001
