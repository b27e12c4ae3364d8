"""Batches that are computed in threads come in their order, and end with what writes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
import torch
from ase import Atoms
from ase.build import bulk

from ase_ecn.errors import CrystalError
from ase_ecn.readers import Source
from ase_ecn.readers.source import of_atoms, unreadable
from ase_ecn.screening.batches import Execution, compute_all
from ase_ecn.screening.compute import Outcome


class Everything:
    """A store that knows no crystal yet."""

    def pending(self, sources: Sequence[Source], retry_failed: bool) -> list[Source]:
        del retry_failed
        return list(sources)


def sources(count: int) -> Iterator[Source]:
    for k in range(count):
        atoms = bulk("Cu", a=3.5 + 0.01 * k)
        yield of_atoms(str(k), atoms) if k % 5 else unreadable(str(k), "damaged")


def computed(read: Sequence[Source]) -> list[Outcome]:
    """Refused ones are known by their errors; later batches take less time than earlier ones."""
    assert torch.get_num_threads() == 1
    first = int(read[0].label)
    threading.Event().wait(0.02 if first % 6 == 0 else 0.0)
    outcomes = []
    for source in read:
        try:
            outcomes.append(Outcome(source, atoms=source.load()))
        except CrystalError as error:
            outcomes.append(Outcome(source, error=str(error)))
    return outcomes


@pytest.mark.parametrize("threads", [2, 3])
def test_outcomes_come_in_the_order_of_the_input(threads: int) -> None:
    written: list[Outcome] = []
    before = torch.get_num_threads()
    count = compute_all(
        computed,
        sources(20),
        Everything(),  # type: ignore[arg-type]
        Execution(batch_size=3),
        written.extend,
        None,
        threads,
    )
    assert count == 20
    assert [int(outcome.source.label) for outcome in written] == list(range(20))
    assert [outcome.error for outcome in written[:6]] == ["damaged", "", "", "", "", "damaged"]
    assert all(isinstance(o.atoms, Atoms) for o in written if not o.error)
    assert torch.get_num_threads() == before


def test_nothing_is_computed_after_writing_has_failed() -> None:
    asked: list[str] = []

    def noted(read: Sequence[Source]) -> list[Outcome]:
        asked.append(read[0].label)
        return computed(read)

    def failing(outcomes: Sequence[Outcome]) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        compute_all(
            noted,
            sources(60),
            Everything(),  # type: ignore[arg-type]
            Execution(batch_size=3),
            failing,
            None,
            2,
        )
    assert len(asked) <= 3
    assert threading.active_count() == 1 or not any(
        thread.name.startswith("ase_ecn") for thread in threading.enumerate()
    )
