"""What docs/design.md says of the package: where imports go, and what modules are called."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = 400
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

sys.path.insert(0, str(ROOT / "docs" / "make"))
from design_map import BEGIN, END, PAGE, first_line, with_map  # noqa: E402


def modules(*folders: str) -> list[Path]:
    found = [f for folder in folders for f in sorted((ROOT / folder).rglob("*.py"))]
    assert len(found) > 10
    return found


def package() -> list[Path]:
    return modules("ase_ecn", "training", "reproduce")


def test_imports_follow_the_flow_and_go_in_no_circle() -> None:
    pytest.importorskip("importlinter", reason="pip install import-linter")
    done = subprocess.run(
        [sys.executable, "-c", LINT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "3 kept, 0 broken" in done.stdout


def test_an_import_against_the_flow_would_be_seen(tmp_path: Path) -> None:
    pytest.importorskip("importlinter", reason="pip install import-linter")
    copy = tmp_path / "ase_ecn"
    shutil.copytree(ROOT / "ase_ecn", copy, ignore=shutil.ignore_patterns("*.safetensors"))
    (tmp_path / "reproduce").mkdir()
    (tmp_path / "reproduce" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    crystal = copy / "crystal.py"
    crystal.write_text(crystal.read_text() + "\nimport ase_ecn.symmetry.primitive\n")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, ''); {LINT}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ase_ecn.crystal -> ase_ecn.symmetry.primitive" in done.stdout


def test_no_file_is_too_long() -> None:
    code = [*package(), *modules("tests", "docs", "benchmarks", "examples")]
    long = {str(f): n for f in code if (n := f.read_text().count("\n")) > MAX_LINES}
    assert not long


def test_no_two_modules_have_one_name() -> None:
    names = Counter(f.resolve() for f in package())
    counts = Counter(f.name for f in names if not f.name.startswith("__"))
    assert {name for name, count in counts.items() if count > 1} == set()


def mirrored(module: Path) -> Path:
    """Folder of the tests of a module: that of the module, from the package or from the root."""
    parts = module.relative_to(ROOT).parent.parts
    return ROOT.joinpath("tests", *parts[parts[0] == "ase_ecn" :])


def test_tests_of_a_module_lie_where_the_module_does() -> None:
    homes = {f"test_{f.name}": mirrored(f.resolve()) for f in package() if f.stem[:2] != "__"}
    tests = [f for f in modules("tests") if f.name in homes]
    assert len(tests) > 50
    assert [str(f) for f in tests if f.parent != homes[f.name]] == []


def test_every_module_says_what_it_is_in_its_first_line() -> None:
    assert [str(f) for f in package() if not first_line(f)] == []


def test_the_map_in_the_design_is_that_of_the_modules() -> None:
    page = PAGE.read_text()
    assert page.count(BEGIN) == page.count(END) == 1
    assert page == with_map(page), "python docs/make/design_map.py writes it anew"
