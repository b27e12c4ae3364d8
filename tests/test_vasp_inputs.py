from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect
from ase.io import read
from pymatgen.io.vasp.inputs import Incar, Kpoints, Poscar

from ase_ecn.errors import CellError, OptionError, UnsupportedElementError
from ase_ecn.moments import MagneticOrder
from ase_ecn.screening import screen
from ase_ecn.vasp_inputs import export_screen, vasp_inputs, write_vasp_inputs


def mixed() -> Atoms:
    """Two formula units of FeO whose atoms are not sorted by element."""
    atoms = bulk("FeO", "rocksalt", a=4.3) * (1, 1, 2)
    return atoms[[1, 0, 3, 2]]


def test_moments_are_those_of_the_atoms_in_the_poscar() -> None:
    texts = vasp_inputs(mixed(), [0.1, 3.5, 0.2, 3.7], MagneticOrder({"Fe": "+-"}))
    structure = Poscar.from_str(texts["POSCAR"]).structure
    moments = Incar.from_str(texts["INCAR"])["MAGMOM"]
    assert [site.specie.symbol for site in structure] == ["Fe", "Fe", "O", "O"]
    assert moments == [3.5, -3.7, 0.1, 0.2]
    moved = structure.frac_coords - mixed().get_scaled_positions()[[1, 3, 0, 2]]
    assert np.allclose(moved, moved.round())


def test_u_is_that_of_the_materials_project() -> None:
    oxide = Incar.from_str(vasp_inputs(bulk("FeO", "rocksalt", a=4.3), [3.7, 0.1])["INCAR"])
    assert oxide["LDAUU"] == [5.3, 0]
    assert oxide["LDAUL"] == [2, 0]
    metal = Incar.from_str(vasp_inputs(bulk("Fe"), [2.2])["INCAR"])
    assert not metal.get("LDAU")
    assert metal["MAGMOM"] == [2.2]
    assert metal["ENCUT"] == oxide["ENCUT"] == 520


def test_kpoints_and_pseudopotentials_are_named() -> None:
    texts = vasp_inputs(bulk("Fe"), [2.2])
    assert Kpoints.from_str(texts["KPOINTS"]).kpts[0][0] > 5
    assert texts["POTCAR.spec"] == "Fe_pv\n"


def test_moments_of_a_calculator_are_taken() -> None:
    atoms = bulk("Fe")
    atoms.calc = SinglePointCalculator(atoms, magmoms=np.array([2.4]))
    assert Incar.from_str(vasp_inputs(atoms)["INCAR"])["MAGMOM"] == [2.4]


def test_alternating_moments_double_the_cell() -> None:
    texts = vasp_inputs(bulk("NiO", "rocksalt", a=4.2), [1.7, 0.0], MagneticOrder(alternation="G"))
    structure = Poscar.from_str(texts["POSCAR"]).structure
    assert structure.composition.formula == "Ni2 O2"
    assert sorted(Incar.from_str(texts["INCAR"])["MAGMOM"]) == [-1.7, 0, 0, 1.7]


def test_impossible_crystals_are_refused() -> None:
    with pytest.raises(UnsupportedElementError, match="no pseudopotential for Po"):
        vasp_inputs(bulk("Po", "sc", a=3.3), [0.0])
    with pytest.raises(CellError):
        vasp_inputs(Atoms("Fe", pbc=True), [0.0])
    with pytest.raises(OptionError, match="no moments"):
        vasp_inputs(bulk("Fe"), None, MagneticOrder({"Fe": "-"}))


def test_a_folder_that_exists_stays(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "Fe"
    write_vasp_inputs(bulk("Fe"), folder, [2.2])
    assert sorted(p.name for p in folder.iterdir()) == ["INCAR", "KPOINTS", "POSCAR", "POTCAR.spec"]
    assert [p.name for p in folder.parent.iterdir()] == ["Fe"]
    assert len(read(folder / "POSCAR")) == 1
    (folder / "INCAR").write_text("mine")
    with pytest.raises(OptionError, match="stays as it is"):
        write_vasp_inputs(bulk("Fe"), folder, [2.2])
    assert (folder / "INCAR").read_text() == "mine"


def test_the_best_crystals_of_a_screen_are_exported(tmp_path: Path) -> None:
    iron, salt = bulk("Fe"), bulk("NaCl", "rocksalt", a=5.6)
    screen([bulk("Fe", "fcc", a=3.6), salt, iron], tmp_path / "out.db")
    done = export_screen(
        tmp_path / "out.db",
        tmp_path / "dft",
        by="-magnetization",
        limit=2,
        order=MagneticOrder({"Fe": "-"}),
    )
    rows = sorted(connect(tmp_path / "out.db").select("Fe"), key=lambda row: -row.magnetization)
    assert [path.name for path in done.written] == [f"Fe-{row.id}" for row in rows]
    assert done.skipped == []
    moments = Incar.from_file(done.written[0] / "INCAR")["MAGMOM"]
    assert np.allclose(moments, [-rows[0].magmoms[0]], atol=1e-6)
    again = export_screen(tmp_path / "out.db", tmp_path / "dft")
    assert [path.name for path in again.written] == ["NaCl-2"]
    assert {name for name, _ in again.skipped} == {"#0", "#2"}
    with pytest.raises(OptionError, match="cannot sort"):
        export_screen(tmp_path / "out.db", tmp_path / "dft", by="a b")
    with pytest.raises(OptionError, match="does not exist"):
        export_screen(tmp_path / "none.db", tmp_path / "dft")
