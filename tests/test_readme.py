from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def test_the_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert blocks
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(compile(block, str(README), "exec"), {})  # noqa: S102
    assert "eV/atom" in capsys.readouterr().out


def test_there_are_exactly_two_set_up_commands() -> None:
    commands = [s for s in README.read_text().splitlines() if s.startswith("pip install")]
    assert commands == [
        "pip install -c constraints.txt -e . && ase-ecn screen examples/crystals",
        'pip install -c constraints.txt -e ".[test]" && pytest',
    ]
