"""The same input gives the same numbers, whoever asks, in whatever company.

Bits are the same for the same batch with the same number of threads. In another batch, order or
with other threads sums are taken in another order, and a stated bound holds.
"""

from __future__ import annotations

import copy
import pickle
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.context import ForkServerContext
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms

from ase_ecn import ECNCalculator, LatticeRelaxer, predict, relax
from ase_ecn.api import Relaxation
from ase_ecn.crystal import as_crystal
from ase_ecn.execution import in_threads as compute_batches
from ase_ecn.graphs.batch import bond_graphs, pack
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.prediction import Prediction, PropertyPredictor
from ase_ecn.relaxation.predictor import StrainPredictor

SUMMATION = {"float32": 2e-5, "float64": 1e-11}
"""Largest difference of a property in its unit (moments per atom) by the order of sums."""
REPEATED = {"float32": 2e-5, "float64": 1e-10}
"""The same for the cell of a relaxation, whose steps add up."""
PRECISION = 2e-4
"""Largest difference between single and double precision, the same that the self-test allows."""


@pytest.fixture
def crystals(prototypes: dict[str, Atoms]) -> list[Atoms]:
    """Of all sizes, two of them alike."""
    rng = np.random.default_rng(3)
    found = []
    for name in ("fcc", "hcp", "diamond", "rocksalt", "wurtzite", "perovskite", "triclinic"):
        atoms = prototypes[name].copy()
        atoms.rattle(0.02, rng=rng)
        found += [atoms, atoms.repeat((2, 1, 1))]
    large = prototypes["perovskite"].repeat(2)
    large.rattle(0.05, rng=rng)
    return [*found, large, found[0]]


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def numbers(predictions: Sequence[Prediction]) -> list[bytes]:
    return [b"".join(_bytes(value) for value in p.values()) for p in predictions]


def _bytes(value: Any) -> bytes:
    return repr(value).encode() if isinstance(value, dict) else np.asarray(value).tobytes()


def cells(relaxations: Sequence[Relaxation]) -> list[bytes]:
    return [r.atoms.cell.array.tobytes() + f"{r.steps} {r.reason}".encode() for r in relaxations]


def largest_difference(first: Sequence[Prediction], second: Sequence[Prediction]) -> float:
    """Over all properties, each in its unit and moments per atom; relative for numbers above 1."""
    largest = 0.0
    for a, b in zip(first, second, strict=True):
        for name, value in a.items():
            if isinstance(value, dict):
                assert value == b[name]
                continue
            size = float(len(a.site_moments)) if name == "magnetization" else 1.0
            size *= max(1.0, float(np.abs(b[name]).max()) / size)
            largest = max(largest, float(np.abs(np.asarray(value) - b[name]).max()) / size)
    return largest


def largest_strain(first: Sequence[Relaxation], second: Sequence[Relaxation]) -> float:
    """Relative difference of the cells; the steps must be as many."""
    for a, b in zip(first, second, strict=True):
        assert (a.steps, a.reason) == (b.steps, b.reason)
    return max(
        float(np.abs(np.linalg.solve(a.atoms.cell.array, b.atoms.cell.array) - np.eye(3)).max())
        for a, b in zip(first, second, strict=True)
    )


def test_the_same_call_gives_the_same_bits(crystals: list[Atoms]) -> None:
    assert numbers(predict(crystals)) == numbers(predict(crystals))
    assert cells(relax(crystals)) == cells(relax(crystals))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batch_and_order_change_nothing_beyond_rounding(dtype: str, crystals: list[Atoms]) -> None:
    expected, relaxed = predict(crystals, dtype=dtype), relax(crystals, dtype=dtype)
    for size in (1, 7):
        found = predict(crystals, dtype=dtype, batch_size=size)
        assert largest_difference(found, expected) < SUMMATION[dtype]
        moved = relax(crystals, dtype=dtype, batch_size=size)
        assert largest_strain(moved, relaxed) < REPEATED[dtype]
    order = np.random.default_rng(0).permutation(len(crystals))
    shuffled = [crystals[k] for k in order]
    again, moved = predict(shuffled, dtype=dtype), relax(shuffled, dtype=dtype)
    assert largest_difference(again, [expected[k] for k in order]) < SUMMATION[dtype]
    assert largest_strain(moved, [relaxed[k] for k in order]) < REPEATED[dtype]


def test_threads_change_nothing_beyond_rounding(
    crystals: list[Atoms], threads: Callable[[int], None]
) -> None:
    threads(1)
    expected, relaxed = predict(crystals), relax(crystals)
    threads(4)
    found, moved = predict(crystals), relax(crystals)
    assert largest_difference(found, expected) < SUMMATION["float32"]
    assert largest_strain(moved, relaxed) < SUMMATION["float32"]
    assert numbers(found) == numbers(predict(crystals))


def test_batches_in_threads_give_the_bits_of_one_thread(
    crystals: list[Atoms], threads: Callable[[int], None]
) -> None:
    threads(1)
    expected = predict(crystals, batch_size=3)
    threads(4)
    assert numbers(predict(crystals, batch_size=3)) == numbers(expected)
    assert torch.get_num_threads() == 4

    def fail(batch: int) -> int:
        if batch > 1:
            raise ValueError(batch)
        return batch

    with pytest.raises(ValueError, match="2"):
        compute_batches(fail, range(5))
    assert torch.get_num_threads() == 4


def in_threads(work: Callable[[Atoms], object], crystals: Sequence[Atoms]) -> list[list[object]]:
    """Results of eight threads that begin together, each with another crystal first."""
    start = threading.Barrier(8)

    def one(k: int) -> list[object]:
        torch.set_num_threads(1)
        start.wait()
        turned = np.roll(np.arange(len(crystals)), -k).tolist()
        found = {j: work(crystals[j]) for j in turned}
        return [found[j] for j in range(len(crystals))]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(8)))


def test_eight_threads_share_a_calculator(crystals: list[Atoms]) -> None:
    crystals = crystals[:5]
    serial = [ECNCalculator().get_property("energy", atoms) for atoms in crystals]
    shared = ECNCalculator()

    def ask(atoms: Atoms) -> tuple[float, float, bytes]:
        atoms = atoms.copy()
        atoms.calc = shared
        gap = shared.get_band_gap(atoms)
        return atoms.get_potential_energy(), gap, shared.annotate(atoms).arrays["ecn_site_moments"]

    for results in in_threads(ask, crystals):
        assert [energy for energy, _, _ in results] == serial
        assert [len(moments) for _, _, moments in results] == [len(atoms) for atoms in crystals]
    own = in_threads(lambda atoms: ECNCalculator().get_property("energy", atoms), crystals[:2])
    assert own == [serial[:2]] * 8


def test_eight_threads_share_networks(crystals: list[Atoms]) -> None:
    crystals = crystals[:4]
    expected = [numbers(predict(atoms)) + cells(relax(atoms)) for atoms in crystals[:2]]
    found = in_threads(lambda atoms: numbers(predict(atoms)) + cells(relax(atoms)), crystals[:2])
    assert found == [expected] * 8
    network = StrainPredictor()

    def relaxed(atoms: Atoms) -> bytes:
        atoms = atoms.copy()
        LatticeRelaxer(atoms, checkpoint=network, logfile=None).run()
        return atoms.cell.array.tobytes()

    serial = [relaxed(atoms) for atoms in crystals]
    before = list(warnings.filters)
    assert in_threads(relaxed, crystals) == [serial] * 8
    assert warnings.filters == before


def _in_process(crystals: list[Atoms]) -> list[bytes]:
    torch.set_num_threads(1)
    return numbers(predict(crystals)) + cells(relax(crystals))


@pytest.mark.slow
def test_processes_give_the_same_bits(crystals: list[Atoms], forkserver: ForkServerContext) -> None:
    crystals = crystals[:8]
    with ProcessPoolExecutor(2, mp_context=forkserver) as pool:
        found = list(pool.map(_in_process, [crystals] * 2))
    assert found == [_in_process(crystals)] * 2


def test_calculators_can_be_sent_and_copied(crystals: list[Atoms]) -> None:
    calculator = ECNCalculator()
    energy = calculator.get_property("energy", crystals[0])
    for other in (copy.deepcopy(calculator), pickle.loads(pickle.dumps(calculator))):
        assert other.get_property("energy", crystals[0]) == energy
        assert other.get_property("energy", crystals[2]) != energy


def test_single_and_double_precision_agree(crystals: list[Atoms]) -> None:
    assert largest_difference(predict(crystals), predict(crystals, dtype="float64")) < PRECISION
    found, precise = relax(crystals, steps=1), relax(crystals, steps=1, dtype="float64")
    assert largest_strain(found, precise) < PRECISION


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gpu_agrees(dtype: str, crystals: list[Atoms]) -> None:
    bound = {"float32": PRECISION, "float64": 1e-9}[dtype]
    here, there = (predict(crystals, dtype=dtype, device=d) for d in ("cpu", "cuda"))
    assert largest_difference(here, there) < bound
    here, there = (relax(crystals, dtype=dtype, device=d) for d in ("cpu", "cuda"))
    assert largest_strain(here, there) < bound


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled_networks_agree(dtype: str, crystals: list[Atoms]) -> None:
    bound = SUMMATION[dtype]
    primitives = [as_crystal(atoms).primitive.crystal for atoms in crystals]
    ecn = PropertyPredictor("ecn-mp20", device="cpu", dtype=dtype)
    config = ecn.model.config
    graphs = pack(bond_graphs(primitives, config.bonds), config.group)
    batch = graphs.batch(np.arange(len(primitives)), device=ecn.device, dtype=ecn.dtype)
    compiled = torch.compile(ecn.model, dynamic=True)
    with torch.no_grad():
        for name, values in ecn.model(batch).items():
            assert (values - compiled(batch)[name]).abs().max() < bound, name
    empnn = StrainPredictor(device="cpu", dtype=dtype)
    lattices = lattice_batch(primitives, empnn.model.config.neighbors, dtype=empnn.dtype)
    with torch.no_grad():
        plain, fast = empnn.model(lattices)[-1], torch.compile(empnn.model)(lattices)[-1]
    assert ((plain - fast).abs() / plain.abs().max()).max() < bound
