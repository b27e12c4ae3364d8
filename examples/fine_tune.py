"""Fit a network to one's own labels, starting from a bundled one, and predict with it.

    python examples/fine_tune.py [EPOCHS]

The labels are cheap here: energies of ordered alloys by ASE's effective medium theory.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.db import connect

from ase_ecn import ECNCalculator
from ase_ecn.training.__main__ import main as train

LATTICE = {"Ni": 3.52, "Cu": 3.61, "Pd": 3.89, "Pt": 3.92, "Au": 4.08, "Ag": 4.09, "Al": 4.05}


def alloys() -> Iterator[Atoms]:
    for a, b in permutations(LATTICE, 2):
        for minority in (1, 2):  # L1_2 and L1_0, on cubic cells
            symbols = [a] * minority + [b] * (4 - minority)
            cell = bulk(b, "fcc", a=float(np.mean([LATTICE[s] for s in symbols])), cubic=True)
            cell.symbols = symbols
            yield cell


def main(arguments: Sequence[str] | None = None, init: str = "ecn-mp20", most: int = 1000) -> None:
    options = sys.argv[1:] if arguments is None else list(arguments)
    folder = Path(tempfile.mkdtemp())
    crystals = list(alloys())[:most]
    with connect(folder / "my.db") as database:
        for atoms in crystals:
            atoms.calc = EMT()
            energy = atoms.get_potential_energy() / len(atoms)
            database.write(atoms, emt_energy=float(energy))
    fit = ["fit-ecn", "--data", str(folder / "my.db"), "--target", "emt_energy"]
    fit += ["--units", "eV/atom", "--epochs", (options or ["30"])[0], "--init", init]
    train([*fit, "--out", str(folder / "fit"), "--device", "cpu"])
    calculator = ECNCalculator(folder / "fit" / "emt_energy.safetensors", device="cpu")
    for atoms in crystals[:3]:
        energy = atoms.calc.get_potential_energy() / len(atoms)
        predicted = calculator.get_property("emt_energy", atoms)
        print(f"{atoms.symbols!s:8s} EMT {energy:6.3f}  predicted {predicted:6.3f} eV/atom")


if __name__ == "__main__":
    main()
