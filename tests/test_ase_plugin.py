"""What ASE finds through its entry point is there, cheap, and does no harm to others."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

import ase_ecn
from ase_ecn import ase_plugin

ASK = """
import sys
from ase.calculators.calculator import get_calculator_class
try:
    get_calculator_class("ecn")
except ModuleNotFoundError as error:
    print(error)
try:
    from ase._4.plugins import plugins
    print("ecn" in {plugin.name for plugin in plugins.calculators}, "torch" in sys.modules)
except ImportError:
    print("no plugins")
import ase_ecn
found = get_calculator_class("ecn")
print(found.__module__, found.__name__, "torch" in sys.modules)
assert found is ase_ecn.ECNCalculator
"""


@pytest.fixture(scope="module")
def told() -> list[str]:
    """What ASE says of the calculator: by name, among the plugins, and after the import."""
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_any_import_the_calculator_is_a_plugin_only(told: list[str]) -> None:
    """ASE looks names up in its own table alone; its plugins are listed apart."""
    assert told[0] == "No module named 'ase.calculators.ecn'"


def test_the_plugin_is_listed_without_importing_torch(told: list[str]) -> None:
    pytest.importorskip("ase._4.plugins", reason="this ASE has no plugins")
    if "ase-ecn" not in entry_points(group="ase.plugins").names:
        pytest.skip("installed before there was an entry point")
    assert told[1].split() == ["True", "False"]


def test_ase_finds_the_calculator_by_name_once_the_package_is_imported(told: list[str]) -> None:
    assert told[2].split() == ["ase_ecn.calculator", "ECNCalculator", "False"]


CHANGED = """
import ase.calculators.calculator as theirs
del theirs.register_calculator_class
import ase_ecn, ase_ecn.ase_plugin
try:
    ase_ecn.ECNCalculator
except ImportError as error:
    print(error)
"""


def test_the_package_can_be_imported_where_ase_has_changed() -> None:
    done = subprocess.run([sys.executable, "-c", CHANGED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "register_calculator_class" in done.stdout


def test_nothing_is_offered_where_the_private_module_of_ase_has_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ase._4.plugins.plugin", None)
    assert ase_plugin.__ase_plugins__ == set()


def test_other_plugins_are_listed_where_this_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = pytest.importorskip("ase._4.plugins.plugin", reason="this ASE has no plugins")
    collection = pytest.importorskip("ase._4.plugins.plugin_collection").PluginCollection
    before = {(found.name, found.package) for found in collection.from_entry_points()}

    def changed(*_: object, **__: object) -> object:
        raise TypeError("other arguments are wanted now")

    monkeypatch.setattr(plugin, "CalculatorPlugin", changed)
    found = {(found.name, found.package) for found in collection.from_entry_points()}
    assert found == {one for one in before if one[1] != "ase_ecn"}


def test_the_module_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="__wrapped__"):
        ase_plugin.__wrapped__  # noqa: B018


def test_names_of_the_package_are_there_when_they_are_asked_for() -> None:
    assert set(ase_ecn.__all__) <= set(dir(ase_ecn))
    assert all(getattr(ase_ecn, name).__name__ == name for name in ase_ecn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'forces'"):
        ase_ecn.forces  # noqa: B018
