"""Fixtures of all tests, and what is set before them; conftest.py loads it where tests run."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from hypothesis import HealthCheck, settings

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.screening import ScreenReport, screen

# The same inputs in every run, however slow; what looks for new ones says so itself.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")
# More cost more than they bring to networks of this size.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _left_as_found() -> Iterator[None]:
    """Tests pass in any order: each has the same random numbers, and leaves the process alone."""
    torch.manual_seed(0)
    before = _process()
    yield
    assert _process() == before, "this would change what other tests see"


def _process() -> dict[str, object]:
    return {
        "folder": Path.cwd(),
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        **{name: value for name, value in os.environ.items() if name.startswith("ASE_ECN_")},
    }


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a GPU that PyTorch can use")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def data() -> Path:
    folder = os.environ.get("ASE_ECN_DATA")
    if not folder:
        pytest.skip("ASE_ECN_DATA is not set")
    return Path(folder)


@pytest.fixture
def prototypes() -> dict[str, Atoms]:
    """Real prototypes of different lattices, one atom to several; each test may change its own."""
    perovskite = Atoms(
        "SrTiO3",
        scaled_positions=[[0.5] * 3, [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
        cell=[3.905] * 3,
        pbc=True,
    )
    baddeleyite_like = Atoms(
        "LiCoO2",
        scaled_positions=[[0, 0, 0], [0.5, 0.47, 0.52], [0.27, 0.24, 0.31], [0.71, 0.8, 0.66]],
        cell=[[2.9, 0.1, 0], [1.3, 2.6, 0.2], [1.4, 0.8, 4.7]],
        pbc=True,
    )
    return {
        "fcc": bulk("Cu"),
        "bcc": bulk("Fe"),
        "hcp": bulk("Mg"),
        "sc": bulk("Po", "sc", a=3.34),
        "diamond": bulk("Si"),
        "rocksalt": bulk("NaCl", "rocksalt", a=5.64),
        "cesiumchloride": bulk("CsCl", "cesiumchloride", a=4.12),
        "zincblende": bulk("GaAs", "zincblende", a=5.65),
        "wurtzite": bulk("ZnO", "wurtzite", a=3.25, c=5.2),
        "fluorite": bulk("CaF2", "fluorite", a=5.46),
        "perovskite": perovskite,
        "triclinic": baddeleyite_like,
    }


@pytest.fixture
def small_ecn() -> ECN:
    torch.manual_seed(0)
    config = ECNConfig(("formation_energy", "metal"), ("site_moments",), width=16, layers=3)
    return ECN(config).double().eval()


@pytest.fixture
def small_empnn() -> EMPNN:
    torch.manual_seed(0)
    model = EMPNN(EMPNNConfig(features=16, plain_layers=1, deforming_layers=2)).double().eval()
    for layer in model.deforming:
        torch.nn.init.normal_(layer.weight.weight, std=1.0)
    return model


@pytest.fixture(scope="session")
def small_networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints with random weights: small, for what is tested here is not the physics."""
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(3)
    targets = ("formation_energy", "band_gap", "metal", "magnetization")
    ecn = ECN(ECNConfig(targets, ("site_moments",), width=16, layers=1))
    empnn = EMPNN(EMPNNConfig(features=8, plain_layers=1, deforming_layers=1))
    elements = [z for z in range(1, 90) if z != 54]
    paths = {"checkpoint": folder / "e.safetensors", "relaxer_checkpoint": folder / "l.safetensors"}
    save_checkpoint(paths["checkpoint"], ecn, {"name": "small-ecn", "elements": elements})
    save_checkpoint(paths["relaxer_checkpoint"], empnn, {"name": "small", "elements": elements})
    return paths


@pytest.fixture
def run_screen(small_networks: dict[str, Path]) -> Callable[..., ScreenReport]:
    """``screen`` with these."""

    def run_screen(*arguments, **options):
        return screen(*arguments, **{"device": "cpu", **small_networks, **options})

    return run_screen


@pytest.fixture(scope="session")
def forkserver() -> ForkServerContext:
    """Starts children of a server that has everything imported, so they are there at once."""
    context = multiprocessing.get_context("forkserver")
    # PyTorch imports its compiler when the first optimizer is made, in two seconds.
    modules = ["ase_ecn.screening", "ase_ecn.training.fits.loop", "torch", "torch._dynamo"]
    context.set_forkserver_preload(modules)
    return context


@pytest.fixture(scope="session")
def network() -> StrainPredictor:
    return StrainPredictor(device="cpu")


@pytest.fixture(scope="session")
def precise() -> StrainPredictor:
    return StrainPredictor(device="cpu", dtype="float64")


@pytest.fixture
def strained() -> Atoms:
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    atoms.set_cell(atoms.cell[:] * 1.06, scale_atoms=True)
    return atoms
