"""The recipes of CONTRIBUTING.md, executed as they are written, and what is true after them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from ase.db import connect
from pages import data_of
from test_documents import ROOT, blocks, run_console, run_python

from ase_ecn import ECNCalculator, predict
from ase_ecn.checkpoint import read_card
from ase_ecn.cli import main
from ase_ecn.commands import COMMANDS
from ase_ecn.nn.registry import NETWORKS
from ase_ecn.properties import PROPERTIES, find
from ase_ecn.readers.formats import READERS as FORMATS
from ase_ecn.screening import failures
from ase_ecn.training.data.datasets import READERS as DATA_SETS

PAGE = ROOT / "CONTRIBUTING.md"
SECTIONS = ("A property", "A network", "A reader of structures", "A command")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The folder and the names after all recipes; what they registered is forgotten at the end."""
    folder = tmp_path_factory.mktemp("recipes")
    tables = (PROPERTIES, NETWORKS, DATA_SETS)
    before = [dict(table) for table in tables]
    lists = (COMMANDS, FORMATS)
    lists_before = [list(entries) for entries in lists]
    page = ModuleType("page")  # dataclasses look for the module that they are in
    names = vars(page)
    names["folder"] = folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "page", page)
        patch.chdir(folder)
        patch.setenv("ASE_ECN_CACHE", str(folder / "cache"))
        (folder / "examples").symlink_to(ROOT / "examples")
        for block in blocks(PAGE):
            if block.language == "python":
                run_python(block, PAGE, names)
            elif block.language == "console":
                run_console(block, PAGE)
        yield names
    for table, entries in zip(tables, before, strict=True):
        table.clear()
        table.update(entries)
    for changed, entries in zip(lists, lists_before, strict=True):
        changed[:] = entries


def test_there_are_four_recipes_and_they_change_no_other_module(followed: dict[str, Any]) -> None:
    text = PAGE.read_text()
    found = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert tuple(found) == SECTIONS
    # What is registered is all that is changed: nothing is patched or assigned elsewhere.
    changed = re.findall(r"^(\w+)(?:\[\"\w+\"\] = |\.append\(|\()", text, flags=re.MULTILINE)
    assert {name for name in changed if name.isupper()} == {"READERS", "NETWORKS", "COMMANDS"}
    for link in re.findall(r"\]\(([^)]*)\)", text):
        assert (ROOT / link.partition("#")[0]).exists(), link


def test_a_property_is_predicted_in_every_way(
    followed: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = followed["folder"]
    monkeypatch.chdir(folder)
    weights = folder / "runs" / "moduli" / "moduli.safetensors"
    assert read_card(weights).content["properties"] == {"bulk_modulus": "GPa"}
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    modulus = ECNCalculator(weights, device="cpu").get_property("bulk_modulus", atoms)
    assert modulus == followed["modulus"]
    assert modulus == predict(atoms, checkpoint=weights, device="cpu")[0].bulk_modulus > 0
    (row,) = connect(folder / "salts.db").select()
    assert row.bulk_modulus > 0
    columns = data_of((folder / "salts.html").read_text())["columns"]
    assert ("bulk modulus", "GPa") in [(column["heading"], column["unit"]) for column in columns]
    # The condition decides.
    none = [str(ROOT / "examples/crystals/NaCl-rocksalt.cif"), "-o", "none.db"]
    where = f"bulk_modulus > {row.bulk_modulus + 1}"
    assert main(["screen", *none, "--checkpoint", str(weights), "--where", where]) == 0
    assert "0 crystals in none.db, 1 rejected" in capsys.readouterr().out
    # Annotated atoms and rows have it under its name.
    calculator = ECNCalculator(weights, device="cpu")
    assert calculator.annotate(atoms).info["ecn_bulk_modulus"] == modulus
    assert calculator.db_row(atoms)["bulk_modulus"] == modulus


def test_a_fitted_property_is_never_negative(followed: dict[str, Any]) -> None:
    assert find("bulk_modulus").physical(np.array([-3.0, 2.0])).tolist() == [0, 2]


def test_the_network_is_used_like_all_others(followed: dict[str, Any]) -> None:
    folder = followed["folder"]
    card = read_card(folder / "volume.safetensors")
    assert (card.network, card.content["architecture"]) == ("volume", {"width": 8})
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    found = predict([atoms, atoms * 2], checkpoint=folder / "volume.safetensors", device="cpu")
    assert found[0].formation_energy == pytest.approx(followed["energy"])
    assert found[1].formation_energy == pytest.approx(followed["energy"])
    atoms.calc = ECNCalculator(folder / "volume.safetensors", device="cpu")
    assert atoms.get_potential_energy() == pytest.approx(2 * followed["energy"])


def test_the_reader_is_for_screens_and_fits(
    followed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder: Path = followed["folder"]
    monkeypatch.chdir(folder)
    weights = str(folder / "runs" / "own" / "bulk_modulus.safetensors")
    assert read_card(weights).content["split"]["crystals"] == {"train": 16, "val": 2, "test": 2}
    # In a folder too, where a bad line is a failure that has a reason.
    (folder / "inputs").mkdir()
    (folder / "inputs" / "two.salts").write_text("NaCl 5.6 30\nnothing\n")
    arguments = ["screen", "inputs", "-o", "two.db", "--checkpoint", weights]
    assert main([*arguments, "--device", "cpu"]) == 1
    (failure,) = failures(folder / "two.db")
    assert failure.label == "two.salts#1"
    assert "no salt" in failure.reason


def test_the_command_is_one_of_the_list(
    followed: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(followed["folder"])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "count the atoms of the structures in files" in capsys.readouterr().out
    assert main(["count", "examples/crystals/NaCl-rocksalt.cif", "none.cif"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "8 atoms\n"
    assert "skipped none.cif" in captured.err
