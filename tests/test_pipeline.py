"""Batches through a pipeline: as without one, in order, and nothing of it is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import ASEECNError, CrystalError, OverlappingAtomsError
from ase_ecn.pipeline import AHEAD, in_pipeline, made_ahead
from ase_ecn.prediction import PropertyPredictor


def through(
    batches: list[int],
    make: Callable[[int], int] = lambda batch: batch,
    launch: Callable[[int], int] = lambda made: made,
    read: Callable[[int], int] = lambda running: running,
) -> Iterator[int]:
    return in_pipeline(batches, make, launch, read, lambda batch: -batch)


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("ase_ecn")]


def test_results_are_in_the_order_of_the_batches() -> None:
    slow = threading.Event()

    def make(batch: int) -> int:
        if batch == 1:
            slow.wait(30)  # until the second has been made by the other thread
        if batch == 2:
            slow.set()
        return batch

    found = through([1, 2, 3, 4], make, lambda made: 10 * made, lambda running: running + 1)
    assert list(found) == [11, 21, 31, 41]
    assert threads() == []
    assert list(through([])) == []


def test_stages_overlap() -> None:
    """A batch is read when the next one has been launched, and few are prepared before."""
    events: list[str] = []
    taken = iter(range(10))
    made = []

    def batches() -> Iterator[int]:
        for batch in taken:
            made.append(batch)
            yield batch

    def note(word: str) -> Callable[[int], int]:
        return lambda batch: events.append(f"{word} {batch}") or batch

    found = in_pipeline(batches(), lambda batch: batch, note("launch"), note("read"), abs)
    assert next(found) == 0
    assert events == ["launch 0", "launch 1", "read 0"]
    assert len(made) <= 2 + AHEAD
    assert list(found) == list(range(1, 10))
    assert events[-3:] == ["launch 9", "read 8", "read 9"]


@pytest.mark.parametrize("stage", ["make", "launch", "read"])
@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("CUDA out of memory"), CrystalError()]
)
def test_a_batch_without_a_result_is_done_plainly(stage: str, error: Exception) -> None:
    def fails(batch: int) -> int:
        if batch == 2:
            raise error
        return batch

    assert list(through([1, 2, 3], **{stage: fails})) == [1, -2, 3]


@pytest.mark.parametrize("stage", ["make", "launch", "read"])
def test_unexpected_errors_are_raised_and_threads_end(stage: str) -> None:
    def fails(batch: int) -> int:
        if batch == 3:
            raise RuntimeError("shapes differ")
        return batch

    found = through([1, 2, 3, 4, 5, 6], **{stage: fails})
    assert next(found) == 1
    with pytest.raises(RuntimeError, match="shapes differ"):
        list(found)
    assert threads() == []


def test_who_stops_early_leaves_no_thread() -> None:
    with closing(made_ahead(lambda batch: batch, range(100))) as ahead:
        assert next(ahead)[1].result() == 0
        assert threads()
    assert threads() == []


def crystals() -> list[Crystal]:
    rattled = bulk("Cu", cubic=True)
    rattled.positions[0] += 1.2e-3  # nearly a repetition of the primitive cell
    atoms = [bulk("MgO", "rocksalt", a=4.2), bulk("Si"), rattled, bulk("Fe", cubic=True)]
    atoms += [bulk("NaCl", "rocksalt", a=a) for a in (5.4, 5.6, 5.8)]
    return [as_crystal(one) for one in atoms]


@pytest.mark.parametrize("checkpoint", ["ecn-mp", "ecn-mp20"])
@pytest.mark.parametrize("forces", [True, False])
def test_predictions_are_those_without_a_pipeline(checkpoint: str, forces: bool) -> None:
    predictor = PropertyPredictor(checkpoint, device="cpu", dtype="float64")
    batches = [crystals()[:3], crystals()[3:4], crystals()[4:]]
    plain = [one for batch in batches for one in predictor.predict(batch, forces=forces)]
    piped = predictor.predict_in_pipeline(iter(batches), forces=forces)
    for mine, theirs in zip((one for part in piped for one in part), plain, strict=True):
        assert mine.out_of_domain == theirs.out_of_domain
        assert mine.keys() == theirs.keys()
        for name, value in theirs.items():
            if isinstance(value, dict):
                assert mine[name] == pytest.approx(value, abs=1e-9)
            else:
                np.testing.assert_allclose(mine[name], value, atol=1e-9, err_msg=name)


def test_an_error_is_that_of_its_crystal() -> None:
    """What fails in a thread is found out by the plain way, crystal by crystal."""

    class Piped(PropertyPredictor):
        def predict(self, crystals: Sequence[Crystal], *_: object, **__: object) -> list:
            return [one for part in self.predict_in_pipeline([crystals]) for one in part]

    dimer = as_crystal(Atoms("H2", positions=[[0, 0, 0], [1, 0, 0]], cell=[4] * 3, pbc=True))
    near = replace(dimer, scaled_positions=dimer.scaled_positions / 3)  # not validated again
    crystals = [as_crystal(bulk("Si")), near, as_crystal(bulk("Cu"))]
    found = Piped("ecn-mp", device="cpu").predict_each(crystals)
    assert [isinstance(one, ASEECNError) for one in found] == [False, True, False]
    assert isinstance(found[1], OverlappingAtomsError)
