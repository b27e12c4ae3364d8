from __future__ import annotations

from pathlib import Path

import pytest
from baseline_toys import halides

from reproduce.baselines import parts


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    splits = {"train": halides(), "val": halides(24, 1), "test": halides(24, 2)}
    monkeypatch.setattr(parts, "READERS", {"mp_20": lambda data, split: splits[split]})
    (tmp_path / "data").mkdir()
    return tmp_path
