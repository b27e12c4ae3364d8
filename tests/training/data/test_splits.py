"""Splits that leak nothing."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from odd_crystals import dataset

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import DatasetError
from ase_ecn.training.data.splits import grouped_split, material, without_overlap


def test_a_material_knows_no_choice_of_cell() -> None:
    primitive = material(as_crystal(bulk("NaCl", "rocksalt", a=5.64)))
    assert (primitive.formula, primitive.space_group, primitive.sites) == ("NaCl", 225, 2)
    conventional = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    assert material(as_crystal(conventional)) == primitive
    left_handed = conventional.copy()
    left_handed.set_cell(left_handed.cell[[1, 0, 2]])
    assert material(as_crystal(left_handed)) == primitive
    wurtzite = material(as_crystal(bulk("ZnO", "wurtzite", a=3.25, c=5.2)))
    assert (wurtzite.formula, wurtzite.composition) == ("Zn2O2", "ZnO")
    assert wurtzite.group == "ZnO 186"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_split_leaks_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = [f"g{k}" for k in rng.integers(0, 300, size=1000)]
    parts = grouped_split(groups, seed)
    assert {k: len(v) for k, v in parts.items()} == {"train": 800, "val": 100, "test": 100}
    assert sorted(np.concatenate(list(parts.values()))) == list(range(1000))
    members = [{groups[i] for i in part} for part in parts.values()]
    assert not members[0] & members[1]
    assert not members[0] & members[2]
    assert not members[1] & members[2]
    for name, part in grouped_split(groups, seed).items():
        np.testing.assert_array_equal(part, parts[name])
    assert list(grouped_split(groups, seed + 10)["test"]) != list(parts["test"])


def test_small_splits_leave_no_part_empty() -> None:
    parts = grouped_split(["a"] * 10 + ["b"] * 9 + ["c"] * 8)
    assert sorted(len(p) for p in parts.values()) == [8, 9, 10]
    parts = grouped_split(["a"] * 90 + list("bcdefghijk"))
    assert len(parts["train"]) >= 90
    assert min(len(p) for p in parts.values()) > 0
    with pytest.raises(DatasetError, match=r"at least 3 groups .* there are 2: a, b"):
        grouped_split(["a", "b", "a"])


def test_entries_close_to_another_set_are_dropped() -> None:
    rocksalt = bulk("NaCl", "rocksalt", a=5.64)
    others = dataset([rocksalt * (1, 1, 2), bulk("Al")])
    mine = dataset(
        [rocksalt, bulk("NaCl", "cesiumchloride", a=3.4), bulk("KCl", "rocksalt", a=6.3)]
    )
    left = without_overlap(mine, others, processes=1)
    assert left.ids == ["id-1", "id-2"]
    assert len(left.targets["formation_energy"]) == 2
    assert len(without_overlap(mine, mine, processes=1)) == 0
    assert without_overlap(mine, dataset([]), processes=1).ids == mine.ids
