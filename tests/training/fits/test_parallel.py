"""Several processes that share each batch fit as one process does."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import parallel_fits
import pytest
import torch
from parallel_fits import FITS, run

from ase_ecn.errors import OptionError
from ase_ecn.training.fits import loop, parallel
from ase_ecn.training.fits.loop import batch_count


def curve(folder: Path) -> list[dict[str, float]]:
    with (folder / "curve.csv").open(newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def gradients(folder: Path) -> list[torch.Tensor]:
    """Of the first step: AdamW's first average is a tenth of them."""
    state = torch.load(folder / "state.pt", weights_only=True)["optimizer"]["state"]
    return [10 * state[k]["exp_avg"] for k in sorted(state)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The fits by one process and by two; "resumed" begins after the first epoch of one."""
    pytest.importorskip("lightning_fabric", reason="pip install 'ase-ecn[training]'")
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    store = loop._store

    def store_and_keep(path: Path, parts: dict, progress: loop._Progress) -> None:
        store(path, parts, progress)
        if path.parent.name == "resumed" and progress.epoch == 1:
            (two / "resumed").mkdir()
            shutil.copy(path, two / "resumed" / path.name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASE_ECN_CACHE", str(one / "cache"))
        patch.setattr(loop, "_store", store_and_keep)
        run(1, one)
    script = Path(parallel_fits.__file__)
    environment = {**os.environ, "ASE_ECN_CACHE": str(two / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), "2", str(two)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=500)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote ") == len(FITS)  # by the first process only
    return one, two


@pytest.mark.parametrize("name", ["ecn", "empnn", "pes"])
def test_loss_and_gradients_are_those_of_one_process(name: str, folders: tuple[Path, Path]) -> None:
    one, two = (folder / name for folder in folders)
    assert curve(two)[0]["train_loss"] == pytest.approx(curve(one)[0]["train_loss"], rel=1e-6)
    norm = torch.cat([g.flatten() for g in gradients(one)]).norm()
    for ours, theirs in zip(gradients(one), gradients(two), strict=True):
        assert (ours - theirs).norm() < 2e-6 * norm


@pytest.mark.parametrize("name", ["curve", "resumed"])
def test_learning_curves_are_those_of_one_process(name: str, folders: tuple[Path, Path]) -> None:
    one, two = (curve(folder / name) for folder in folders)
    for ours, theirs in zip(one[-len(two) :], two, strict=True):
        assert theirs == pytest.approx(ours, rel=1e-3, abs=1e-4)
    assert len(two) == (1 if name == "resumed" else 2)


def test_cards_tell_the_number_of_devices(folders: tuple[Path, Path]) -> None:
    one, two = ((folder / "ecn" / "ecn.json").read_text() for folder in folders)
    assert "--devices 2" in two
    assert "--devices" not in one


def test_shares_are_disjoint_and_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strategy:
        world_size = 3
        global_rank = 0

    monkeypatch.setattr(parallel, "_strategy", Strategy)
    found = []
    for rank in range(3):
        Strategy.global_rank = rank
        found.append(parallel.own_part(10))
    assert sorted(np.concatenate(found)) == list(range(10))
    assert parallel.is_first() is False
    assert batch_count(10, 4) == 2  # two crystals are too few for three processes
    assert batch_count(11, 4) == 3
    with pytest.raises(OptionError, match="cannot be shared by 3"):
        batch_count(10, 2)


def test_one_process_needs_no_lightning() -> None:
    assert parallel.start(1, "cpu") == "cpu"
    values = torch.arange(5.0)
    assert torch.equal(parallel.batch_mean(values), values.mean())
    assert parallel.own_part(3).tolist() == [0, 1, 2]
    with pytest.raises(OptionError, match="at least 1"):
        parallel.start(0, "cpu")
    code = "import sys, ase_ecn.training.__main__; print('lightning_fabric' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"
