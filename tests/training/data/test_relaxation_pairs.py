from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ase_ecn.errors import DatasetError
from ase_ecn.geometry.drift import without_drift
from ase_ecn.training.data.labels import HELD_OUT
from ase_ecn.training.data.relaxation_pairs import (
    VALIDATION,
    percent_of,
    relaxation_pairs,
    relaxation_rows,
)


def named(first: int, last: int) -> str:
    """A prototype whose percent is in a range."""
    names = (f"mp-{k}" for k in range(10_000))
    return next(n for n in names if first <= zlib.crc32(n.encode()) % 100 < last)


def row(source: str, shift: float = 0.05, **further: Any) -> dict[str, Any]:
    cell = (4.0 * np.eye(3)).tolist()
    frames = [
        {"cell": cell, "frac": [[0, 0, 0], [0.45, 0.5, 0.5]]},
        # The whole crystal has moved across the border of the cell.
        {"cell": (4.2 * np.eye(3)).tolist(), "frac": [[0.98, 0, 0], [0.43 + shift, 0.5, 0.5]]},
    ]
    start = {"prototype_cell": cell, "prototype_frac": [[0, 0, 0], [0.45, 0.5, 0.5]]}
    return (
        {"source": source, "species": ["Na", "Cl"], "converged": True, "frames": frames}
        | start
        | further
    )


@pytest.fixture
def relaxations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    train, val = named(HELD_OUT + VALIDATION, 100), named(HELD_OUT, HELD_OUT + VALIDATION)
    far = [[30.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]]
    rows = [
        row(train),
        row(train, converged=False),
        row(train, prototype_cell=far),
        row(val),
        row(named(0, HELD_OUT)),
    ]
    (tmp_path / "teacher").mkdir()
    with gzip.open(tmp_path / "teacher" / "relaxations.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(one) + "\n" for one in rows)
    return tmp_path


def test_relaxations_are_pairs_split_by_prototype(relaxations: Path) -> None:
    for split in ("train", "val"):
        pairs = relaxation_pairs(relaxations, split)
        assert len(pairs) == 1
        np.testing.assert_allclose(pairs.true_cells, 4.2 * np.eye(3)[None])
        moved = pairs.ends[0].scaled_positions - pairs.crystals[0].scaled_positions
        np.testing.assert_allclose(moved, [[-0.025, 0, 0], [0.025, 0, 0]], atol=1e-9)
    held = [percent_of(r) for r in relaxation_rows(relaxations)]
    assert sum(percent < HELD_OUT for percent in held) == 1


def test_pairs_are_packed_once(relaxations: Path) -> None:
    first = relaxation_pairs(relaxations, "train")
    (relaxations / "teacher" / "relaxations.jsonl.gz").unlink()
    again = relaxation_pairs(relaxations, "train")
    np.testing.assert_array_equal(again.ends[0].scaled_positions, first.ends[0].scaled_positions)
    with pytest.raises(DatasetError, match="does not exist"):
        relaxation_pairs(relaxations, "val")


def test_pairs_from_all_over(relaxations: Path) -> None:
    pairs = relaxation_pairs(relaxations, "train")
    many = type(pairs)(pairs.crystals * 5, pairs.ends * 5)
    assert len(many.spread(3)) == 3
    assert len(many.spread(9)) == 5


def test_drift_goes_with_the_nearest_images(rng: np.random.Generator) -> None:
    moved = rng.normal(size=(5, 3)) * 0.05
    moved -= moved.mean(axis=0)
    shift = rng.uniform(-3, 3, size=3)
    found = without_drift(moved + shift + rng.integers(-2, 3, size=(5, 3)))
    np.testing.assert_allclose(found, moved, atol=1e-6)
