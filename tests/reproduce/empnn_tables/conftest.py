from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.training.data.datasets import READERS, Dataset


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Eight crystals in place of Perov-5."""
    crystals = [as_crystal(bulk("NaCl", "rocksalt", a=5 + 0.1 * k)) for k in range(8)]
    dataset = Dataset("toy", [str(k) for k in range(8)], crystals)
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(READERS, "perov_5", lambda data, split: dataset)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"
