"""What is built from the checkout works without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import ase_ecn

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, "build_" + sys.argv[1])(sys.argv[2]))
"""
OUTSIDE = """
import sys
from importlib import resources
from pathlib import Path
import ase_ecn
from ase.build import bulk
from ase.calculators.calculator import Calculator
assert Path(ase_ecn.__file__).is_relative_to(sys.prefix), ase_ecn.__file__
from ase_ecn import ECNCalculator, LatticeRelaxer, relax
from ase_ecn.checkpoint import bundled_checkpoints
from ase_ecn.training.__main__ import parser
atoms = bulk("NaCl", "rocksalt", a=5.6)
atoms.calc = ECNCalculator()
assert isinstance(atoms.calc, Calculator) and atoms.get_potential_energy() < 0
assert relax([atoms])[0].steps >= 0
assert (resources.files("ase_ecn") / "py.typed").is_file()
configs = resources.files("ase_ecn.training.configs")
assert any(file.name.endswith(".yaml") for file in configs.iterdir())
print(*bundled_checkpoints())
"""


def run(*command: str | Path, folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    copy = folder / "checkout"
    leave = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "runs")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=leave)
    return folder / run(sys.executable, "-c", BUILD, "sdist", folder, folder=copy).split()[-1]


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """Built from the sdist, so that nothing is missing in there."""
    with tarfile.open(sdist) as archive:
        archive.extractall(sdist.parent, filter="data")
    source = sdist.parent / sdist.name.removesuffix(".tar.gz")
    return (
        sdist.parent
        / run(sys.executable, "-c", BUILD, "wheel", sdist.parent, folder=source).split()[-1]
    )


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel, and the dependencies of the one that runs the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Folders named in a .pth are searched, their own .pth files, of an editable install, are not.
    others = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (packages / "dependencies.pth").write_text("\n".join(others))
    found = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", found, "install", "--no-deps", "--no-index")
    run(*pip, "--ignore-installed", wheel, folder=folder)
    return found


def sources() -> set[str]:
    """Files of the package as they are installed: what is beside ase_ecn is a part of it."""
    code = {".py", ".pyi", ".c", ".h", ".html", ".css", ".js", ".svg"}
    suffixes = code | {".yaml", ".json", ".safetensors", ".npz", ".csv"}
    folders = {"ase_ecn": "", "training": "ase_ecn/", "checkpoints": "ase_ecn/"}
    return {
        above + file.relative_to(ROOT).as_posix()
        for folder, above in folders.items()
        for file in (ROOT / folder).rglob("*")
        if file.suffix in suffixes or file.name == "py.typed"
    }


def test_the_sdist_holds_all_that_is_needed(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert sources() <= names, sorted(sources() - names)
    assert {"pyproject.toml", "setup.py", "README.md", "LICENSE"} <= names
    assert not [name for name in names if name.endswith((".pyc", ".db", ".pt"))]


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    # Where there is no C compiler there are none.
    compiled = {name for name in names if Path(name).suffix in (".so", ".pyd")}
    assert names - compiled == sources()
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):  # there is no stable ABI without the lock
        assert "-cp311-abi3-" in wheel.name
        assert all(".abi3." in name for name in compiled if name.endswith(".so"))


def test_the_wheel_works_without_the_checkout(python: Path, tmp_path: Path) -> None:
    names = run(python, "-W", "ignore", "-c", OUTSIDE, folder=tmp_path).split()
    assert names == sorted(file.stem for file in (ROOT / "checkpoints").glob("*.json"))


def test_the_version_is_said_once(wheel: Path) -> None:
    assert wheel.name.startswith(f"ase_ecn-{ase_ecn.__version__}-")
    assert f"\nversion: {ase_ecn.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_installed_commands_work(python: Path, tmp_path: Path) -> None:
    command = python.parent / "ase-ecn"
    printed = run(command, "selftest", folder=tmp_path)
    assert "FAILED" not in printed
    assert printed.startswith(("all compiled, vectors: ", "not compiled, which costs time: "))
    crystals = ROOT / "examples" / "crystals"
    assert "failed" not in run(
        command, "screen", crystals, "--relax", "-o", tmp_path / "out.db", folder=tmp_path
    )
    assert "fit-ecn" in run(python, "-m", "ase_ecn.training", "--help", folder=tmp_path)
