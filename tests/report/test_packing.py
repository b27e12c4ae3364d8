from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ase_ecn.report.packing import MOST_ATOMS, Column, packed, unpacked
from ase_ecn.report.page import Plot


def test_values_come_out_as_they_went_in() -> None:
    values = [1.23456789, 3, None, np.float64(-2.0), float("nan"), True]
    columns = [Column("x", "x", lambda row: values[row], unit="eV", digits=2, spread="y")]
    columns.append(Column("t", "t", lambda row: "µ\udcff</template>" if row else None, "text"))
    data = unpacked(packed(columns, range(6), lambda row: bulk("Cu"), "-x", [Plot("x", "y")]))
    numbers, texts = data["columns"]
    assert numbers["values"] == [1.234568, 3, None, -2, None, 1]
    assert (numbers["unit"], numbers["digits"], numbers["spread"]) == ("eV", 2, "y")
    assert texts["values"] == [None, *["µ?</template>"] * 5]
    assert data["order"] == "-x"
    assert data["plots"][0]["y"] == "y"


def test_what_is_packed_holds_no_markup_and_is_always_the_same() -> None:
    columns = [Column("t", "t", lambda row: "</template><script>", "text")]
    text = packed(columns, [0], lambda row: bulk("Cu"))
    assert set(text).isdisjoint("<>&\"'")
    assert text == packed(columns, [0], lambda row: bulk("Cu"))


def test_crystals_keep_their_cells_and_positions() -> None:
    salt = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    salt.positions += [10, 0, -0.3]
    data = unpacked(packed([], [salt, Atoms("H", cell=[9] * 3).repeat((7, 7, 7))], lambda a: a))
    cell, sites = data["crystals"][0]
    assert cell == [5.6, 0, 0, 0, 5.6, 0, 0, 0, 5.6]
    found = np.array(sites).reshape(-1, 4)
    symbols = [data["elements"][k]["symbol"] for k in found[:, 0]]
    assert symbols == salt.get_chemical_symbols()
    wrapped = salt.get_scaled_positions() % 1
    assert found[:, 1:] / 1e4 == pytest.approx(wrapped, abs=1e-4)
    assert MOST_ATOMS < 7**3
    assert data["crystals"][1] is None


def test_elements_say_how_they_are_drawn() -> None:
    data = unpacked(packed([], [bulk("NaCl", "rocksalt", a=5.6)], lambda a: a))
    sodium, chlorine = data["elements"]
    assert (sodium["symbol"], sodium["metal"], sodium["radius"]) == ("Na", True, 1.66)
    assert (chlorine["symbol"], chlorine["metal"]) == ("Cl", False)
    assert sodium["colour"] == "#ab5cf2"
