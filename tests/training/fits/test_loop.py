from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from toys import ECN_CONFIG, run_fit

from ase_ecn.training.fits.loop import FitOptions, Task, fit, shuffled_batches


def test_an_interrupted_fit_goes_on_to_the_same_weights(toy: Path) -> None:
    whole = run_fit(toy, "ecn", ECN_CONFIG, "whole").read_bytes()
    part = toy / "part"
    interrupted = False

    def stop(*_: Any, **__: Any) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    import ase_ecn.training.fits.loop as loop

    original = loop._append_row
    try:
        loop._append_row = lambda path, row: (original(path, row), row["epoch"] == 2 and stop())
        with pytest.raises(KeyboardInterrupt):
            run_fit(toy, "ecn", ECN_CONFIG, "part")
    finally:
        loop._append_row = original
    assert interrupted
    assert (part / "state.pt").is_file()
    assert run_fit(toy, "ecn", ECN_CONFIG, "part").read_bytes() == whole


def _line(options: FitOptions, out: Path, noise: float = 0.0) -> tuple[nn.Module, Any]:
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 64)[:, None]
    y = 3 * x + 1
    model = nn.Linear(1, 1)
    task: Task[Any] = Task(
        batches=lambda rng: ((x[i], y[i]) for i in shuffled_batches(64, 16, rng)),
        batches_per_epoch=4,
        loss=lambda m, b: (m(b[0]) - b[1]).abs().mean(),
        validate=lambda m: {"mae": float((m(x) - y).abs().mean()) + noise},
        monitor="mae",
    )
    return model, fit(model, task, options, out)


def test_the_loop_learns_a_line(tmp_path: Path) -> None:
    options = FitOptions(epochs=60, learning_rate=0.1, weight_decay=0.0, ema_decay=0.9)
    _, result = _line(options, tmp_path)
    assert result.validation["mae"] < 0.05
    assert result.weights["weight"].item() == pytest.approx(3, abs=0.1)


def test_the_average_of_a_short_fit_forgets_where_it_began(tmp_path: Path) -> None:
    """240 steps, with a decay that spans a thousand."""
    options = FitOptions(epochs=60, learning_rate=0.1, weight_decay=0.0)
    _, result = _line(options, tmp_path)
    assert options.ema_decay == 0.999
    assert result.validation["mae"] < 0.05


def test_the_loop_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    options = FitOptions(epochs=60, learning_rate=0.1, patience=3)
    _, result = _line(options, tmp_path, noise=float("nan"))
    assert result.epochs == 3


def test_batches_hold_everything_once() -> None:
    parts = list(shuffled_batches(10, 4, np.random.default_rng(0)))
    assert [len(p) for p in parts] == [4, 4, 2]
    assert sorted(np.concatenate(parts)) == list(range(10))
