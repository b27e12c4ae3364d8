"""Several processes that share each batch fit as one process does."""

from __future__ import annotations

import csv
import importlib
import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing, redirect_stdout
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import parallel_fits
import pytest
import torch
from children import run_in_child
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


def run_as(number: int, port: int, folder: Path) -> None:
    """One of two processes, as Lightning starts them, but without importing everything again."""
    torch.set_num_threads(1)
    own = {"LOCAL_RANK": number, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in own.items()})
    os.environ["ASE_ECN_CACHE"] = str(folder / "cache")
    with (folder / f"out-{number}").open("w") as file, redirect_stdout(file):
        run(2, folder)


@pytest.fixture(scope="module")
def folders(
    tmp_path_factory: pytest.TempPathFactory, forkserver: ForkServerContext
) -> tuple[Path, Path]:
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
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = [forkserver.Process(target=run_as, args=(k, port, two)) for k in range(2)]
    for process in processes:
        process.start()
    wait([process.sentinel for process in processes])
    # The other one would wait for one that failed.
    if any(process.exitcode for process in processes):
        processes[0].kill()
        processes[1].kill()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    told = [(two / f"out-{k}").read_text().count("wrote ") for k in range(2)]
    assert told == [len(FITS), 0]  # by the first process only
    return one, two


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ecn", "empnn", "pes"])
def test_loss_and_gradients_are_those_of_one_process(name: str, folders: tuple[Path, Path]) -> None:
    one, two = (folder / name for folder in folders)
    assert curve(two)[0]["train_loss"] == pytest.approx(curve(one)[0]["train_loss"], rel=1e-6)
    norm = torch.cat([g.flatten() for g in gradients(one)]).norm()
    for ours, theirs in zip(gradients(one), gradients(two), strict=True):
        assert (ours - theirs).norm() < 2e-6 * norm


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_command_starts_further_processes(tmp_path: Path) -> None:
    script = Path(parallel_fits.__file__)
    environment = {**os.environ, "ASE_ECN_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), "2", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote ") == len(FITS)


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


def test_one_process_needs_no_lightning(forkserver: ForkServerContext) -> None:
    assert parallel.start(1, "cpu") == "cpu"
    values = torch.arange(5.0)
    assert torch.equal(parallel.batch_mean(values), values.mean())
    assert parallel.own_part(3).tolist() == [0, 1, 2]
    with pytest.raises(OptionError, match="at least 1"):
        parallel.start(0, "cpu")
    run_in_child(forkserver, import_the_command)


def import_the_command() -> None:
    importlib.import_module("ase_ecn.training.__main__")
    assert "lightning_fabric" not in sys.modules
