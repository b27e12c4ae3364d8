from __future__ import annotations

from pathlib import Path

import pytest
from baseline_toys import as_data_set


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return as_data_set(monkeypatch, tmp_path)
