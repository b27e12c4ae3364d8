"""What the program around the package does with its process: forks and modes of PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing.context import ForkServerContext

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from children import run_in_child

from ase_ecn import ECNCalculator, LatticeRelaxer, predict, relax
from ase_ecn.checkpoint import _load_shared, load_checkpoint


def used_before_a_fork() -> None:
    """Compute with two threads, fork, and compute the same in the child."""
    torch.set_num_threads(2)
    large = torch.ones(600, 600)
    large @ large  # by both threads
    energies, forces = ECNCalculator(), ECNCalculator("ecn-pes")
    relaxer = bulk("MgO", "rocksalt", a=4.6)

    def results() -> list[float]:
        found = []
        for calculator, atoms in (
            (energies, bulk("MgO", "rocksalt", a=4.2)),
            (forces, bulk("Si") * (3, 3, 3)),
        ):
            atoms.calc = calculator
            calculator.reset()
            found.append(atoms.get_potential_energy())
        found += [p.band_gap for p in predict([bulk("Cu", a=a) for a in np.linspace(3, 4, 70)])]
        return [*found, relax(relaxer)[0].atoms.get_volume()]

    expected = results()
    child = os.fork()
    if not child:
        ended = 1
        try:
            # Otherwise it would wait for ever, for threads that are not there.
            if torch.get_num_threads() == 1:
                np.testing.assert_allclose(results(), expected, atol=1e-4)
                ended = 0
        finally:
            os._exit(ended)
    assert os.waitpid(child, 0)[1] == 0


def test_a_calculator_that_was_used_before_a_fork_can_be_used_after(
    forkserver: ForkServerContext,
) -> None:
    run_in_child(forkserver, used_before_a_fork)


def everything(atoms: Atoms) -> list[np.ndarray]:
    """By calculators that are made now, from weights that are loaded now."""
    _load_shared.cache_clear()
    silicon = bulk("Si", a=5.5)
    silicon.rattle(0.05, seed=1)
    silicon.calc = ECNCalculator("ecn-pes")
    atoms = atoms.copy()
    atoms.calc = ECNCalculator()
    found = [atoms.get_potential_energy(), silicon.get_forces(), silicon.get_stress()]
    LatticeRelaxer(atoms, logfile=None).run(steps=2)
    return [np.asarray(value) for value in (*found, atoms.cell[:], relax(atoms)[0].deformation)]


@pytest.mark.parametrize(
    "mode",
    [
        torch.inference_mode,
        torch.no_grad,
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    ],
    ids=["inference_mode", "no_grad", "autocast"],
)
def test_modes_of_the_caller_change_nothing(
    mode: Callable[[], AbstractContextManager[object]], strained: Atoms
) -> None:
    expected = everything(strained)
    with mode():
        found = everything(strained)
        loaded = load_checkpoint("ecn-pes").model
        kept = ECNCalculator("ecn-pes")
    for value, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(value, wanted)
    # What was made within the mode is as good outside of it.
    atoms = bulk("Si", a=5.5)
    atoms.calc = kept
    assert np.abs(atoms.get_stress()).max() > 0
    assert not any(tensor.is_inference() for tensor in loaded.state_dict().values())
