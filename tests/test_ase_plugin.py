"""What ASE finds through its entry point is there, cheap, and does no harm to others."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

import ase_ecn
from ase_ecn import ase_plugin

LIST = """
import sys
from ase._4.plugins import plugins
print("ecn" in {plugin.name for plugin in plugins.calculators}, "torch" in sys.modules)
"""


def test_the_plugin_is_listed_without_importing_torch() -> None:
    pytest.importorskip("ase._4.plugins", reason="this ASE has no plugins")
    if "ase-ecn" not in entry_points(group="ase.plugins").names:
        pytest.skip("installed before there was an entry point")
    done = subprocess.run([sys.executable, "-c", LIST], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


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
