from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from baseline_toys import halides, rutiles

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.training.data.datasets import Dataset
from reproduce.baselines.neighbor_graphs import cached_neighbors, neighbor_graphs
from reproduce.baselines.parts import primitive_dataset


def test_atoms_that_repeat_each_other_share_the_mean_of_their_labels() -> None:
    full = rutiles(1)
    labels = np.arange(12.0)
    primitive = primitive_dataset(replace(full, site_targets={"site_moments": labels}))
    numbers = full.crystals[0].numbers
    found = primitive.site_targets["site_moments"]
    assert len(primitive.crystals[0]) == len(found) == 6
    heavy = primitive.crystals[0].numbers == numbers[0]
    assert found[heavy].sum() == pytest.approx(labels[numbers == numbers[0]].sum() / 2)
    # The second half of the cell repeats the first.
    assert sorted(found) == pytest.approx(sorted((labels[:6] + labels[6:]) / 2))


def test_neighbours_are_whole_shells_or_all_within_reach() -> None:
    crystals = [as_crystal(bulk("Cu")), as_crystal(bulk("Fe", cubic=True))]
    nearest = neighbor_graphs(crystals, "nearest12")
    assert np.diff(nearest.edge_offsets).tolist() == [12, 14]
    assert nearest.distance[:12] == pytest.approx(3.61 / np.sqrt(2))
    within = neighbor_graphs(crystals, "within5")
    assert np.diff(within.edge_offsets).tolist() == [42, 58]
    batch = within.batch(np.array([1, 0, 1]))
    assert batch.numbers.tolist() == [26, 29, 26]
    assert batch.edges[1].bincount().tolist() == [58, 42, 58]
    with pytest.raises(OptionError, match="nearest12, within5"):
        neighbor_graphs(crystals, "within6")  # type: ignore[arg-type]


def test_messages_go_from_a_neighbour_to_its_atom() -> None:
    rutile_like = Atoms("TiO", cell=[3, 3, 9], scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.1]])
    rutile_like.pbc = True
    graphs = neighbor_graphs([as_crystal(rutile_like)], "nearest12")
    edges = graphs.batch(np.array([0])).edges
    np.testing.assert_array_equal(edges.numpy(), np.stack([graphs.target, graphs.source]))


def test_neighbours_are_found_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path))
    made = []

    def load() -> Dataset:
        made.append(1)
        return halides(3)

    first, second = (cached_neighbors("toy", "within5", load) for _ in range(2))
    assert len(made) == 1
    np.testing.assert_array_equal(first.distance, second.distance)
