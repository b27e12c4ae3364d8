from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from reproduce.__main__ import main
from reproduce.hostile import killed_screens as module
from reproduce.hostile.killed_screens import killed_screens

CRYSTALS = 6


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch, run_screen: Callable) -> None:
    """In the place of processes: runs that end after half of the crystals, or are done."""

    def screen(taken: Sequence[Atoms], out: str) -> None:
        run_screen(taken, out, retry_failed=True)

    def ends(_hazard: str, taken: Sequence[Atoms], out: str, _rng: np.random.Generator) -> list:
        if not Path(out).exists():
            screen(taken[: CRYSTALS // 2], out)
            return ["killed"]
        screen(taken, out)
        return ["done"]

    monkeypatch.setattr(module, "_screen", screen)
    monkeypatch.setattr(module, "_ends", ends)


@pytest.mark.usefixtures("interrupted")
def test_what_was_interrupted_is_finished_and_compared(tmp_path: Path) -> None:
    soak = killed_screens(str(tmp_path / "out.db"), 0, CRYSTALS)
    assert soak.findings == []
    assert soak.crystals == CRYSTALS
    assert sorted(end for _, end in soak.runs.elements()) == ["done", "killed"]


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("UPDATE systems SET energy = energy + 1 WHERE id = 1", "lost or changed"),
        ("DELETE FROM systems WHERE id = 2", "crystals are in a finished screen"),
    ],
)
def test_crystals_that_change_or_go_are_noted(
    fault: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = module._ends

    def damaging(hazard: str, taken: Sequence[Atoms], out: str, rng: np.random.Generator) -> list:
        found = plain(hazard, taken, out, rng)
        if found == ["done"]:
            with sqlite3.connect(out) as connection:
                connection.execute(fault)
        return found

    monkeypatch.setattr(module, "_ends", damaging)
    monkeypatch.setattr(module, "_HAZARDS", {"nothing": module._nothing})
    soak = killed_screens(str(tmp_path / "out.db"), 0, CRYSTALS)
    assert any(said in finding for finding in soak.findings)


def test_outputs_that_exist_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out.db").touch()
    assert main(["killed-screens", "--output", str(tmp_path / "out.db")]) == 1
    assert "must be a new one" in capsys.readouterr().err
    assert main(["killed-screens", "--crystals", "0"]) == 1
    assert "at least 1" in capsys.readouterr().err


@pytest.mark.slow
def test_processes_are_killed_and_starved(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["killed-screens", "--minutes", "0.5", "--crystals", "16"]) == 0
    assert "0 findings" in capsys.readouterr().out
