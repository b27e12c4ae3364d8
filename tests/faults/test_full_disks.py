"""Full disks, folders that are read-only and limited files cost nothing that was there before."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from ase.db import connect
from ase.io import read
from children import run_in_child
from interrupted import fit_line, written
from screens import lattices

from ase_ecn.checkpoint import load_checkpoint, save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError, OptionError, StorageError
from ase_ecn.report import write_report
from ase_ecn.screening import failures, screen
from ase_ecn.storage import replace_file
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import Dataset

MOUNT, UMOUNT = shutil.which("mount") or "mount", shutil.which("umount") or "umount"


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    done = subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run([UMOUNT, "-l", str(folder)], check=True)


def room(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def enlarge(folder: Path) -> None:
    subprocess.run([MOUNT, "-o", "remount,size=8m", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whoever may do anything may write where modes forbid it, but not through this mount."""
    done = subprocess.run([MOUNT, "--bind", str(folder), str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    try:
        subprocess.run([MOUNT, "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run([UMOUNT, "-l", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "size=256k") as folder:
        yield folder


def test_a_screen_goes_on_when_a_full_disk_has_room_again(
    small_disk: Path, run_screen: Callable
) -> None:
    out = small_disk / "out.db"
    with pytest.raises(StorageError, match=r"full.* continues from there"):
        run_screen(lattices(160), out, batch_size=16)
    before = written(out)
    assert 0 < len(before) < 160
    with pytest.raises(StorageError):
        run_screen(lattices(160), out, batch_size=16)
    assert written(out) == before
    enlarge(small_disk)
    report = run_screen(lattices(160), out, batch_size=16)
    assert report.stored == 160
    assert report.computed == 160 - len(before)
    assert written(out)[: len(before)] == before


def test_a_fit_goes_on_when_a_full_disk_has_room_again(small_disk: Path, tmp_path: Path) -> None:
    whole = fit_line(tmp_path / "whole")
    fit_to_disk = small_disk / "fit"
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (room(small_disk) - 8192))
    with pytest.raises(StorageError, match="cannot write"):
        fit_line(fit_to_disk)
    filler.unlink()
    again = fit_line(fit_to_disk)
    assert all(torch.equal(again.weights[k], v) for k, v in whole.weights.items())


def test_full_disks_cost_no_file_that_was_there(
    small_disk: Path, small_networks: dict[str, Path], run_screen: Callable, tmp_path: Path
) -> None:
    loaded = load_checkpoint(small_networks["checkpoint"])
    path = small_disk / "small.safetensors"
    card = dict(loaded.card.content)
    save_checkpoint(path, loaded.model, card)
    (small_disk / "filler").write_bytes(b"x" * (room(small_disk) - 4096))
    with pytest.raises(StorageError, match="No space left"):
        save_checkpoint(path, loaded.model, card)
    assert load_checkpoint(path).card.sha256 == loaded.card.sha256
    run_screen(lattices(3), tmp_path / "out.db")
    with pytest.raises(ASEECNError, match="No space left"):
        write_report(tmp_path / "out.db", small_disk / "report.html")
    with pytest.raises(ASEECNError, match="full"):
        run_screen(lattices(3), small_disk / "new.db")


def test_a_cache_that_cannot_be_written_or_read_is_done_without(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASE_ECN_CACHE", str(small_disk))
    made = []

    def make() -> Dataset:
        made.append(1)
        return Dataset("d", ["a"], [as_crystal(bulk("Si"))], {"x": np.array([1.0])})

    cached_dataset("d", make)
    cached_dataset("d", make)
    assert len(made) == 1
    (file,) = small_disk.glob("*.npz")
    content = file.read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"\0" * len(content)):
        file.write_bytes(damaged)
        assert cached_dataset("d", make).ids == ["a"]
    with read_only(small_disk):
        assert cached_dataset("e", make).ids == ["a"]
    assert len(made) == 5


def test_folders_that_are_read_only_are_told(tmp_path: Path, run_screen: Callable) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    source, out = folder / "in.db", folder / "out.db"
    with connect(source) as database:
        for atoms in lattices(3):
            database.write(atoms)
    run_screen(source, out)
    with read_only(folder):
        # What is there can be read from there: as an input, and as an output.
        assert run_screen(source, tmp_path / "other.db").stored == 3
        assert run_screen(source, out).computed == 0
        assert list(failures(out)) == []
        assert write_report(out, tmp_path / "report.html") == 3
        assert len(read(f"{out}@:")) == 3
        with pytest.raises(StorageError, match=r"readonly|read-only"):
            run_screen(lattices(4), out)
        with pytest.raises(OptionError, match="cannot open"):
            run_screen(source, folder / "new.db")
        with pytest.raises(OptionError, match="cannot write"):
            write_report(out, folder / "report.html")
        with pytest.raises(StorageError, match="cannot write"):
            fit_line(folder / "fit")
        with pytest.raises(StorageError, match="Read-only"):
            replace_file(folder / "x", b"")


def screen_with_limited_files(out: Path, checkpoint: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    options = {"checkpoint": checkpoint, "device": "cpu", "batch_size": 16}
    with pytest.raises(StorageError, match="the database"):
        screen(lattices(160), out, **options)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    report = screen(lattices(160), out, **options)
    assert report.stored == 160
    assert 0 < report.computed < 160


def test_a_limited_file_size_is_told(
    tmp_path: Path, small_networks: dict[str, Path], forkserver: ForkServerContext
) -> None:
    """The same as a full disk, for those who may not mount one."""
    out = tmp_path / "out.db"
    run_in_child(forkserver, screen_with_limited_files, out, small_networks["checkpoint"])
    assert len(written(out)) == 160
