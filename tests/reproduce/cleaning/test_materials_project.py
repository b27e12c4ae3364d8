from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read
from odd_crystals import chain, dataset, graphite, molecular

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import DatasetError
from ase_ecn.training.data.datasets import (
    TRAIN_MARK,
    Dataset,
    read_mp_extra,
    reduced_formula,
)
from ase_ecn.training.data.splits import materials, without_overlap
from reproduce.cleaning.materials_project import clean, dimensionality, split_materials

EXAMPLES = Path(__file__).parents[3] / "examples" / "crystals"


@pytest.mark.parametrize(
    ("atoms", "expected"),
    [
        (bulk("C"), 3),
        (bulk("Al"), 3),
        (bulk("Mg"), 3),
        (bulk("Pb"), 3),
        (bulk("K"), 3),
        (bulk("Cs"), 3),
        (bulk("CsCl", "cesiumchloride", a=4.12), 3),
        (bulk("RbI", "rocksalt", a=7.34), 3),
        (graphite(), 2),
        (chain(), 1),
        (molecular(), 0),
        (bulk("Ar"), 0),
    ],
    ids=["diamond", "Al", "Mg", "Pb", "K", "Cs", "CsCl", "RbI", "graphite", "Te", "CH4", "Ar"],
)
def test_dimensionality(atoms: Atoms, expected: int) -> None:
    assert dimensionality(as_crystal(atoms)) == expected
    assert dimensionality(as_crystal(atoms * (1, 2, 1))) == expected


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda p: p.stem)
def test_only_the_layered_example_is_not_three_dimensional(path: Path) -> None:
    assert dimensionality(as_crystal(read(path))) == (2 if path.stem == "MoS2-2H" else 3)


def test_each_stage_removes_what_it_says(toy: Dataset) -> None:
    cleaned = clean(toy, processes=1)
    assert cleaned.counts == {"a": 10, "b": 8, "c": 7, "d": 5, "e": 4, "f": 3}
    assert cleaned.dataset.ids == ["id-1", "id-2", "id-7", "id-9"]
    assert [m.formula for m in cleaned.materials] == ["NaCl", "NaCl", "Al", "Zn2O2"]
    # Bonds of the primitive cells, whatever the cell of the input.
    np.testing.assert_array_equal(cleaned.degrees, [6, 6, 14, 8, 12, 4, 4, 4, 4])
    again = clean(toy, processes=2)
    assert again.dataset.ids == cleaned.dataset.ids
    assert again.materials == cleaned.materials
    np.testing.assert_array_equal(again.degrees, cleaned.degrees)


def test_what_cannot_be_cleaned_is_refused(toy: Dataset) -> None:
    with pytest.raises(DatasetError, match="'metal'; toy has formation_energy"):
        clean(replace(toy, targets={"formation_energy": toy.targets["formation_energy"]}), 1)
    with pytest.raises(DatasetError, match="leaves nothing"):
        clean(dataset([graphite(), molecular()]), 1)


def test_the_split_of_materials_goes_by_composition_and_space_group() -> None:
    # Two polytypes of one composition and space group, with other primitive formulas.
    two = bulk("ZnS", "wurtzite", a=3.8, c=6.2)
    zinc = np.array([[0, 0, 0], [1 / 3, 2 / 3, 1 / 4], [0, 0, 1 / 2], [2 / 3, 1 / 3, 3 / 4]])
    layers = np.concatenate([zinc, zinc + np.array([0, 0, 3 / 16])])
    cell = two.cell * np.array([1, 1, 2])[:, None]
    four = Atoms("Zn4S4", scaled_positions=layers, cell=cell, pbc=True)
    found = materials(dataset([four, two]), processes=1)
    assert [m.formula for m in found] == ["Zn4S4", "Zn2S2"]
    assert found[0].group == found[1].group == "ZnS 186"
    pairs = [("LiF", 4.0), ("LiCl", 5.1), ("NaF", 4.6), ("KF", 5.3), ("KCl", 6.3)]
    salts = [bulk(name, "rocksalt", a=a) for name, a in pairs]
    cleaned = clean(dataset([four, two, *salts]), processes=1)
    for seed in range(8):
        parts = split_materials(cleaned, seed)
        assert sum(0 in part for part in parts.values()) == 1
        assert all((0 in part) == (1 in part) for part in parts.values())


@pytest.mark.data
def test_the_2018_release_is_read_and_cleaned(data: Path) -> None:
    extra = read_mp_extra(data, max_atoms=2)
    assert len(extra) == len(set(extra.ids)) > 500
    assert max(len(c) for c in extra.crystals) == 2
    assert set(extra.targets[TRAIN_MARK]) == {0.0, 1.0}
    assert set(extra.targets["metal"]) == {0.0, 1.0}
    assert (extra.targets["magnetization"] >= 0).all()
    part = extra.subset(np.arange(300))
    cleaned = clean(part, processes=1)
    assert 200 < cleaned.counts["e"] <= cleaned.counts["d"] <= 300
    assert sorted(cleaned.counts.values(), reverse=True) == list(cleaned.counts.values())
    formulas = {reduced_formula(c.numbers) for c in cleaned.dataset.crystals}
    assert len(without_overlap(part, cleaned.dataset, 1)) < len(part) - len(formulas) // 2
