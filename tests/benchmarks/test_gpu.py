"""The benchmark of a GPU runs, here with the processor in its place."""

from __future__ import annotations

import pytest
import torch

from benchmarks.common import Options
from benchmarks.gpu import Watched, crystals, measure, predictions, relaxations


def check(device: torch.device) -> None:
    atoms = crystals(9)
    assert len({one.positions.tobytes() for one in atoms}) == 9
    each, per_atom, waited = predictions(atoms, device)
    assert each.details["batches"] == 1
    assert each.details["atoms"] == sum(map(len, atoms))
    assert each.ours * per_atom.ours == pytest.approx(1e6 * 9 / each.details["atoms"])
    assert 0 <= waited.ours < 1
    steps = relaxations(atoms[:2], device)
    assert len({step.work for step in steps}) == 2
    for step in steps:
        assert step.details["steps"] >= len(atoms[0]) + len(atoms[1])


def test_the_processor_stands_in() -> None:
    check(torch.device("cpu"))


def test_passes_are_added() -> None:
    predictor = Watched(device="cpu")
    predictor._spans = [(0.0, 1.5), (2.0, 2.5)]
    assert predictor.busy() == 2.0
    assert predictor.busy() == 0.0


def test_no_gpu_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="--device cpu"):
        measure(Options(tmp_path))


@pytest.mark.gpu
def test_a_gpu_is_measured() -> None:
    check(torch.device("cuda"))
