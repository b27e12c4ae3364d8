"""Elastic tensors of strained cells beside those of heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import DatasetError
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.tensor_rows import SHAPES
from reproduce.reports import strained_cells
from reproduce.reports.strained_cells import compared_tensors


def toy_part(*crystals: Atoms) -> Dataset:
    count = len(crystals)
    labels = {name: np.full((count, *shape), np.nan) for name, shape in SHAPES.items()}
    for k in range(count):
        labels["elastic_tensor"][k] = np.diag([200.0, 200, 200, 60, 60, 60]) + 20 * k
    return Dataset("toy", [f"x{k}" for k in range(count)], [*map(as_crystal, crystals)], labels)


def test_a_line_for_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    radon = bulk("Rn", "fcc", a=6.0)
    large = bulk("Al", cubic=True).repeat(3)
    large.numbers[0] = 12
    crystals = (bulk("Al"), bulk("Cu"), radon, large, bulk("MgO", "rocksalt", a=4.25))
    monkeypatch.setattr(strained_cells, "tensor_part", lambda data, split: toy_part(*crystals))
    arguments = ("ecn-tensors", "ecn-tensors", Path(), "test")
    lines = list(compared_tensors(*arguments, device="cpu"))
    assert lines[0] == "3 crystals, 1 without a prediction"
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[3:]]
    assert [row[0] for row in rows] == ["heads", "strained cells", "mean of both"]
    for row in rows:
        assert float(row[1]) < 100
        assert row[5] == "0"
    lines = list(compared_tensors(*arguments, most=2, device="cpu"))
    assert lines[0] == "2 crystals, 0 without a prediction"
    with pytest.raises(DatasetError, match="none of 0 crystals"):
        list(compared_tensors(*arguments, atoms=0, device="cpu"))
