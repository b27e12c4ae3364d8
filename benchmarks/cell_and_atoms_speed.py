"""Cell and atoms of hypothetical crystals relaxed to 0.05 eV/Å, and FIRE with CHGNet on them."""

from __future__ import annotations

from functools import partial

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE
from chgnet.model.dynamics import CHGNetCalculator

from ase_ecn import relax
from ase_ecn.relaxation.force_course import FORCE_TOLERANCE
from benchmarks.common import Options, Row, take_turns
from reproduce.reports.full_relaxations import held_out_relaxations


def measure(options: Options) -> list[Row]:
    """All of them here in one call; some, one after the other, for the peer.

    The peer counts for crystals that it finishes within its steps or not, with what it took. If
    brief, it gets the smaller ones of few crystals, and fewer steps: what it takes is then a lower
    bound.
    """
    count, theirs_count, steps = (40, 20, 60) if options.brief else (64, 20, 500)
    starts = [task.start for task in held_out_relaxations(options.data, count)]
    chosen = sorted(starts, key=len)[: count // 2] if options.brief else starts
    some = chosen[:: len(chosen) // theirs_count][:theirs_count]
    peer = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
    runs = [_relaxed_by_peer(atoms, peer, steps, options) for atoms in some]
    here = partial(relax, method="all", device="cpu")
    many, same, cells = take_turns(
        partial(here, starts),
        partial(here, some),
        partial(relax, some, device="cpu"),
        options=options,
        repeats=1 if options.brief else 1 + options.repeats // 3,
    )
    theirs = float(np.mean([seconds for seconds, _ in runs]))
    details = {
        "crystals": len(starts),
        "crystals of the peer": len(some),
        "steps of the peer": [taken for _, taken in runs],
        "most steps of the peer": steps,
        "atoms of the peer's": [len(atoms) for atoms in some],
    }
    work = "cell and atoms of hypothetical crystals, per crystal"
    return [
        Row(f"{work}, the peer's", same / len(some), theirs, "s", 100, 250, details),
        Row(
            "cells alone of the same, the peer's still with atoms",
            cells / len(some),
            theirs,
            "s",
            2000,
            3000,
            details,
        ),
        Row(f"{work}, all", many / len(starts), None, "s", None, None, details),
    ]


def _relaxed_by_peer(
    atoms: Atoms, peer: CHGNetCalculator, steps: int, options: Options
) -> tuple[float, int]:
    """Seconds and steps of FIRE on cell and atoms."""
    copy = atoms.copy()
    copy.calc = peer
    begun = options.clock()
    optimizer = FIRE(FrechetCellFilter(copy), logfile=None)
    optimizer.run(fmax=FORCE_TOLERANCE, steps=steps)
    return options.clock() - begun, optimizer.nsteps
