from __future__ import annotations

import json

import pytest

from ase_ecn.cli import main


def test_info_shows_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    assert "ecn-mp20" in capsys.readouterr().out
    assert main(["info", "empnn-mp20"]) == 0
    assert json.loads(capsys.readouterr().out)["network"] == "empnn"
    assert main(["info", "nothing"]) == 1
    assert "error: unknown checkpoint" in capsys.readouterr().err
