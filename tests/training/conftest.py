from __future__ import annotations

from pathlib import Path

import pytest
from toys import rocksalts, toy_dataset

from ase_ecn.training.data.datasets import READERS


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with an empty ``data``, where the toy set stands for Perov-5."""
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(READERS, "perov_5", lambda data, split: toy_dataset())
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def halides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder, where rocksalts stand for Perov-5."""
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(READERS, "perov_5", lambda data, split: rocksalts())
    return tmp_path
