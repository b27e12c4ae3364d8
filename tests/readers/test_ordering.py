"""Disordered crystals become ordered cells of the right composition, or say why they cannot."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.db import connect
from ase.io import write
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core import Lattice, Structure
from readers.corpus.templates import (
    FILLED,
    SALT,
    SALT_GROUP,
    START,
    TYPED,
    cell,
    group,
    sites,
)

from ase_ecn.cli import main
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CrystalError, OptionError, PartialOccupancyError
from ase_ecn.readers import ordered_cells, read_structures
from ase_ecn.readers.ordering import CELLS

PEROVSKITE = (
    START
    + cell(3.9)
    + group("P m -3 m")
    + sites(
        *("La1 La .5 .5 .5 .5", "Sr1 Sr .5 .5 .5 .5", "Mn1 Mn 0 0 0 1", "O1 O .5 0 0 1"),
        tags=FILLED,
    )
)
ZIRCONIA = (
    START
    + cell(5.1)
    + group("F m -3 m")
    + sites("Zr1 Zr 0 0 0 .75", "Y1 Y 0 0 0 .25", "O1 O .25 .25 .25 .9375", tags=FILLED)
)
ALLOY = (
    START
    + cell(3.7)
    + group("F m -3 m")
    + sites("Cu 0 0 0 .75", "Au 0 0 0 .25", tags=TYPED + " occupancy")
)


def salt(symbol: str, extra: str = "") -> str:
    return SALT_GROUP + extra + sites(f"{symbol} 0 0 0", "Cl .5 .5 .5", tags=TYPED)


def read(tmp_path: Path, text: str, order: int | None = 60) -> list:
    (tmp_path / "x.cif").write_text(text)
    return list(read_structures(tmp_path / "x.cif", order=order))


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        (PEROVSKITE, "LaMn2O6Sr"),
        (ZIRCONIA, "O15Y2Zr6"),
        (salt("Na0.5K0.5"), "Cl4K2Na2"),
        (salt("'0.75Na + 0.25K'"), "Cl4KNa3"),
        (salt("Na0.6K0.4"), "Cl20K8Na12"),
        (salt("Na0.5K0.5", "_chemical_formula_sum 'Cl K0.5 Na0.5'\n"), "Cl4K2Na2"),
    ],
)
def test_a_cell_has_the_composition_of_the_file(tmp_path: Path, text: str, formula: str) -> None:
    found = read(tmp_path, text)
    assert 1 <= len(found) <= CELLS
    for k, source in enumerate(found, 1):
        atoms = source.load()
        assert atoms.get_chemical_formula() == formula
        as_crystal(atoms)
        assert source.label == f"x.cif#ordered{k}"
        assert source.columns["note"].startswith(f"ordered cell {k} of {len(found)}, by Ewald sums")
        assert pickle.loads(pickle.dumps(source)).digest == source.digest
    assert len({source.digest for source in found}) == len(found)


def test_the_first_cell_has_the_lowest_energy_of_point_charges() -> None:
    """Na+ and Fe3+ in layers across the long axis of stretched rocksalt, or across a short one."""
    cations = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    species = [{"Na": 0.5, "Fe": 0.5}] * 4 + ["O"] * 4
    places = np.concatenate([cations, cations + np.array([0, 0, 0.5])])
    found = ordered_cells(Structure(Lattice.tetragonal(4.2, 5.0), species, places), 8)
    energies = []
    for atoms in found:
        structure = Structure(atoms.cell[:], atoms.numbers, atoms.get_scaled_positions())
        structure.add_oxidation_state_by_element({"Na": 1, "Fe": 3, "O": -2})
        energies.append(EwaldSummation(structure).total_energy)
    assert len(found) == 2
    assert energies[0] < energies[1] - 0.1
    assert {atoms.info["ordered_by"] for atoms in found} == {"Ewald sums"}


def test_that_charges_do_not_tell_arrangements_apart_is_noted(tmp_path: Path) -> None:
    (source, *_) = read(tmp_path, salt("Na0.6K0.4"))
    assert "equal for all arrangements" in source.columns["note"]


def test_what_is_ordered_stays_as_it_is(tmp_path: Path) -> None:
    (source,) = read(tmp_path, SALT)
    assert source.label == "x.cif"
    assert len(source.load()) == 8
    write(tmp_path / "a.extxyz", bulk("Cu"))
    (other,) = read_structures(tmp_path / "a.extxyz", order=10)
    assert len(other.load()) == 1


@pytest.mark.parametrize(
    ("text", "order", "reason"),
    [
        (salt("Na0.6K0.4"), 39, "has 40 atoms, and at most 39 are allowed"),
        (salt("Na/K"), 60, "in amounts that are not said"),
        (ALLOY, 60, "no oxidation states balance"),
        (salt("Na0.5K0.5", "_chemical_formula_sum 'Cl K Na3'\n"), 60, "sum formula is Cl K Na3"),
        (salt("Na0.7K0.7"), 60, "add up to 1.4"),
    ],
)
def test_what_cannot_be_ordered_says_why(
    tmp_path: Path, text: str, order: int, reason: str
) -> None:
    (source,) = read(tmp_path, text, order)
    assert source.label == "x.cif"
    assert reason in source.problem
    with pytest.raises(CrystalError, match="cannot be ordered"):
        source.load()


def test_without_the_option_it_is_refused(tmp_path: Path) -> None:
    (source,) = read(tmp_path, PEROVSKITE, None)
    with pytest.raises(PartialOccupancyError, match="La1 is partially occupied"):
        source.load()


def test_tables_and_pymatgen_structures_are_ordered_too(tmp_path: Path) -> None:
    (tmp_path / "p.cif").write_text(PEROVSKITE)
    (tmp_path / "t.csv").write_text(f'id,cif,file\n7,"{PEROVSKITE}",\n8,,p.cif\n')
    first, second = read_structures(tmp_path / "t.csv", order=20)
    assert [first.label, second.label] == ["t.csv#0#ordered1", "t.csv#1#ordered1"]
    assert first.columns["id"] == 7
    assert "note" in first.columns
    mixed = Structure(Lattice.cubic(4.1), [{"Mg": 0.5, "Fe": 0.5}, "O"], [[0, 0, 0], [0.5] * 3])
    (found, *_) = read_structures([mixed], order=20)
    assert found.load().get_chemical_formula() == "FeMgO2"
    (refused,) = read_structures([mixed])
    assert "partially occupied" in refused.problem


def test_the_function_is_public() -> None:
    mixed = Structure(Lattice.cubic(4.1), [{"Mg": 0.5, "Fe": 0.5}, "O"], [[0, 0, 0], [0.5] * 3])
    (atoms,) = ordered_cells(mixed, 10)
    assert atoms.pbc.all()
    np.testing.assert_allclose(atoms.get_volume(), 2 * 4.1**3)
    with pytest.raises(OptionError, match="positive"):
        read_structures([mixed], order=0)


def test_commands_and_screens_take_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.cif").write_text(PEROVSKITE)
    where = str(tmp_path / "in")
    assert main(["predict", where]) == 1
    assert "La1 is partially occupied" in capsys.readouterr().err
    assert main(["predict", where, "--order", "20"]) == 0
    assert "x.cif#ordered1" in capsys.readouterr().out
    assert main(["screen", where, "-o", str(tmp_path / "out.db"), "--order", "20"]) == 0
    (row,) = connect(tmp_path / "out.db").select(note="ordered cell 1 of 1, by Ewald sums")
    assert row.natoms == 10
    assert main(["predict", where, "--order", "0"]) == 1
    assert "order must be a positive number" in capsys.readouterr().err
