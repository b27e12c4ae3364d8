from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from ase_ecn.errors import CrystalError, OptionError
from ase_ecn.readers import (
    Reader,
    Source,
    count_structures,
    formats,
    of_atoms,
    read_structures,
    register,
    unreadable,
)
from ase_ecn.readers.cif import read_cif
from ase_ecn.readers.files import read_file
from ase_ecn.readers.formats import reader_of


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "READERS", list(formats.READERS))


def read_one(path: Path, label: str, labelled: bool) -> Iterator[Source]:
    yield of_atoms(label, bulk("Cu", a=float(path.read_text())))


def test_the_first_reader_whose_ending_fits_is_taken(tmp_path: Path) -> None:
    assert reader_of(Path("a.cif")).read is read_cif
    assert reader_of(Path("a.vasp")).read is read_file
    register(Reader((".one", ".cif"), read_one))
    (tmp_path / "a.one").write_text("3.6")
    (tmp_path / "b.cif").write_text("3.7")
    found = [source.load() for source in read_structures(tmp_path)]
    assert [atoms.cell[0, 1] for atoms in found] == [1.8, 1.85]
    assert count_structures(tmp_path) == 2
    assert count_structures(tmp_path / "a.one") is None


def test_what_a_reader_refuses_is_a_source_that_says_why(tmp_path: Path) -> None:
    def refuse(path: Path, label: str, labelled: bool) -> Iterator[Source]:
        yield of_atoms(f"{label}#0", bulk("Cu"))
        raise OptionError("the rest is missing")

    register(Reader((".half",), refuse))
    (tmp_path / "a.half").touch()
    good, bad = read_structures(tmp_path / "a.half")
    assert len(good.load()) == 1
    assert bad.problem == "the rest is missing"
    with pytest.raises(CrystalError, match="the rest is missing"):
        bad.load()


def test_sources_know_comments_results_and_their_number(tmp_path: Path) -> None:
    frames = []
    for k in range(3):
        atoms = bulk("NaCl", "rocksalt", a=5.6)
        atoms.info["gap"] = 1.0 * k
        atoms.calc = SinglePointCalculator(atoms, energy=-2.0 * k)
        frames.append(atoms)
    write(tmp_path / "f.extxyz", frames)
    found = list(read_structures(tmp_path / "f.extxyz"))
    assert [source.number for source in found] == [1, 2, 3]
    assert [source.labels["gap"] for source in found] == [0, 1, 2]
    assert [source.results["energy"] for source in found] == [0, -2, -4]
    # Workers of a cluster get them; results of the input are not taken for those of a screen.
    (again,) = pickle.loads(pickle.dumps(found[1:2]))
    assert again.load().calc is None
    assert again.digest == found[1].digest


def test_equal_structures_have_equal_digests_and_others_do_not() -> None:
    same, other = of_atoms("a", bulk("Cu")), of_atoms("b", bulk("Cu", a=3.7))
    assert of_atoms("c", bulk("Cu")).digest == same.digest != other.digest
    assert unreadable("a", "x").digest != unreadable("a", "y").digest
