"""Two hundred compounds that textbooks name: which they are, and errors for them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ase.formula import Formula

from ase_ecn.errors import DatasetError
from ase_ecn.training.data.datasets import Dataset, reduced_formula
from reproduce.__main__ import main
from reproduce.reports import textbook
from reproduce.reports.textbook import Compound, TextbookErrors, labelled, read_compounds


def test_the_list_has_two_hundred_compounds() -> None:
    compounds = read_compounds()
    assert len(compounds) == 200
    assert len({compound.id for compound in compounds}) == 200
    kinds = Counter(compound.kind for compound in compounds)
    assert len(kinds) == 9
    assert min(kinds.values()) >= 15
    assert {"Si", "NaCl", "Fe", "GaAs", "MgO"} <= {compound.formula for compound in compounds}


def test_errors_by_kind_and_the_worst() -> None:
    compounds = [
        Compound("halide", "LiF", 225, "mp-1"),
        Compound("halide", "NaCl", 225, "mp-2"),
        Compound("element", "Fe", 229, "mp-3"),
    ]
    labels = {"formation_energy": np.array([-3.0, -2.0, 0.0]), "band_gap": np.array([8, 5, np.nan])}
    found = TextbookErrors(
        compounds,
        labels,
        {"formation_energy": np.array([-2.9, -2.3, 0.0]), "band_gap": np.array([2.0, 4.0, 0.0])},
    )
    assert list(found.table()) == [
        "| compounds | number | formation_energy (eV/atom) | band_gap (eV) |",
        "|---|---|---|---|",
        "| all | 3 | 0.133 | 3.500 |",
        "| halide | 2 | 0.200 | 3.500 |",
        "| element | 1 | 0.000 | none |",
    ]
    worst = list(found.worst("band_gap"))
    assert [line.split()[0] for line in worst] == ["LiF", "NaCl"]
    assert worst[0].split()[3] == "2.000,"
    assert [line.split()[0] for line in found.worst("formation_energy")] == ["NaCl", "LiF", "Fe"]


def test_entries_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Dataset("none", [], [])
    monkeypatch.setattr(textbook, "mp20", lambda data, split: empty)
    monkeypatch.setattr(textbook, "new_entries", lambda data: empty)
    with pytest.raises(DatasetError, match=r"no entry of LiF \(225, mp-1\)"):
        labelled([Compound("halide", "LiF", 225, "mp-1")], Path())


@pytest.mark.data
def test_all_compounds_are_in_the_data_sets(data: Path) -> None:
    compounds = read_compounds()
    crystals, labels = labelled(compounds, data)
    for compound, crystal in zip(compounds, crystals, strict=True):
        expected = Formula(compound.formula).reduce()[0].format("metal")
        assert reduced_formula(crystal.numbers) == str(expected), compound
    assert not np.isnan(labels["band_gap"]).any()
    unknown = np.isnan(labels["formation_energy"])
    assert [str(compounds[k]) for k in np.flatnonzero(unknown)] == ["BAs (216, mp-10044)"]


@pytest.mark.data
@pytest.mark.slow
def test_the_command_prints_errors(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["textbook", "ecn-mp20", "--data", str(data), "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert "| all | 200 | 0.027 | 0.225 |" in printed
    assert printed.index("LiF (225, mp-1138)") > printed.index("band_gap, eV: the most wrong")
