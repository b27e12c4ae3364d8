from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from toys import toy_dataset

from ase_ecn.crystal import as_crystal
from ase_ecn.training.data.cache import cached_dataset, concatenate, labelled_graphs
from ase_ecn.training.data.datasets import Dataset


def test_labels_of_repeated_atoms_are_averaged() -> None:
    doubled = as_crystal(bulk("NaCl", "rocksalt", a=5.64) * (2, 1, 1))
    dataset = Dataset("x", ["a"], [doubled], {}, {"site_moments": np.array([1.0, 5.0, 3.0, 7.0])})
    labelled = labelled_graphs(dataset, "voronoi")
    assert len(labelled.graphs.numbers) == 2
    assert sorted(labelled.site_targets["site_moments"]) == [2.0, 6.0]


def test_joined_sets_keep_their_labels() -> None:
    toy = labelled_graphs(toy_dataset(4), "voronoi")
    sites = Dataset("y", ["a"], [as_crystal(bulk("Fe"))], {}, {"site_moments": np.array([2.2])})
    joined = concatenate(toy, labelled_graphs(sites, "voronoi"))
    assert len(joined.graphs) == 5
    np.testing.assert_allclose(
        joined.targets["formation_energy"][:4], toy.targets["formation_energy"]
    )
    assert np.isnan(joined.targets["formation_energy"][4])
    assert joined.site_targets["site_moments"][-1] == 2.2
    batch = joined.graphs.batch(np.array([4, 0]))
    assert batch.numbers.tolist()[0] == 26
    assert batch.atom_counts.tolist() == [1, 2]


def test_cache_returns_what_was_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path))
    made = []

    def make() -> Dataset:
        made.append(1)
        return toy_dataset(3)

    first, second = cached_dataset("toy", make), cached_dataset("toy", make)
    assert len(made) == 1
    assert first.ids == second.ids == ["0", "1", "2"]
    np.testing.assert_array_equal(second.crystals[1].cell, make().crystals[1].cell)
    np.testing.assert_array_equal(second.targets["band_gap"], make().targets["band_gap"])
