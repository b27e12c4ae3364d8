"""CIFs as files: encodings, blocks, moments and masses, and how they agree with other readers."""

from __future__ import annotations

import bz2
import gzip
import io
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write
from readers.corpus.syntax_corpus import CHAIN, CHAIN_MOMENT, GLOBAL, MAGNETS, PATTERN
from readers.corpus.templates import BI2TE3_R, RHOMBOHEDRAL, SALT, START, group

from ase_ecn.errors import CrystalError, PartialOccupancyError
from ase_ecn.readers import read_structures
from ase_ecn.readers.cif import atoms_of_text, second_readers
from ase_ecn.readers.cif.second_readers import second_readings

BISMUTH = START + RHOMBOHEDRAL + group("R -3 m") + BI2TE3_R
UMLAUT = "_x_y 'Müller'\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_file_may_have_any_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x.cif").write_text(SALT + UMLAUT, encoding=encoding)
    (source,) = read_structures(tmp_path / "x.cif")
    assert source.load().get_chemical_formula() == "Cl4Na4"


def test_a_file_may_be_compressed_and_its_name_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "a.cif.gz").write_bytes(gzip.compress(SALT.encode()))
    (tmp_path / "b.cif.bz2").write_bytes(bz2.compress(SALT.encode()))
    (tmp_path / "c.CIF").write_text(SALT)
    (tmp_path / "d.mcif").write_text(MAGNETS["magnetic rutile"][0])
    found = [source.load().get_chemical_formula() for source in read_structures(tmp_path)]
    assert found == ["Cl4Na4"] * 3 + ["F4Mn2"]


def test_what_cannot_be_read_is_a_source_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.cif.gz").write_bytes(gzip.compress(SALT.encode())[:40])
    (tmp_path / "b.cif").write_text("data_x\n")
    sources = list(read_structures(tmp_path))
    assert [source.label for source in sources] == ["a.cif.gz", "b.cif"]
    assert "damaged" in sources[0].problem
    assert sources[1].problem == "no structure in the file"


def test_each_block_with_sites_is_a_crystal_and_a_bad_one_loses_no_other(tmp_path: Path) -> None:
    bad = SALT.replace("0 0 0", "0 0 z")
    (tmp_path / "x.cif").write_text(GLOBAL + SALT + bad + PATTERN + BISMUTH)
    first, second, third = read_structures(tmp_path / "x.cif")
    assert [one.label for one in (first, second, third)] == ["x.cif#0", "x.cif#1", "x.cif#2"]
    assert len({one.digest for one in (first, second, third)}) == 3
    assert len(first.load()) == 8
    with pytest.raises(CrystalError, match="no number"):
        second.load()
    assert pickle.loads(pickle.dumps(third)).load().get_chemical_formula() == "Bi2Te3"


def test_a_table_may_hold_any_of_them(tmp_path: Path) -> None:
    text = '"' + BISMUTH.replace('"', '""') + '"'
    (tmp_path / "t.csv").write_text(f"id,cif\n1,{text}\n2,\ufeff{SALT.splitlines()[0]}\n")
    first, second = read_structures(tmp_path / "t.csv")
    assert first.load().get_chemical_formula() == "Bi2Te3"
    with pytest.raises(CrystalError, match="no structure"):
        second.load()


def test_a_table_may_name_their_files(tmp_path: Path) -> None:
    (tmp_path / "good.cif").write_text(BISMUTH)
    (tmp_path / "bad.cif").write_text(SALT.replace("Na1 Na", "Na1 Na/K"))
    (tmp_path / "t.csv").write_text("file\ngood.cif\nbad.cif\n")
    good, bad = read_structures(tmp_path / "t.csv")
    assert good.load().get_chemical_formula() == "Bi2Te3"
    with pytest.raises(PartialOccupancyError, match=r"bad\.cif: cannot read the CIF: the site Na1"):
        bad.load()


def test_moments_follow_the_magnetic_operations() -> None:
    atoms = atoms_of_text(MAGNETS["magnetic rutile"][0])
    moments = atoms.get_initial_magnetic_moments()
    assert moments.shape == (6,)
    assert sorted(moments.round(6)) == [-4.6, 0, 0, 0, 0, 4.6]
    chain = atoms_of_text(MAGNETS["magnetic chain with an anticentring"][0])
    assert sorted(chain.get_initial_magnetic_moments()) == [-2.5, 0, 0, 2.5]


def test_moments_that_do_not_point_along_one_line_are_vectors() -> None:
    text = CHAIN.replace("O1 O", "Co1 Co") + CHAIN_MOMENT + "Co1 1.5 0 0\n"
    moments = atoms_of_text(text).get_initial_magnetic_moments()
    assert moments.tolist() == [[0, 0, 2.5], [1.5, 0, 0]]


def test_moments_are_left_out_where_no_magnetic_operation_says_which_way_they_point() -> None:
    atoms = atoms_of_text(MAGNETS["magnetic, plain operations"][0])
    assert not atoms.get_initial_magnetic_moments().any()


def test_that_there_are_moments_is_noted(tmp_path: Path) -> None:
    (tmp_path / "x.mcif").write_text(CHAIN + CHAIN_MOMENT)
    (source,) = read_structures(tmp_path)
    assert source.columns == {"note": "magnetic moments of the file are initial moments"}


def test_deuterium_is_hydrogen_with_its_own_mass() -> None:
    atoms = atoms_of_text(MAGNETS["deuterium and labels"][0])
    assert atoms.get_chemical_symbols() == ["Li", "H"]
    assert atoms.get_masses()[1] == pytest.approx(2.014, abs=1e-3)


def test_the_error_says_what_kind_of_refusal_it_is() -> None:
    with pytest.raises(PartialOccupancyError, match="cannot read the CIF: the site Na1"):
        atoms_of_text(SALT.replace("Na1 Na", "Na1 Na/K"))


@pytest.mark.parametrize("name", ["NaCl", "Si", "ZnS"])
def test_what_ase_writes_is_read_as_ase_reads_it(name: str) -> None:
    lattice = {"NaCl": "rocksalt", "Si": "diamond", "ZnS": "zincblende"}[name]
    stream = io.BytesIO()
    write(stream, bulk(name, lattice, a=5.5, cubic=True), format="cif")
    text = stream.getvalue().decode()
    by_ase = read(io.StringIO(text), format="cif")
    ours = atoms_of_text(text)
    assert (ours.numbers == by_ase.numbers).all()
    np.testing.assert_allclose(ours.cell[:], by_ase.cell[:], atol=1e-12)
    np.testing.assert_allclose(ours.positions, by_ase.positions, atol=1e-9)


def test_pymatgen_or_ase_is_asked_where_our_reading_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pymatgen knows letters after a name that no table has."""
    text = SALT.replace("'F m -3 m'", "'Halite'") + "_symmetry_equiv_pos_as_xyz 'x,w,z'\n"
    with pytest.raises(CrystalError, match="not understood"):
        atoms_of_text(text)
    right, wrong = bulk("NaCl", "rocksalt", a=5.64), bulk("MgO", "rocksalt", a=4.2)
    asked = "ase_ecn.readers.cif.reading.second_readings"
    monkeypatch.setattr(asked, lambda _: iter([("pymatgen", wrong), ("ASE", right)]))
    with pytest.raises(CrystalError, match="not understood"):
        atoms_of_text(text)  # nothing confirms them
    atoms = atoms_of_text(text + "_chemical_formula_sum 'Cl Na'\n")
    assert atoms.get_chemical_formula() == "ClNa"


def test_both_readers_give_a_plain_cif() -> None:
    stream = io.BytesIO()
    write(stream, bulk("NaCl", "rocksalt", a=5.64), format="cif")
    found = dict(second_readings(stream.getvalue().decode()))
    assert {name: len(atoms) for name, atoms in found.items()} == {"pymatgen": 2, "ASE": 2}


def test_no_other_reader_is_asked_where_a_line_would_take_it_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(second_readers, "_by_pymatgen", asked.append)
    monkeypatch.setattr(second_readers, "_by_ase", asked.append)
    formula = "_chemical_formula_sum 'Cl Na'\n"
    for operation, readers in (("x,w,z", 2), ("x,w,z" + " 1.0" * 50_000, 0)):
        asked.clear()
        with pytest.raises(CrystalError, match="not understood"):
            atoms_of_text(f"{SALT}_symmetry_equiv_pos_as_xyz '{operation}'\n{formula}")
        assert len(asked) == readers


@pytest.mark.parametrize("cell", ["", "_cell_length_a 5.6\n_cell_length_b 2.l_angle\n"])
def test_a_file_without_a_cell_is_refused_in_words(cell: str) -> None:
    """ASE reads it as atoms without a cell, which have no volume to compare."""
    stream = io.BytesIO()
    write(stream, bulk("NaCl", "rocksalt", a=5.64), format="cif")
    whole = stream.getvalue().decode()
    assert "_chemical_formula_sum" in whole
    damaged = re.sub(r"(_cell_.*\n)+", cell, whole)
    with pytest.raises(CrystalError, match="cell"):
        atoms_of_text(damaged)


def test_a_file_whose_sites_have_no_complete_coordinates_is_refused_in_words() -> None:
    with pytest.raises(CrystalError, match="no site has coordinates"):
        atoms_of_text(SALT.replace("_atom_site_fract_x", "_atom_site_fract_q"))


@pytest.mark.parametrize(
    ("tag", "value"),
    [("_atom_site_label", "Na"), ("_atom_site_type_symbol", "Na"), ("_atom_site_occupancy", "0.5")],
)
def test_sites_in_loops_of_different_lengths_are_refused_in_words(tag: str, value: str) -> None:
    """A line that is moved to another loop must not be read as a property of other sites."""
    sites = "loop_\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n0 0 0\n.5 .5 .5\n"
    cell = SALT[: SALT.index("loop_")]
    with pytest.raises(CrystalError, match=f"{tag} has 1 values, there should be 2"):
        atoms_of_text(f"{cell}{sites}{tag} {value}\n")
