from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ase_ecn.prediction import Prediction
from reproduce.__main__ import main
from reproduce.hostile import hostile_trial
from reproduce.hostile.hostile_trial import hostile_batch

BATCH = (0, 1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few inputs, each of them alone too, and files through a screen."""
    few = {"STRUCTURES": 6, "FILES": 2, "_LONE": 6, "_COMMANDS": ("screen",)}
    for name, value in few.items():
        monkeypatch.setattr(hostile_trial, name, value)


@pytest.mark.parametrize("command", hostile_trial._COMMANDS)
def test_every_input_is_answered_or_refused(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"STRUCTURES": 8, "FILES": 6, "_COMMANDS": (command,)}
    for name, value in few.items():
        monkeypatch.setattr(hostile_trial, name, value)
    found = hostile_batch(BATCH)
    assert found.findings == []
    assert found.inputs == 8 + 6
    assert {outcome for _, outcome in found.counts} == {"answered", "refused"}


def wrong_number(plain: Callable[..., Any]) -> Callable[..., Any]:
    def predict(*given: Any, **options: Any) -> Any:
        found = plain(*given, **options)
        wrong = {"formation_energy": np.nan}
        return [Prediction({**p, **wrong}) if isinstance(p, Prediction) else p for p in found]

    return predict


def crash(_: Callable[..., Any]) -> Callable[..., Any]:
    def fails(*_given: Any, **_options: Any) -> Any:
        raise ZeroDivisionError("planted")

    return fails


def lost(plain: Callable[..., Any]) -> Callable[..., Any]:
    def screen(*given: Any, **options: Any) -> Any:
        report = plain(*given, **options)
        return replace(report, stored=report.stored - 1)

    return screen


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "fault", "said"),
    [
        ("predict", wrong_number, "nan"),
        ("predict", crash, "ZeroDivisionError: planted"),
        ("screen", lost, " of "),
    ],
)
def test_what_must_not_happen_is_noted(
    name: str, fault: Callable[..., Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hostile_batch(BATCH).findings == []
    monkeypatch.setattr(hostile_trial, name, fault(getattr(hostile_trial, name)))
    findings = hostile_batch(BATCH).findings
    assert findings
    assert all(finding.startswith("batch 0 1, ") for finding in findings)
    assert any(said in finding for finding in findings)


def test_no_inputs_are_no_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hostile", "--inputs", "0"]) == 0
    assert "0 inputs" in capsys.readouterr().out
