"""What is written twice about the package, for those who build it, is the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import ase_ecn
from ase_ecn import selftest

yaml = pytest.importorskip("yaml", reason="pip install pyyaml")
ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"torch": "pytorch"}


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def recipe() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "conda" / "meta.yaml").read_text(encoding="utf-8"))


def test_the_recipe_needs_what_the_package_needs() -> None:
    project = pyproject()["project"]
    needed = {f"python {project['requires-python']}"}
    for line in project["dependencies"]:
        name, bound = re.fullmatch(r"([\w-]+)(>=.+)", line).groups()
        needed.add(f"{CONDA_NAMES.get(name, name)} {bound}")
    assert set(recipe()["requirements"]["run"]) == needed
    assert recipe()["package"]["version"] == ase_ecn.__version__
    commands = [f"{name} = {where}" for name, where in project["scripts"].items()]
    assert recipe()["build"]["entry_points"] == commands


def test_bounds_name_releases_that_can_be_asked_for_exactly() -> None:
    """`.ci/newest lowest` installs them."""
    for line in pyproject()["project"]["dependencies"]:
        assert re.fullmatch(r"[\w-]+>=\d+(\.\d+){1,2}", line), line


def test_wheels_are_built_for_the_oldest_python_and_tested_with_all() -> None:
    project, wheels = pyproject()["project"], pyproject()["tool"]["cibuildwheel"]
    pythons = [c.rpartition(" :: ")[2] for c in project["classifiers"] if ":: 3." in c]
    assert wheels["build"] == [f"cp{python.replace('.', '')}-*" for python in pythons]
    assert project["requires-python"] == f">={pythons[0]}"
    major, minor = pythons[0].split(".")
    assert f"OLDEST = ({major}, {minor})" in (ROOT / "setup.py").read_text(encoding="utf-8")


def test_nothing_is_published_but_from_a_tag_by_a_job_without_a_password() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    publish = workflow["jobs"]["publish"]
    assert workflow["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert set(publish["needs"]) == set(workflow["jobs"]) - {"publish"}
    assert "secrets." not in text


def test_actions_are_commits_of_one_version_each() -> None:
    """A tag can be moved to other code, a commit cannot."""
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    used = [
        line.partition("uses: ")[2]
        for workflow in workflows
        for line in workflow.read_text(encoding="utf-8").splitlines()
        if "uses: " in line
    ]
    assert len(used) > len(workflows)
    pinned = [re.fullmatch(r"([\w-]+/[\w-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in used]
    assert [use for use, pin in zip(used, pinned, strict=True) if pin is None] == []
    assert len(set(used)) == len({pin[1] for pin in pinned if pin})


def test_what_is_not_compiled_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    every = set(selftest.COMPILED)
    modules = {module["name"] for module in pyproject()["tool"]["setuptools"]["ext-modules"]}
    assert set(selftest.COMPILED.values()) == modules
    assert set(selftest.not_compiled()) <= every
    monkeypatch.setitem(selftest.COMPILED, "convolutions", "ase_ecn.nn.so3._no_such_module")
    assert "convolutions" in selftest.not_compiled()
