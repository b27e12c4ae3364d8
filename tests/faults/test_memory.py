"""Too little memory halves batches, and is told where that does not help."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ase.build import bulk
from interrupted import run_python, written
from screens import lattices

from ase_ecn import predict
from ase_ecn.checkpoint import _load_shared
from ase_ecn.errors import MemoryExhaustedError
from ase_ecn.prediction import PropertyPredictor


def test_a_batch_that_does_not_fit_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    crystals = lattices(5)
    expected = [p.formation_energy for p in predict(crystals)]
    plain = PropertyPredictor._predict_batch
    sizes = []

    def limited(self, batch, **options):
        sizes.append(len(batch))
        if len(batch) > 2 or any(len(crystal) > 1 for crystal in batch):
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate"
            )
        return plain(self, batch, **options)

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
    done = run_python(STARVED, str(tmp_path / "out.db"), "100")
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
