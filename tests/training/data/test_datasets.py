from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from toys import toy_dataset

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import DatasetError
from ase_ecn.training.data import datasets
from ase_ecn.training.data.datasets import (
    Dataset,
    data_folder,
    join,
    split_by_composition,
)


def test_one_composition_is_in_one_part_only() -> None:
    parts = split_by_composition(toy_dataset(48))
    formulas = [
        {datasets.reduced_formula(c.numbers) for c in part.crystals} for part in parts.values()
    ]
    assert sum(len(p) for p in parts.values()) == 48
    assert not formulas[0] & formulas[1]
    assert not formulas[0] & formulas[2]
    numbers = Atoms("Na2Cl2").numbers
    assert datasets.reduced_formula(numbers) == datasets.reduced_formula(Atoms("ClNa").numbers)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "count", "atoms"),
    [("mp_20", "test", 9046, 20), ("perov_5", "val", 3787, 5), ("carbon_24", "test", 2030, 24)],
)
def test_public_data_sets_are_read(
    data: Path, name: str, split: str, count: int, atoms: int
) -> None:
    dataset = datasets.READERS[name](data, split)
    assert len(dataset) == count == len(set(dataset.ids))
    assert max(len(c) for c in dataset.crystals) == atoms
    for labels in dataset.targets.values():
        assert len(labels) == count
        assert np.isfinite(labels).mean() > 0.9


def test_joined_sets_hold_each_id_once() -> None:
    toy = toy_dataset(10)
    sites = np.arange(2.0)
    other = Dataset("x", ["0", "new"], [as_crystal(bulk("Fe"))] * 2, {}, {"moments": sites})
    joined = join([toy, other])
    assert joined.ids == [*toy.ids, "new"]
    assert joined.targets["formation_energy"][0] == toy.targets["formation_energy"][0]
    assert np.isnan(joined.targets["formation_energy"][-1])
    moments = joined.site_targets["moments"]
    assert len(moments) == sum(len(c) for c in joined.crystals)
    assert moments[-1] == 1.0
    assert np.isnan(moments[:-1]).all()


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        data_folder(tmp_path / "none")
    with pytest.raises(DatasetError, match="unknown split"):
        datasets.read_mp20(tmp_path, "all")
    with pytest.raises(DatasetError, match="does not exist"):
        datasets.read_mp20(tmp_path, "val")
