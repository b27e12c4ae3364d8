"""Configurations and scripts of the bundled checkpoints are those of their cards."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ase_ecn.checkpoint import bundled_checkpoints, read_card
from ase_ecn.training.__main__ import parser
from ase_ecn.training.fits.config import read_config

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "reproduce" / "configs"
RECIPES = ROOT / "reproduce" / "recipes"
BASH = shutil.which("bash") or "bash"
START = "python -m ase_ecn.training "
CHANGED_LATER = ("init", "version")
"""What cards say of paths of the time, and of the release that a fit was for."""


def fits(card: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a card says of the fit of a checkpoint, of its members and of where they began."""
    if "--config" in card.get("training_command", ""):
        yield card
    for part in (*card.get("members", ()), *([card["init"]] if "init" in card else ())):
        yield from fits(part)


def config_name(fit: dict[str, Any]) -> str:
    return re.search(r"--config (\S+)", fit["training_command"])[1]


@pytest.mark.parametrize("name", bundled_checkpoints())
def test_cards_name_the_configurations_that_they_hold(name: str) -> None:
    found = list(fits(read_card(name).content))
    assert found
    for fit in found:
        said = yaml.safe_load((CONFIGS / config_name(fit)).read_text())
        for content in (said, held := dict(fit["configuration"])):
            for key in CHANGED_LATER:
                content.pop(key, None)
        assert held == said, fit["training_command"]


def test_every_configuration_belongs_to_a_checkpoint() -> None:
    """To a bundled one, or to one that a script makes."""
    cards = [read_card(name).content for name in bundled_checkpoints()]
    named = {config_name(fit) for card in cards for fit in fits(card)}
    named |= {
        Path(config).name
        for script in RECIPES.iterdir()
        for config in re.findall(r"--config (\S+)", script.read_text())
    }
    assert named == {path.name for path in CONFIGS.iterdir()}


def commands(name: str) -> list[list[str]]:
    text = (RECIPES / f"{name}.sh").read_text().replace("\\\n", " ").replace('"$data"', "DATA")
    lines = [line for line in text.splitlines() if line.startswith(START)]
    return [shlex.split(line.removeprefix(START)) for line in lines]


def test_every_bundled_checkpoint_has_a_script() -> None:
    assert {path.stem for path in RECIPES.iterdir()} >= set(bundled_checkpoints())
    for path in RECIPES.iterdir():
        assert os.access(path, os.X_OK)
        subprocess.run([BASH, "-n", str(path)], check=True)


@pytest.mark.parametrize("name", bundled_checkpoints())
def test_a_script_uses_only_what_it_made(name: str) -> None:
    made, bundled = set(bundled_checkpoints()), set(bundled_checkpoints())
    used_configs: set[str] = set()
    theirs: set[str] = set()  # of the bundled checkpoints that it starts from
    for words in commands(name):
        options = parser().parse_args(words)
        assert options.data == "DATA" or not getattr(options, "weigh", True)
        if hasattr(options, "config"):
            config = read_config(ROOT / options.config, options.network)
            start = (options.init or config.init or "").partition("#")[0] or None
            assert start is None or start in made
            if start in bundled:
                theirs |= {config_name(fit) for fit in fits(read_card(start).content)}
            made.add(f"{options.out}/{config.name}.safetensors")
            used_configs.add(options.config.name)
        elif hasattr(options, "checkpoints"):
            assert {one.partition("#")[0] for one in options.checkpoints} <= made
            made.add(str(options.out))
        else:
            assert str(options.checkpoint) in made
    assert str(options.checkpoint).endswith(f"/{name}.safetensors")
    assert options.write
    said = {config_name(fit) for fit in fits(read_card(name).content)}
    assert said - theirs <= used_configs <= said


def test_a_script_without_data_says_what_it_needs() -> None:
    done = subprocess.run(
        [BASH, str(RECIPES / "ecn-pes.sh")], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "give the folder of data sets" in done.stderr
