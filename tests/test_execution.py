from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from ase_ecn.errors import OptionError
from ase_ecn.execution import in_halves, in_threads, resolve_device, resolve_dtype


def test_a_batch_that_does_not_fit_is_halved_until_it_does() -> None:
    tried: list[int] = []
    halved: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        tried.append(len(items))
        if sum(items) > 3:
            raise MemoryError
        return [10 * item for item in items]

    found = in_halves(
        work, [1, 1, 1, 9, 2], lambda item: -item, lambda part: halved.append(len(part))
    )
    assert found == [10, 10, 10, -9, 20]
    assert tried == [5, 2, 3, 1, 2, 1, 1]
    assert halved == [5, 3, 2]


def test_other_errors_are_not_halved() -> None:
    def work(items: Sequence[int]) -> list[int]:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        in_halves(work, [1, 2], lambda item: item)


def test_results_of_threads_are_in_order() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert in_threads(lambda item: item * item, [3, 1, 2]) == [9, 1, 4]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_devices_and_types_that_are_not_there_are_refused() -> None:
    assert resolve_device("cpu").type == "cpu"
    assert resolve_dtype("float64") is torch.float64
    with pytest.raises(OptionError, match="cannot be used"):
        resolve_device("no such device")
    with pytest.raises(OptionError, match="known are float32, float64"):
        resolve_dtype("float16")
