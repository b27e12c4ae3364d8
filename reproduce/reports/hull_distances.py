"""Are distances to the bundled hull those that the Materials Project gives?

``python -m reproduce hull-distances`` compares them for the crystals of MP-20, from their DFT
energies.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula
from numpy.typing import NDArray

from ase_ecn.hull import KnownPhases
from ase_ecn.training.data.datasets import data_folder

_SPLITS = ("train", "val", "test")


def hull_distances(data: Path, split: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances here and those given, (C,) each in eV/atom, of the crystals that have one."""
    known = KnownPhases()
    here, given = [], []
    with gzip.open(data / "mp_20" / f"{split}.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["e_above_hull"]:
                counts = Formula(row["pretty_formula"]).count()
                numbers = [atomic_numbers[s] for s, n in counts.items() for _ in range(n)]
                energy = float(row["formation_energy_per_atom"])
                here.append(energy - known.at(numbers).energy)
                given.append(float(row["e_above_hull"]))
    return np.array(here), np.array(given)


def run_hull_distances(options: argparse.Namespace) -> int:
    """Print the differences, split by split and together."""
    start = time.process_time()
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
    print(f"{time.process_time() - start:.0f} s of one core")
    return 0
