from __future__ import annotations

import pytest

from reproduce.reports.soak import ALLOWED_GROWTH, growth, soak


def test_a_soak_counts_what_it_does() -> None:
    samples = soak(100, 20)
    assert (samples[-1].predictions, samples[-1].relaxations) == (128, 20)
    assert all(sample.resident > 50 for sample in samples)
    assert growth(samples * 5) == 0


@pytest.mark.slow
def test_memory_is_flat() -> None:
    assert growth(soak(10_000, 1_000)) < ALLOWED_GROWTH
