"""Cell and atoms of hypothetical crystals relaxed to 0.05 eV/Å, and FIRE with CHGNet on them."""

from __future__ import annotations

from functools import partial

import numpy as np
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE
from chgnet.model.dynamics import CHGNetCalculator

from ase_ecn import relax
from ase_ecn.relaxation.force_course import FORCE_TOLERANCE
from benchmarks.common import Options, Row, take_turns
from reproduce.reports.full_relaxations import held_out_relaxations

_STEPS = 500


def measure(options: Options) -> list[Row]:
    """All of them here in one call; some, one after the other, for the peer.

    The peer counts for crystals that it finishes within 500 steps or not, with what it took.
    """
    starts = [task.start for task in held_out_relaxations(options.data, 64)]
    some = starts[:: len(starts) // (4 if options.brief else 20)][: 4 if options.brief else 20]
    peer = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
    theirs, steps = [], []
    for atoms in some:
        copy = atoms.copy()
        copy.calc = peer
        begun = options.clock()
        optimizer = FIRE(FrechetCellFilter(copy), logfile=None)
        optimizer.run(fmax=FORCE_TOLERANCE, steps=_STEPS)
        theirs.append(options.clock() - begun)
        steps.append(optimizer.nsteps)
    here = partial(relax, method="all", device="cpu")
    many, same = take_turns(
        partial(here, starts),
        partial(here, some),
        options=options,
        repeats=1 + options.repeats // 3,
    )
    details = {
        "crystals": len(starts),
        "crystals of the peer": len(some),
        "steps of the peer": steps,
        "atoms of the peer's": [len(atoms) for atoms in some],
    }
    work = "cell and atoms of hypothetical crystals, per crystal"
    return [
        Row(
            f"{work}, the peer's", same / len(some), float(np.mean(theirs)), "s", 100, 250, details
        ),
        Row(f"{work}, all", many / len(starts), None, "s", None, None, details),
    ]
