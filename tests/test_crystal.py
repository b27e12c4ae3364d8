from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene
from pymatgen.core import Lattice, Structure

from ase_ecn import crystal as crystal_module
from ase_ecn import errors, predict, relax
from ase_ecn.crystal import as_crystal
from ase_ecn.geometry import inspection
from ase_ecn.graphs.voronoi import voronoi_bonds
from ase_ecn.readers import read_structures
from ase_ecn.testing import random_equivalent


def test_atoms_and_structure_give_the_same_crystal() -> None:
    structure = Structure(Lattice.cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    atoms = bulk("CsCl", "cesiumchloride", a=4.12)
    ours, theirs = as_crystal(atoms), as_crystal(structure)
    np.testing.assert_array_equal(ours.numbers, theirs.numbers)
    np.testing.assert_allclose(ours.positions, theirs.positions, atol=1e-12)


def test_left_handed_and_skewed_cells_are_fine() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    skewed = np.array([[1, 0, 0], [40, 1, 0], [-7, 90, 1]]) @ atoms.cell[:]
    atoms.set_cell(skewed[[1, 0, 2]])
    assert np.linalg.det(atoms.cell[:]) < 0 or np.linalg.det(atoms.cell[[1, 0, 2]]) < 0
    assert as_crystal(atoms).volume == pytest.approx(5.64**3 / 4)


def test_input_is_not_changed() -> None:
    atoms = bulk("Cu") * (2, 1, 1)
    before = atoms.copy()
    as_crystal(atoms)
    assert atoms == before


def _partial() -> Structure:
    return Structure(Lattice.cubic(3.6), [{"Cu": 0.5, "Au": 0.5}], [[0, 0, 0]])


def _with(atoms: Atoms, **arrays: object) -> Atoms:
    for name, value in arrays.items():
        setattr(atoms, name, value)
    return atoms


@pytest.mark.parametrize(
    ("structure", "error", "message"),
    [
        (Atoms(cell=[3, 3, 3], pbc=True), errors.EmptyCrystalError, "no atoms"),
        (graphene(vacuum=5), errors.PeriodicityError, "all three"),
        (Atoms("Cu", pbc=True), errors.CellError, "rank 0"),
        (
            Atoms("Cu", cell=[[3, 0, 0], [0, 3, 0], [3, 3, 0]], pbc=True),
            errors.CellError,
            "rank 2",
        ),
        (
            Atoms("Cu", cell=[[3, 0, 0], [0, np.nan, 0], [0, 0, 3]], pbc=True),
            errors.NonFiniteError,
            "cell",
        ),
        (_with(bulk("Cu"), positions=[[np.inf, 0, 0]]), errors.NonFiniteError, "positions"),
        (Atoms("H", cell=[200, 200, 200], pbc=True), errors.CellError, "Å³ per atom"),
        (_with(bulk("Cu"), positions=[[1e18, 0, 0]]), errors.FarAwayError, "atom 0"),
        (Atoms("X", cell=[3, 3, 3], pbc=True), errors.UnsupportedElementError, "X"),
        (
            Atoms("CuH", [[0, 0, 0], [0, 0, 0.3]], cell=[4, 4, 4], pbc=True),
            errors.OverlappingAtomsError,
            r"0 \(Cu\) and 1 \(H\)",
        ),
        (
            Atoms("CuH", [[0, 0, 0.1], [0, 0, 3.9]], cell=[4, 4, 4], pbc=True),
            errors.OverlappingAtomsError,
            "0.2 Å",
        ),
        (Atoms("H", cell=[0.4, 4, 4], pbc=True), errors.OverlappingAtomsError, "translation"),
        (_partial(), errors.PartialOccupancyError, "partially occupied"),
        ("NaCl", errors.CrystalError, "str"),
    ],
)
def test_bad_input_is_refused_with_its_cause(
    structure: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        as_crystal(structure)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValueError)


def test_unsupported_elements_are_listed_with_the_supported_ones() -> None:
    with pytest.raises(errors.UnsupportedElementError, match=r"Cl.*supported are: Na K"):
        as_crystal(bulk("NaCl", "rocksalt", a=5.64), elements={11, 19})


def test_disordered_cif_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    from ase.io import read

    path = Path(str(tmp_path)) / "alloy.cif"
    _partial().to(filename=str(path))
    with pytest.raises(errors.PartialOccupancyError):
        as_crystal(read(path))  # type: ignore[arg-type]


def test_a_crystal_is_reduced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    plain = crystal_module.reduce_cell

    def counted(cell: np.ndarray, scaled: np.ndarray) -> object:
        calls.append(len(scaled))
        return plain(cell, scaled)

    def looked(cell: np.ndarray, coordinates: np.ndarray, **limits: Any) -> object:
        calls.append(len(coordinates))
        return look(cell, coordinates, **limits)

    monkeypatch.setattr(crystal_module, "reduce_cell", counted)
    if inspection.compiled is not None:
        look = crystal_module.inspect
        monkeypatch.setattr(crystal_module, "inspect", looked)
    crystal = as_crystal(bulk("NaCl", "rocksalt", a=5.6, cubic=True))
    assert crystal.reduced is crystal.reduced
    assert crystal.primitive is crystal.primitive
    voronoi_bonds(crystal.primitive.crystal)
    assert calls == [8]
    # Another cell is another crystal.
    voronoi_bonds(crystal.primitive.crystal.with_cell(1.01 * crystal.primitive.crystal.cell))
    assert calls == [8, 2]


def test_reduced_atoms_are_the_same_in_another_basis(prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(3)
    for atoms in prototypes.values():
        crystal = as_crystal(random_equivalent(atoms, rng).atoms)
        reduced = crystal.reduced
        unwrapped = (reduced.scaled + reduced.offsets) @ reduced.cell
        np.testing.assert_allclose(unwrapped, crystal.positions, atol=1e-9)
        np.testing.assert_allclose(reduced.transform @ crystal.cell, reduced.cell, atol=1e-12)
        assert ((reduced.scaled >= 0) & (reduced.scaled <= 1)).all()
        source, target = np.array([0, len(crystal) - 1]), np.array([len(crystal) - 1, 0])
        image = np.array([[1, 0, -2], [0, 3, 1]])
        original = reduced.original_images(source, target, image)
        inside = (reduced.scaled[target] - reduced.scaled[source] + image) @ reduced.cell
        scaled = crystal.scaled_positions
        outside = (scaled[target] - scaled[source] + original) @ crystal.cell
        np.testing.assert_allclose(inside, outside, atol=1e-8)


@pytest.mark.parametrize("given", [3, None, 2.5, "NaCl"])
def test_what_is_neither_one_structure_nor_several_is_refused_in_words(given: object) -> None:
    for function in (predict, relax):
        with pytest.raises(errors.CrystalError, match=r"structure 0: expected ase\.Atoms"):
            function(given)
        (refused,) = function(given, on_error="return")
        assert isinstance(refused, errors.CrystalError)


def test_crystals_are_taken_one_or_several() -> None:
    one = as_crystal(bulk("Cu"))
    (alone,) = predict(one)
    assert alone.formation_energy == predict([one])[0].formation_energy
    assert [source.label for source in read_structures(one)] == ["#0"]
    (unreadable,) = read_structures(3)
    with pytest.raises(errors.CrystalError, match="expected"):
        unreadable.load()
