"""What goes wrong from outside: killed processes, full disks, damaged rows, too little memory.

Whatever happens, the outcome is a result or an error of :mod:`ase_ecn.errors`, what was written
before is there, and the same call goes on from it.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from ase.db import connect
from ase.io import read, write
from screens import glimpse, lattices
from torch import nn

from ase_ecn import predict
from ase_ecn.checkpoint import _load_shared, load_checkpoint, save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import ASEECNError, MemoryExhaustedError, OptionError, StorageError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.report import write_report
from ase_ecn.screening import failures
from ase_ecn.storage import replace_file
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.fits.loop import FitOptions, FitResult, Task, fit, shuffled_batches

MOUNT, UMOUNT = shutil.which("mount") or "mount", shutil.which("umount") or "umount"


def written(out: Path) -> list[str]:
    """Sources of the rows of an output, which must be whole."""
    with sqlite3.connect(out) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rows = list(connect(out, use_lock_file=False).select())
    assert all(np.isfinite(row.energy) for row in rows)
    return [row.source for row in rows]


# Killed processes


def fit_line(out: Path, pause: float = 0.0) -> FitResult:
    """A small fit with dropout, whose every epoch takes some time."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 64)[:, None]
    model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.2), nn.Linear(8, 1))

    def loss(network: nn.Module, batch: object) -> torch.Tensor:
        time.sleep(pause)
        return (network(x[batch]) - 3 * x[batch]).abs().mean()

    task = Task(
        batches=lambda rng: shuffled_batches(64, 16, rng),
        batches_per_epoch=4,
        loss=loss,
        validate=lambda network: {"mae": float((network(x) - 3 * x).abs().mean())},
        monitor="mae",
    )
    return fit(model, task, FitOptions(epochs=8, learning_rate=0.05), out)


def epochs(out: Path) -> list[list[str]]:
    """The learning curve, but for the time that its epochs took."""
    if not (out / "curve.csv").exists():
        return []
    with (out / "curve.csv").open(newline="") as file:
        return [row[:-1] for row in csv.reader(file)][1:]


def test_a_fit_that_is_killed_goes_on_to_the_same_weights(
    tmp_path: Path, rng: np.random.Generator, forkserver: ForkServerContext
) -> None:
    whole = fit_line(tmp_path / "whole")
    part = tmp_path / "part"
    for kill in range(3):
        child = forkserver.Process(target=fit_line, args=(part, 0.01))
        child.start()
        while len(epochs(part)) < 2 * kill + 1 and child.is_alive():
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.05))
        assert child.is_alive()
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    assert 5 <= len(epochs(part)) < 8
    again = fit_line(part)
    assert again.validation == whole.validation
    for name, tensor in whole.weights.items():
        assert torch.equal(again.weights[name], tensor), name
    # Epochs that were done twice are in the learning curve once.
    assert epochs(part) == epochs(tmp_path / "whole")


def row_count(path: Path) -> int:
    rows = glimpse(path, "SELECT COUNT(*) FROM systems")
    return rows[0][0] if rows else 0


def write_rows(path: Path, count: int) -> None:
    database = connect(path, use_lock_file=False)
    for k in range(count):
        database.write(bulk("Cu", a=3.5 + 0.001 * k), number=k)


def test_databases_that_are_killed_while_written_stay_readable(
    tmp_path: Path, rng: np.random.Generator, forkserver: ForkServerContext, run_screen: Callable
) -> None:
    path = tmp_path / "in.db"
    for _ in range(3):
        child = forkserver.Process(target=write_rows, args=(path, 10_000))
        before = row_count(path)
        child.start()
        while row_count(path) < before + 3:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    count = len(connect(path))
    assert run_screen(path, tmp_path / "out.db").stored == count


# Full disks and folders that cannot be written


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
    with mounted(tmp_path / "disk", "size=192k") as folder:
        yield folder


def test_a_screen_goes_on_when_a_full_disk_has_room_again(
    small_disk: Path, run_screen: Callable
) -> None:
    out = small_disk / "out.db"
    with pytest.raises(StorageError, match=r"full.* goes on from there"):
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


LIMITED = """
import resource, signal, sys
from ase_ecn.errors import StorageError
from ase_ecn.screening import screen
from ase.build import bulk
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
crystals = [bulk("Cu", a=3.5 + 0.01 * k) for k in range(160)]
options = dict(checkpoint=sys.argv[2], device="cpu", batch_size=16)
try:
    screen(crystals, sys.argv[1], **options)
except StorageError as error:
    print("told:", error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(screen(crystals, sys.argv[1], **options))
"""


def test_a_limited_file_size_is_told(tmp_path: Path, small_networks: dict[str, Path]) -> None:
    """The same as a full disk, for those who may not mount one."""
    out = tmp_path / "out.db"
    done = _python(LIMITED, str(out), str(small_networks["checkpoint"]))
    assert "told: the database" in done.stdout, done.stderr
    assert "stored=160" in done.stdout
    computed = int(done.stdout.split("computed=")[1].split(")")[0])
    assert 0 < computed < 160
    assert len(written(out)) == 160


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )


# Damaged input


def damage(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)


def test_a_damaged_row_of_a_database_spoils_no_other(tmp_path: Path, run_screen: Callable) -> None:
    path = tmp_path / "in.db"
    with connect(path) as database:
        for atoms in lattices(8):
            database.write(atoms, number=1)
    damage(path, "UPDATE systems SET positions = ? WHERE id = 2", b"12345")
    damage(path, "UPDATE systems SET numbers = ? WHERE id = 3", b"\0" * 12)
    damage(path, "UPDATE systems SET cell = NULL WHERE id = 4")
    damage(path, "UPDATE systems SET key_value_pairs = ? WHERE id = 5", "{'no json")
    damage(path, "UPDATE systems SET positions = ? WHERE id = 6", np.zeros(6).tobytes())
    report = run_screen(path, tmp_path / "out.db")
    reasons = {failure.label: failure.reason for failure in failures(tmp_path / "out.db")}
    assert report.stored + report.failed == 8
    assert {"in.db#1", "in.db#7", "in.db#8"} <= set(written(tmp_path / "out.db"))
    assert {"in.db#2", "in.db#3", "in.db#5", "in.db#6"} <= set(reasons), reasons
    assert "damaged row" in reasons["in.db#2"]


def test_a_damaged_row_of_a_table_spoils_no_other(tmp_path: Path, run_screen: Callable) -> None:
    write(tmp_path / "x.cif", bulk("Cu"))
    good = (tmp_path / "x.cif").read_text()
    rows = [
        *[["a", good], ["b", good.replace("Cu", "\0\1")], ["c"], ["d", good[:200]]],
        *[["e", good, "too", "much"], ["f", good.replace("1.0", "1\xff0")], ["g", good]],
    ]
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="latin-1") as file:
        writer = csv.writer(file)
        writer.writerows([["id", "cif"], *rows])
    report = run_screen(path, tmp_path / "out.db")
    assert report.stored + report.failed == 7
    assert {"in.csv#0", "in.csv#6"} <= set(written(tmp_path / "out.db"))
    reasons = {failure.label: failure.reason for failure in failures(tmp_path / "out.db")}
    assert {"in.csv#1", "in.csv#2", "in.csv#3", "in.csv#5"} <= set(reasons)
    assert "nothing in column 'cif'" in reasons["in.csv#2"]


@pytest.mark.parametrize("name", ["in.csv.gz", "in.parquet"])
def test_a_table_that_ends_too_early_is_told(
    name: str, tmp_path: Path, run_screen: Callable
) -> None:
    import gzip

    path = tmp_path / name
    write(tmp_path / "x.cif", bulk("Cu"))
    good = (tmp_path / "x.cif").read_text()
    if name.endswith("gz"):
        quoted = good.replace('"', '""')
        text = "cif\n" + "".join(
            f'"{quoted}# {np.random.default_rng(k).random()}"\n' for k in range(99)
        )
        content = gzip.compress(text.encode())
        path.write_bytes(content[: len(content) // 2])
        report = run_screen(path, tmp_path / "out.db")
        assert report.stored > 0
    else:
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pa.table({"cif": [good] * 9}), path, compression="none")
        content = bytearray(path.read_bytes())
        content[100:400] = b"\xff" * 300
        path.write_bytes(content)
        report = run_screen(path, tmp_path / "out.db")
    assert report.failed > 0
    written(tmp_path / "out.db")


def test_a_damaged_frame_spoils_no_other(tmp_path: Path, run_screen: Callable) -> None:
    path = tmp_path / "in.extxyz"
    write(path, lattices(7))
    lines = path.read_text().splitlines(keepends=True)
    lines[5] = "Cu 0 zero 0\n"
    lines[3 * 4 + 1] = lines[3 * 4 + 1].replace('Lattice="', 'Lattice="x ')
    path.write_text("".join(lines))
    report = run_screen(path, tmp_path / "out.db")
    assert (report.stored, report.failed) == (5, 2)
    assert sorted(written(tmp_path / "out.db")) == [f"in.extxyz#{k}" for k in (0, 2, 3, 5, 6)]


def test_a_damaged_output_is_refused(tmp_path: Path, run_screen: Callable) -> None:
    out = tmp_path / "out.db"
    run_screen(lattices(30), out)
    content = out.read_bytes()
    out.write_bytes(content[: len(content) // 2])
    with pytest.raises(ASEECNError, match=r"out\.db"):
        run_screen(lattices(31), out)
    out.write_bytes(b"\xff" * 5000)
    with pytest.raises(OptionError, match="cannot open"):
        run_screen(lattices(31), out)


def test_a_damaged_state_of_a_fit_is_told(tmp_path: Path) -> None:
    fit_line(tmp_path)
    state = tmp_path / "state.pt"
    content = state.read_bytes()
    for damaged in (b"", content[:-300], b"cposix\nsystem\n(S'exit 3'\ntR."):
        state.write_bytes(damaged)
        with pytest.raises(StorageError, match=r"state\.pt, which is damaged"):
            fit_line(tmp_path)


# Memory


def test_a_batch_that_does_not_fit_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    crystals = lattices(5)
    expected = [p.formation_energy for p in predict(crystals)]
    plain = PropertyPredictor._predict_batch
    sizes = []

    def limited(self, batch):
        sizes.append(len(batch))
        if len(batch) > 2 or any(len(crystal) > 1 for crystal in batch):
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate"
            )
        return plain(self, batch)

    monkeypatch.setattr(PropertyPredictor, "_predict_batch", limited)
    with pytest.raises(RuntimeError):
        predict(crystals)
    monkeypatch.setattr(
        "ase_ecn.execution.is_out_of_memory", lambda error: "DefaultCPUAllocator" in str(error)
    )
    sizes.clear()
    assert [p.formation_energy for p in predict(crystals)] == pytest.approx(expected, abs=1e-6)
    assert sizes == [5, 2, 3, 1, 2]
    with pytest.raises(MemoryExhaustedError, match="a crystal of 2 atoms does not fit"):
        predict(bulk("NaCl", "rocksalt", a=5.6))


STARVED = """
import json, resource, sys
from pathlib import Path
from ase.build import bulk
from ase_ecn import predict, relax
from ase_ecn.errors import ASEECNError
from ase_ecn.screening import screen, failures
large = bulk("Si", cubic=True) * (12, 12, 12)
large.rattle(0.05, seed=1)
crystals = [bulk("Si"), large, bulk("Cu")]
predict(crystals[0]), relax(crystals[0])
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]) * 2**20, resource.RLIM_INFINITY))
found = {}
try:
    predict(crystals)
    found["predict"] = "done"
except ASEECNError as error:
    found["predict"] = f"{type(error).__name__}: {error}"
found["relax"] = [relaxed.reason for relaxed in relax(crystals, steps=1)]
report = screen(crystals, sys.argv[1], relax=True, batch_size=3)
found["stored"], found["failed"] = report.stored, report.failed
found["reasons"] = [failure.reason for failure in failures(sys.argv[1])]
print(json.dumps(found))
"""


@pytest.mark.slow
def test_too_little_memory_is_told(tmp_path: Path) -> None:
    """A crystal of 13,824 atoms with room for the others only."""
    done = _python(STARVED, str(tmp_path / "out.db"), "100")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["predict"].startswith("MemoryExhaustedError: a crystal of 13824 atoms")
    assert found["relax"][1] == "out of memory"
    assert "out of memory" not in (found["relax"][0], found["relax"][2])
    assert (found["stored"], found["failed"]) == (2, 1)
    assert "does not fit into memory" in found["reasons"][0]
    assert sorted(written(tmp_path / "out.db")) == ["#0", "#2"]


def test_no_memory_for_the_weights_is_told(
    monkeypatch: pytest.MonkeyPatch, small_networks: dict[str, Path]
) -> None:
    def read_bytes(path: Path) -> bytes:
        raise MemoryError

    _load_shared.cache_clear()  # another test may have loaded them
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.raises(MemoryExhaustedError, match="no memory for the weights"):
        predict(bulk("Cu"), checkpoint=small_networks["checkpoint"])
