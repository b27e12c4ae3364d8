from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.readers import read_structures
from reproduce.hostile import hostile_files
from reproduce.hostile.hostile_files import hostile_file

CRYSTALS = [bulk("NaCl", "rocksalt", a=5.6), bulk("Cu"), bulk("Si")]


@pytest.mark.parametrize("kind", sorted(hostile_files._WRITERS))
def test_what_is_not_damaged_is_read_as_it_was_written(kind: str, tmp_path: Path) -> None:
    several = kind in hostile_files._OF_SEVERAL
    written = CRYSTALS if several else CRYSTALS[:1]
    hostile_files._WRITERS[kind](tmp_path / f"file{kind}", written)
    found = [source.load() for source in read_structures(tmp_path / f"file{kind}")]
    assert [sorted(atoms.numbers) for atoms in found] == [sorted(a.numbers) for a in written]


@pytest.mark.parametrize("damage", sorted(hostile_files._DAMAGES))
def test_damages_change_a_file_and_are_repeatable(damage: str) -> None:
    content = "".join(f"{k} 1.5 -2.25 Na Cl\n" for k in range(30)).encode()
    results = [hostile_files._DAMAGES[damage](content, np.random.default_rng(4)) for _ in range(2)]
    assert results[0] == results[1] != content


def test_some_files_are_whole_and_names_are_kept_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    files = [hostile_file(tmp_path, str(k), CRYSTALS, rng) for k in range(40)]
    assert len({file.path for file in files}) == 40 == len(list(tmp_path.iterdir()))
    assert 3 < sum(not file.damage for file in files) < 20
    assert {file.crystals for file in files} == {1, 3}
