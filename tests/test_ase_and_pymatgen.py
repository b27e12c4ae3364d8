"""Beside ASE's registry and files, and pymatgen's structures and entries."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import get_calculator_class
from ase.gui.images import Images
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

import ase_ecn
from ase_ecn import ECNCalculator, predict
from ase_ecn.errors import OptionError, PartialOccupancyError, PropertyUnavailableError
from ase_ecn.phase_diagram import entry, hull, screened_entries
from ase_ecn.prediction import Prediction
from ase_ecn.screening import screen


def test_ase_knows_the_calculator_by_name() -> None:
    assert get_calculator_class("ecn") is ECNCalculator
    importlib.reload(ase_ecn)  # twice does no harm
    plugins = pytest.importorskip("ase._4.plugins", reason="this ASE has no plugins")
    if "ase-ecn" not in entry_points(group="ase.plugins").names:
        pytest.skip("installed before there was an entry point")
    (ours,) = [plugin for plugin in plugins.plugins.calculators if plugin.name == "ecn"]
    assert ours.implementation is ECNCalculator
    assert ours.package == "ase_ecn"


def test_the_gui_shows_results_without_computing(
    tmp_path: Path, small_networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.db"
    screen([bulk("Fe"), bulk("NaCl", "rocksalt", a=5.6)], out, **small_networks)
    monkeypatch.setattr(ECNCalculator, "calculate", None)
    images = Images()
    images.read([str(out)])
    assert len(images) == 2
    energies = [images.get_energy(images[k]) for k in range(2)]
    assert np.isfinite(energies).all()
    assert images[1].get_magnetic_moments().shape == (2,)


def test_a_genetic_algorithm_of_ase_takes_it_as_fitness(
    tmp_path: Path, small_networks: dict[str, Path]
) -> None:
    ga = pytest.importorskip("ase_ga", reason="pip install ase-ga")
    data = importlib.import_module("ase_ga.data")
    rng = np.random.RandomState(0)  # what ase_ga takes
    strain = importlib.import_module("ase_ga.standardmutations").StrainMutation
    first = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    tools = importlib.import_module("ase_ga.utilities")
    closest = tools.closest_distances_generator(first.numbers, 0.5)
    bounds = tools.CellBounds({"a": [2, 20]})
    mutation = strain(closest, cellbounds=bounds, stddev=0.1, rng=rng)
    calculator = ECNCalculator(small_networks["checkpoint"])
    path = tmp_path / "ga.db"
    data.PrepareDB(path, cell=first.cell, stoichiometry=first.numbers).add_unrelaxed_candidate(
        first
    )
    database = data.DataConnection(path)
    for _ in range(3):
        atoms = database.get_an_unrelaxed_candidate()
        atoms.calc = calculator
        ga.set_raw_score(atoms, -atoms.get_potential_energy())
        database.add_relaxed_step(atoms)
        best = max(database.get_all_relaxed_candidates(), key=ga.get_raw_score)
        child, description = mutation.get_new_individual([best])
        database.add_unrelaxed_candidate(child, description)
    scores = [ga.get_raw_score(a) for a in database.get_all_relaxed_candidates()]
    assert len(set(scores)) == 3
    assert np.isfinite(scores).all()


def test_a_structure_is_as_good_as_atoms(small_networks: dict[str, Path]) -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.7)
    structure = AseAtomsAdaptor.get_structure(atoms)
    calculator = ECNCalculator(small_networks["checkpoint"], dtype="float64")
    for name in ("formation_energy", "band_gap", "energy"):
        expected = calculator.get_property(name, atoms)
        assert calculator.get_property(name, structure) == pytest.approx(expected, abs=1e-8)
    assert calculator.get_band_gap(structure) == pytest.approx(calculator.get_band_gap(atoms))
    assert calculator.annotate(structure).info["ecn_checkpoint"] == "small-ecn"
    assert calculator.db_row(structure).keys() == calculator.db_row(atoms).keys()
    partly = Structure(structure.lattice, [{"Na": 0.5}], [[0, 0, 0]])
    with pytest.raises(PartialOccupancyError):
        calculator.get_property("energy", partly)


def crystal_entry(formula: str, energy: float, name: str):
    atoms = {"NaCl": bulk("NaCl", "rocksalt", a=5.7), "CaF2": bulk("CaF2", "fluorite", a=5.5)}
    return entry(atoms[formula], Prediction({"formation_energy": energy}), name=name)


def test_hull_distances_are_those_of_formation_energies() -> None:
    best, worse = crystal_entry("NaCl", -2.0, "best"), crystal_entry("NaCl", -1.7, "worse")
    diagram = hull([best, worse])
    assert best.energy == pytest.approx(-4.0)
    assert diagram.get_e_above_hull(best) == pytest.approx(0)
    assert diagram.get_e_above_hull(worse) == pytest.approx(0.3)
    assert best.entry_id == "best"
    unbound = crystal_entry("CaF2", 0.2, "unbound")
    assert hull([unbound]).get_e_above_hull(unbound) == pytest.approx(0.2)
    with pytest.raises(OptionError, match="at least one compound"):
        hull([])
    with pytest.raises(PropertyUnavailableError):
        entry(bulk("Cu"), Prediction({"band_gap": 1.0}))


def test_entries_of_predictions_and_of_screens_agree(
    tmp_path: Path, small_networks: dict[str, Path]
) -> None:
    crystals = [bulk("NaCl", "rocksalt", a=5.7), bulk("CaF2", "fluorite", a=5.5)]
    out = tmp_path / "out.db"
    screen(crystals, out, **small_networks)
    predictions = predict(crystals, checkpoint=small_networks["checkpoint"])
    direct = [entry(a, p) for a, p in zip(crystals, predictions)]
    stored = list(screened_entries(out))
    assert [e.entry_id for e in stored] == ["#0", "#1"]
    for a, b in zip(direct, stored):
        assert a.energy == pytest.approx(b.energy, abs=1e-5)
        assert a.structure.matches(b.structure)
        assert b.data["band_gap"] == pytest.approx(a.data["band_gap"], abs=1e-5)
    screen(crystals, tmp_path / "gaps.db", properties=["band_gap"], **small_networks)
    with pytest.raises(PropertyUnavailableError):
        list(screened_entries(tmp_path / "gaps.db"))
