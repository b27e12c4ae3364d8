from __future__ import annotations

import numpy as np
import pytest

from ase_ecn.properties import (
    PROPERTIES,
    Property,
    ase_names,
    ase_results,
    find,
    in_short_tables,
    of_output,
    of_outputs,
    register,
)

FOUR_AND_TWO = [np.arange(4), np.arange(4, 6)]
"""Where the atoms of two crystals are."""


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, Property]:
    """A copy of the table, which a test may change."""
    copy = dict(PROPERTIES)
    monkeypatch.setattr("ase_ecn.properties.PROPERTIES", copy)
    return copy


def test_predictions_are_found_by_either_name_and_with_their_uncertainty() -> None:
    assert find("metal") is find("metal_probability") is PROPERTIES["metal"]
    spread = find("band_gap_std")
    assert (spread.public_name, spread.unit, spread.non_negative) == ("band_gap_std", "eV", False)
    assert find("magnetization_std").extensive
    assert find("hardness") == Property("hardness")


def test_the_unit_of_a_card_goes_before_that_of_the_table() -> None:
    units = {"hardness": "GPa", "band_gap": "meV", "fermi_level": ""}
    assert find("hardness", units).titled() == "hardness / GPa"
    assert find("hardness_std", units).unit == "GPa"
    assert find("band_gap", units).unit == "meV"
    assert find("fermi_level", units).unit == "eV"
    assert find("metal_probability").titled() == "P(metal)"
    assert find("bulk_modulus", {"bulk_modulus": "GPa"}).described() == "bulk modulus / GPa"


def test_outputs_become_values_that_can_be() -> None:
    values = np.array([-2.0, 0.0, 3.0])
    assert of_output("band_gap").physical(values).tolist() == [0, 0, 3]
    assert of_output("formation_energy").physical(values) is values
    probabilities = of_output("metal").physical(values)
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp([2.0, 0.0, -3.0])))
    assert of_output("magnetization").predicted(np.array([0.5, 1.0]), FOUR_AND_TWO) == [2.0, 2.0]
    assert of_output("formation_energy").predicted(np.array([0.5, 1.0]), FOUR_AND_TWO) == [0.5, 1.0]
    assert isinstance(of_output("band_gap").predicted(np.array([0.5]), FOUR_AND_TWO[:1])[0], float)


def test_arrays_are_copies() -> None:
    output = np.array([1.0, 2.0])
    (found,) = of_output("site_moments").predicted(output, [np.arange(2)])
    assert isinstance(found, np.ndarray)
    (row,) = of_output("stress").predicted(np.zeros((1, 6)), [np.arange(2)])
    assert row.shape == (6,)
    assert row.base is None
    assert not np.shares_memory(found, output)
    assert not np.shares_memory(find("site_moments").in_ase(found, 2), found)


def test_labels_of_an_extensive_property_are_per_atom() -> None:
    assert (find("magnetization").unit, find("magnetization").label_unit) == ("µB/cell", "µB/atom")
    # Perov-5's is per cell, and was fitted so.
    assert find("heat_all").label_unit == "eV/cell"


def test_an_output_is_not_taken_for_a_public_name() -> None:
    """Who fits numbers called metal_probability gets numbers."""
    assert of_output("metal_probability").kind == "number"
    assert of_outputs(["band_gap"], ["magnetization"])["magnetization"].per_site
    assert not of_outputs(["site_moments"])["site_moments"].per_site


def test_what_a_prediction_has_decides_ases_names_and_values() -> None:
    assert ase_names(["band_gap"]) == []
    assert ase_names(["magnetization", "formation_energy"]) == ["energy", "free_energy", "magmom"]
    prediction = {"formation_energy": -2.0, "magnetization": 3.0, "site_moments": np.ones(4)}
    found = ase_results(prediction, 4)
    assert (found["energy"], found["free_energy"], found["magmom"]) == (-8.0, -8.0, 3.0)
    assert found["magmoms"].tolist() == [1, 1, 1, 1]
    forces = {"potential_energy": -1.0, "forces": np.zeros((4, 3)), "stress": np.ones(6)}
    assert sorted(ase_results(forces, 4)) == ["energy", "forces", "free_energy", "stress"]


def test_short_tables_show_main_properties_and_a_users_own() -> None:
    units = {"band_gap": "eV", "fermi_level": "eV", "hardness": "GPa", "hardness_std": "GPa"}
    shown = in_short_tables([*units, "natoms"], units)
    assert [p.titled() for p in shown] == ["gap / eV", "hardness / GPa", "hardness_std / GPa"]
    assert in_short_tables(["natoms"], units) == []


def test_a_registered_property_is_known_everywhere(table: dict[str, Property]) -> None:
    register(Property("toughness", "MPa", heading="G", ase=("dipole",), extensive=True))
    assert find("toughness").titled() == "G / MPa"
    assert ase_names(["toughness"]) == ["dipole"]
    assert of_outputs(["toughness"])["toughness"].predicted(np.array([2.0]), [np.arange(3)]) == [
        6.0
    ]
    assert [p.name for p in in_short_tables(["toughness"], {})] == ["toughness"]
    register(Property("toughness", "GPa"))
    assert find("toughness").unit == "GPa"


def test_names_of_the_table_are_unambiguous() -> None:
    public = [p.public_name for p in PROPERTIES.values()]
    assert len(public) == len(set(public))
    assert all(name == p.name for name, p in PROPERTIES.items())
