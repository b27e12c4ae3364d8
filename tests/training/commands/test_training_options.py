"""What all commands of ``python -m ase_ecn.training`` and ``python -m reproduce`` share."""

from __future__ import annotations

import importlib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerContext

import pytest
import torch
from children import run_in_child

from ase_ecn.commands.command_line import Command, no_arguments
from ase_ecn.errors import OptionError
from ase_ecn.training import __main__ as training
from reproduce import __main__ as reproduce


@pytest.fixture(params=[training, reproduce], ids=["training", "reproduce"])
def with_command(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Namespace], int], Sequence[str]], int]:
    def run(function: Callable[[Namespace], int], arguments: Sequence[str]) -> int:
        command = Command("try", "try a function", no_arguments, function)
        monkeypatch.setattr(request.param, "COMMANDS", [command])
        return request.param.main(["try", *arguments])

    return run


def test_every_command_has_the_common_options(with_command: Callable[..., int]) -> None:
    found = []
    before = torch.get_num_threads()

    def run(options: Namespace) -> int:
        found.append((options.data, options.device, torch.get_num_threads()))
        return 3

    try:
        arguments = ["--data", "there", "--device", "cpu", "--threads", str(before + 1)]
        assert with_command(run, arguments) == 3
    finally:
        torch.set_num_threads(before)
    assert found == [("there", "cpu", before + 1)]


def test_an_error_is_a_line_and_the_status_one(
    with_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: Namespace) -> int:
        raise OptionError("no such thing")

    assert with_command(fails, []) == 1
    assert capsys.readouterr().err == "error: no such thing\n"


@pytest.mark.parametrize("parser", [training.parser, reproduce.parser])
def test_help_lists_all_commands(
    parser: Callable[[], ArgumentParser], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        parser().parse_args(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for command in (training if parser is training.parser else reproduce).COMMANDS:
        assert f"{command.name} {command.text}" in text


def test_commands_start_without_what_only_some_need(forkserver: ForkServerContext) -> None:
    run_in_child(forkserver, import_the_commands)


def import_the_commands() -> None:
    importlib.import_module("reproduce.__main__")
    assert not {"h5py", "phonopy", "lightning_fabric"} & set(sys.modules)
