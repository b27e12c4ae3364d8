"""Sums by segments are those of index_add, and so are their derivatives."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ase_ecn.nn import segments
from ase_ecn.nn.segments import (
    added,
    chosen_rows,
    rows_of,
    segment_sums,
    sorted_sums,
    sums_after_sorting,
    sums_of_owners,
)

OWNER = torch.tensor([0, 0, 2, 2, 2, 5, 6])  # some own nothing, at the end too
OFFSETS = torch.tensor([0, 2, 2, 5, 5, 5, 6, 7, 7])
SHUFFLED = OWNER[torch.tensor([4, 6, 0, 5, 1, 3, 2])]


def values(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(len(OWNER), *shape, dtype=dtype, requires_grad=True)


def by_loop(values: Tensor, offsets: Tensor, reduce: str) -> Tensor:
    assert reduce == "sum"
    parts = [values[a:b].sum(dim=0) for a, b in pairwise(offsets.tolist())]
    return torch.stack(parts)


@pytest.fixture(params=["segment_reduce", "segment_csr"])
def _either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without torch-scatter; where it is not installed, something with its interface."""
    found = None if request.param == "segment_reduce" else segments.segment_csr or by_loop
    monkeypatch.setattr(segments, "segment_csr", found)


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("shape", [(), (4,), (3, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_are_those_of_index_add(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    of_bonds = values(*shape, dtype=dtype)
    expected = added(of_bonds, OWNER, 8)
    torch.testing.assert_close(sorted_sums(of_bonds, OFFSETS, OWNER), expected)
    torch.testing.assert_close(segment_sums(of_bonds, OFFSETS, OWNER), expected)
    expected = added(of_bonds, SHUFFLED, 8)
    torch.testing.assert_close(sums_after_sorting(of_bonds, SHUFFLED, 8), expected)
    torch.testing.assert_close(sums_of_owners(of_bonds, SHUFFLED, 8), expected)


@pytest.mark.usefixtures("_either_way")
def test_derivatives_are_derivatives() -> None:
    rows = torch.randn(8, 2, dtype=torch.float64, requires_grad=True)
    for function, of in (
        (lambda v: sorted_sums(v, OFFSETS, OWNER), values(2)),
        (lambda v: sums_after_sorting(v, SHUFFLED, 8), values(2)),
        (lambda v: chosen_rows(v, SHUFFLED), rows),
    ):
        assert torch.autograd.gradcheck(lambda v, f=function: f(v) ** 2, (of,))
        assert torch.autograd.gradgradcheck(lambda v, f=function: f(v) ** 3, (of,))


def test_rows_are_those_of_their_owners() -> None:
    rows = torch.randn(8, 3)
    assert torch.equal(chosen_rows(rows, SHUFFLED), rows[SHUFFLED])
    assert torch.equal(rows_of(rows, SHUFFLED), rows[SHUFFLED])


def test_nothing_and_whole_numbers_are_summed_too() -> None:
    nothing, none = torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)
    assert sums_after_sorting(nothing, none, 2).tolist() == [[0, 0, 0]] * 2
    assert sorted_sums(nothing, torch.zeros(3, dtype=torch.int64), none).tolist() == [[0] * 3] * 2
    assert sums_of_owners(torch.ones(7, dtype=torch.int64), OWNER, 8).sum() == 7


def test_a_device_gets_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that keeps shapes alone; index_add would add in any order there."""

    def refused(*_: object) -> Tensor:
        raise AssertionError("index_add")

    monkeypatch.setattr(segments, "added", refused)
    of_bonds, owner = torch.empty(7, 2, device="meta"), OWNER.to("meta")
    assert segment_sums(of_bonds, OFFSETS.to("meta"), owner).shape == (8, 2)
    assert sums_of_owners(of_bonds, owner, 8).shape == (8, 2)
    assert rows_of(torch.empty(8, 2, device="meta"), owner).shape == (7, 2)


@pytest.mark.gpu
def test_a_gpu_gives_the_same_bits_each_time() -> None:
    owner = torch.randint(0, 100, (100_000,), device="cuda")
    of_bonds = torch.randn(100_000, 16, device="cuda")
    first = sums_of_owners(of_bonds, owner, 100)
    assert all(torch.equal(sums_of_owners(of_bonds, owner, 100), first) for _ in range(20))
    torch.testing.assert_close(
        first.cpu(), added(of_bonds.cpu(), owner.cpu(), 100), atol=1e-3, rtol=1e-4
    )
