"""The reference page of configurations has all keys, with what they mean."""

from __future__ import annotations

import importlib.util
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from ase_ecn.training.fits.config import CONFIGURATIONS

MODULE = Path(__file__).parents[2] / "docs" / "make" / "configuration.py"


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("configuration", MODULE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_key_is_on_the_page_with_its_meaning(make: ModuleType) -> None:
    page = make.configuration_page()
    for network, kind in CONFIGURATIONS.items():
        assert f"## fit-{network}\n" in page
        inner = dict(make.sections(kind))
        assert {"data", "model", "fit"} <= set(inner)
        for part in (kind, *inner.values()):
            meanings = make.descriptions(part)
            for field in fields(part):
                assert f"| `{field.name}` |" in page
                assert meanings[field.name], (part, field.name)


def test_lines_of_the_page(make: ModuleType) -> None:
    lines = make.configuration_page().splitlines()
    assert (
        "| `supercell_views` | number | `0.5` | Share of crystals that are shown as supercells in "
        "each epoch, so large that no bond joins an atom to its own image. |"
    ) in lines
    assert "| `name` | text | required | Of the main set. |" in lines
    (group, *_) = (line for line in lines if line.startswith("| `group` |"))
    assert "`S_lattice` or" in group
    assert "### noise, kind: gaussian (empnn)" in lines
    assert [line for line in lines if line.startswith("| `mp_2018_max_atoms` | whole number |  |")]
