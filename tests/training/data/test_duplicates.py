from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from pymatgen.analysis.structure_matcher import StructureMatcher

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.testing import random_equivalent
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.duplicates import fingerprints, novel


def carbon() -> list[Atoms]:
    """Diamond, lonsdaleite, graphite and simple cubic carbon."""
    lonsdaleite = Atoms(
        "C4",
        scaled_positions=[
            (1 / 3, 2 / 3, 0.0625),
            (2 / 3, 1 / 3, 0.5625),
            (1 / 3, 2 / 3, 0.4375),
            (2 / 3, 1 / 3, 0.9375),
        ],
        cell=[2.51, 2.51, 4.17, 90, 90, 120],
        pbc=True,
    )
    graphite = Atoms(
        "C4",
        scaled_positions=[(0, 0, 0.25), (0, 0, 0.75), (1 / 3, 2 / 3, 0.25), (2 / 3, 1 / 3, 0.75)],
        cell=[2.46, 2.46, 6.7, 90, 90, 120],
        pbc=True,
    )
    return [bulk("C", "diamond", a=3.57), lonsdaleite, graphite, bulk("C", "sc", a=1.8)]


def dataset(crystals: Sequence[Crystal], energies: Sequence[float] | None = None) -> Dataset:
    targets = {} if energies is None else {"energy": np.array(energies)}
    return Dataset("carbon", [str(k) for k in range(len(crystals))], list(crystals), targets)


def strained(crystal: Crystal) -> Crystal:
    return Crystal(crystal.numbers, crystal.cell * 1.01, crystal.scaled_positions)


def test_other_descriptions_of_a_crystal_are_no_new_ones(rng: np.random.Generator) -> None:
    crystals = [as_crystal(atoms) for atoms in carbon()]
    others = [as_crystal(random_equivalent(atoms, rng, 24).atoms) for atoms in carbon()]
    assert np.allclose(fingerprints(others), fingerprints(crystals))
    everything = dataset([*crystals, *others, *map(strained, crystals)])
    assert novel(everything).tolist() == [0, 1, 2, 3]


def test_known_crystals_are_no_new_ones() -> None:
    diamond, lonsdaleite, graphite, cubic = map(as_crystal, carbon())
    known = [dataset([graphite]), dataset([lonsdaleite])]
    assert novel(dataset([strained(graphite), cubic, diamond, cubic]), known).tolist() == [1, 2]


def test_other_elements_make_another_crystal() -> None:
    diamond = as_crystal(carbon()[0])
    silicon = Crystal(np.full(2, 14), diamond.cell * 1.5, diamond.scaled_positions)
    assert novel(dataset([diamond, silicon])).tolist() == [0, 1]
    assert novel(dataset([])).tolist() == []


def test_energies_spare_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    diamond = as_crystal(carbon()[0])
    crystals = [diamond, strained(diamond), diamond]
    assert novel(dataset(crystals, [-9.0, -9.001, -9.002]), energy="energy").tolist() == [0]
    monkeypatch.setattr(StructureMatcher, "fit", lambda *_: pytest.fail("compared"))
    assert novel(dataset(crystals, [-9.0, -8.9, -8.8]), energy="energy").tolist() == [0, 1, 2]
