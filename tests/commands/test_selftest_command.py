from __future__ import annotations

import pytest

from ase_ecn.checkpoint import bundled_checkpoints
from ase_ecn.cli import main


def test_selftest_of_the_bundled_checkpoints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(("all compiled, vectors: ", "not compiled, which costs time: "))
    assert printed.count(": ok") == len(bundled_checkpoints())
