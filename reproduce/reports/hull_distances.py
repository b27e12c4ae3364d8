"""Distances to the bundled hull, from DFT energies, beside those of the Materials Project."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula
from numpy.typing import NDArray

from ase_ecn.hull import KnownPhases


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
