from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ase_ecn import commands
from ase_ecn.cli import main
from ase_ecn.commands import COMMANDS
from ase_ecn.commands.command_line import Command
from ase_ecn.errors import OptionError
from ase_ecn.screening import read_structures
from ase_ecn.training import commands as training_commands
from reproduce import commands as reproduce_commands

EXAMPLES = Path(__file__).parents[2] / "examples" / "crystals"


def test_commands_have_names_of_their_own_and_say_what_they_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [command.name for command in COMMANDS]
    assert len(names) == len(set(names))
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for command in COMMANDS:
        assert f"{command.name} {command.text}" in text


@pytest.mark.parametrize("package", [commands, training_commands, reproduce_commands])
def test_each_command_has_a_file_of_its_own_under_its_name(package: ModuleType) -> None:
    files = Path(package.__file__).parent.glob("*_command.py")
    names = [command.name for command in package.COMMANDS]
    assert sorted(names) == sorted(
        file.stem.removesuffix("_command").replace("_", "-") for file in files
    )


def test_an_error_of_the_package_is_a_line_and_another_one_is_not_hidden(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(error: Exception) -> Command:
        def run(options: object) -> int:
            raise error

        return Command("fail", "fail", lambda parser: None, run)

    monkeypatch.setattr("ase_ecn.cli.COMMANDS", [fails(OptionError("no such thing"))])
    assert main(["fail"]) == 1
    assert capsys.readouterr().err == "error: no such thing\n"
    monkeypatch.setattr("ase_ecn.cli.COMMANDS", [fails(ZeroDivisionError())])
    with pytest.raises(ZeroDivisionError):
        main(["fail"])


@pytest.mark.slow
def test_the_command_is_installed_and_prints_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ase_ecn", "predict", str(EXAMPLES / "Fe-bcc.extxyz")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def test_examples_are_valid_crystals() -> None:
    entries = list(read_structures(EXAMPLES))
    assert len(entries) >= 12
    assert all(len(entry.load()) > 0 for entry in entries)
    assert {Path(entry.label).suffix for entry in entries} == {".cif", ".vasp", ".extxyz"}
