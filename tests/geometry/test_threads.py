"""Threads of the C functions: they wait for work, and serve all who call."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from children import run_in_child

from ase_ecn.geometry import pairs
from ase_ecn.geometry.pairs import neighbor_lists

pytestmark = pytest.mark.skipif(pairs.compiled is None, reason="no C functions were compiled")
TASKS = Path("/proc/self/task")


def bonds(threads: int) -> bytes:
    """The vectors of all bonds of 512 atoms that are not at rest."""
    atoms = bulk("Si", cubic=True) * (4, 4, 4)
    atoms.rattle(0.05, seed=1)
    cells, counts = np.array([atoms.cell[:]]), np.array([len(atoms)])
    found = neighbor_lists(cells, atoms.positions, counts, 5.0, threads=threads)
    return bytes(found.vector.tobytes())


def test_calls_at_once_share_threads() -> None:
    alone = bonds(1)
    with ThreadPoolExecutor(8) as callers:
        assert set(callers.map(bonds, [2, 3, 5] * 40)) == {alone}


def forked_among_threads() -> None:
    """Use threads, fork while others use them too, and use threads in the children."""
    alone = bonds(1)
    with ThreadPoolExecutor(4) as callers:
        others = [callers.submit(bonds, 3) for _ in range(200)]
        for _ in range(5):
            child = os.fork()
            if not child:
                # It would wait for ever for a lock that another thread held when it was made.
                signal.alarm(300)
                right = bonds(3) == alone
                # Two beside this one, where the system says how many there are.
                helped = not TASKS.exists() or len(list(TASKS.iterdir())) == 3
                os._exit(0 if right and helped else 1)
            assert os.waitpid(child, 0)[1] == 0
        assert {one.result() for one in others} == {alone}


def test_children_of_a_fork_have_threads_of_their_own(forkserver: ForkServerContext) -> None:
    run_in_child(forkserver, forked_among_threads)
