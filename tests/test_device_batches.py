"""Batches grow to what fits, and shrink after one that did not."""

from __future__ import annotations

import pytest

from ase_ecn.device_batches import FIRST_ATOMS, MOST_ATOMS, DeviceBatches


class ToyMemory:
    """A device on which an atom takes some bytes."""

    def __init__(self, total: int, per_atom: int) -> None:
        self.total, self.per_atom, self.atoms = total, per_atom, 0

    def free(self) -> int:
        return self.total

    def begin(self) -> None:
        self.atoms = 0

    def peak(self) -> int:
        return self.atoms * self.per_atom


def compute(batches: DeviceBatches, memory: ToyMemory, sizes: list[int]) -> list[int]:
    """Atoms of each batch."""
    found = []
    for batch in batches.cut(sizes, lambda size: size):
        with batches.watched(sum(batch)):
            memory.atoms = sum(batch)
        found.append(sum(batch))
    assert sum(found) == sum(sizes)
    return found


def test_batches_grow_until_there_is_enough_to_do() -> None:
    memory = ToyMemory(10**12, 1000)
    found = compute(DeviceBatches(memory), memory, [8] * 20000)
    assert found[:4] == [FIRST_ATOMS, 2 * FIRST_ATOMS, 4 * FIRST_ATOMS, 8 * FIRST_ATOMS]
    assert max(found) == MOST_ATOMS


def test_batches_fit_into_the_memory() -> None:
    memory = ToyMemory(10**9, 10**5)
    found = compute(DeviceBatches(memory), memory, [8] * 5000)
    assert found[:3] == [FIRST_ATOMS, 2 * FIRST_ATOMS, 5000]
    assert max(found) * memory.per_atom <= memory.total / 2


def test_a_large_crystal_is_a_batch_of_its_own() -> None:
    batches = DeviceBatches(None)
    sizes = [100, FIRST_ATOMS + 1, 50, 60]
    assert [list(batch) for batch in batches.cut(sizes, lambda size: size)] == [
        [100],
        [FIRST_ATOMS + 1],
        [50, 60],
    ]
    assert list(batches.cut([], lambda size: size)) == []


def test_what_is_asked_for_is_done() -> None:
    found = DeviceBatches(None).cut([5000] * 5, lambda size: size, most=2)
    assert [len(batch) for batch in found] == [2, 2, 1]


@pytest.mark.parametrize("memory", [None, ToyMemory(10**12, 1000)])
def test_batches_shrink_and_stay_small(memory: ToyMemory | None) -> None:
    batches = DeviceBatches(memory)
    batches.shrink()
    assert batches.atoms == FIRST_ATOMS // 2
    with batches.watched(FIRST_ATOMS // 2):
        if memory is not None:
            memory.atoms = FIRST_ATOMS // 2
    assert batches.atoms == FIRST_ATOMS // 2
    for _ in range(20):
        batches.shrink()
    assert batches.atoms == 1
