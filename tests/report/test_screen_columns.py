from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ase_ecn.report.packing import Column
from ase_ecn.report.screen_columns import screen_columns


def row(pairs: dict[str, Any], **data: Any) -> SimpleNamespace:
    return SimpleNamespace(formula="Cl4Na4", natoms=8, key_value_pairs=pairs, data=data)


def columns(*rows: SimpleNamespace, **units: str) -> dict[str, Column]:
    return {column.name: column for column in screen_columns(rows, units)}


def test_what_tells_most_comes_first_and_all_else_on_demand() -> None:
    pairs = {"volume_per_atom": 20.0, "band_gap": 5.0, "formation_energy": -2.0, "source": "a"}
    pairs |= {"energy_above_hull": 0.01, "band_gap_std": 0.2, "ecn_sha256": "00", "mine": 3.0}
    found = columns(row(pairs), mine="GPa")
    assert list(found)[:7] == [
        *("formula", "natoms", "energy_above_hull", "formation_energy", "band_gap", "mine"),
        "source",
    ]
    assert {n for n, c in found.items() if not c.shown} == {
        *("band_gap_std", "volume_per_atom", "ecn_sha256", "cell")
    }
    gap = found["band_gap"]
    assert (gap.unit, gap.digits, gap.spread) == ("eV", 2, "band_gap_std")
    assert (found["mine"].unit, found["mine"].digits) == ("GPa", None)
    assert found["energy_above_hull"].digits == 3


def test_formulas_are_reduced_with_the_metals_first() -> None:
    one = row({"decomposition": "100 % NaCl"})
    found = columns(one)
    assert found["formula"].value(one) == "NaCl"
    assert found["cell"].value(one) == "Cl4Na4"
    assert found["decomposition"].kind == "formula"


def test_values_of_the_input_are_columns_too() -> None:
    one = row({"source": "a"}, input={"formation_energy": -1.9, "note": "x", "long": "y" * 999})
    found = columns(one, row({"source": "b"}, input={"note": 3}))
    assert found["given_formation_energy"].value(one) == -1.9
    assert found["given_formation_energy"].unit == "eV/atom"
    assert found["given_note"].kind == "text"  # not all of them are numbers
    assert found["given_note"].value(one) == "x"
    assert "given_long" not in found


def test_keys_of_the_input_that_are_keys_of_the_row_are_one_column() -> None:
    given = {"formation_energy": -1.9, "note": "x"}
    keys = {"formation_energy": "input_formation_energy", "note": "note"}
    pairs = {"formation_energy": -2.0, "input_formation_energy": -1.9, "note": "x"}
    found = columns(row(pairs, input=given, input_keys=keys))
    assert {"formation_energy", "given_formation_energy", "note"} <= set(found)
    assert {"input_formation_energy", "given_note"}.isdisjoint(found)


def test_unusual_crystals_say_why() -> None:
    found = columns(row({"out_of_domain": 1, "out_of_domain_reasons": "packing"}))
    assert found["out_of_domain_reasons"].shown
    assert not found["out_of_domain"].shown
