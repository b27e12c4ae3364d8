"""``hull-distances``: does the bundled hull give the distances of the Materials Project?"""

from __future__ import annotations

import argparse

import numpy as np

from ase_ecn.commands.command_line import Command, no_arguments
from ase_ecn.training.data.datasets import data_folder
from reproduce.reports.hull_distances import hull_distances

_SPLITS = ("train", "val", "test")


def _run(options: argparse.Namespace) -> int:
    parts = {split: hull_distances(data_folder(options.data), split) for split in _SPLITS}
    pairs = [np.concatenate(arrays) for arrays in zip(*parts.values(), strict=True)]
    for name, (here, given) in {**parts, "all": (pairs[0], pairs[1])}.items():
        if not len(here):
            print(f"{name}: no distances are given")
            continue
        off = 1000 * np.abs(here - given)
        same = ((here < 1e-4) == (given < 1e-4)).mean()
        print(
            f"{name}: {len(off)} crystals, meV/atom: median {np.median(off):.3f}, mean "
            f"{off.mean():.2f}, 95 % below {np.quantile(off, 0.95):.1f}, 99 % below "
            f"{np.quantile(off, 0.99):.1f}; on the hull or not as given: {100 * same:.1f} %"
        )
    return 0


COMMAND = Command(
    "hull-distances",
    "compare distances to the bundled hull with those of MP-20",
    no_arguments,
    _run,
)
