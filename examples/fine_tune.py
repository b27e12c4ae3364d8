"""Fit to one's own labels, energies by ASE's EMT: python examples/fine_tune.py [EPOCHS]."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import permutations

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from ase_ecn import ECNCalculator
from ase_ecn.training import fit_to_labels

LATTICE = {"Ni": 3.52, "Cu": 3.61, "Pd": 3.89, "Pt": 3.92, "Au": 4.08, "Ag": 4.09, "Al": 4.05}
NAME = "emt_energy"


def alloys() -> Iterator[Atoms]:
    for a, b in permutations(LATTICE, 2):
        for minority in (1, 2):  # L1_2 and L1_0, on cubic cells
            symbols = [a] * minority + [b] * (4 - minority)
            cell = bulk(b, "fcc", a=float(np.mean([LATTICE[s] for s in symbols])), cubic=True)
            cell.symbols = symbols
            yield cell


def main(arguments: list[str] | None = None, init: str = "ecn-mp20", most: int = 1000) -> None:
    epochs = int(((sys.argv[1:] if arguments is None else arguments) or ["20"])[0])
    crystals = list(alloys())[:most]
    for atoms in crystals:
        atoms.calc = EMT()
        atoms.info[NAME] = atoms.get_potential_energy() / len(atoms)
    folder = tempfile.mkdtemp()
    fitted = fit_to_labels(crystals, NAME, "eV/atom", init=init, epochs=epochs, out=folder)
    for name, value in fitted.scores.items():
        print(f"test {name:27s} {value:.5g}")
    calculator = ECNCalculator(fitted.checkpoint)
    for atoms in crystals[:3]:
        label, predicted = atoms.info[NAME], calculator.get_property(NAME, atoms)
        print(f"{atoms.symbols!s:8s} EMT {label:6.3f}  predicted {predicted:6.3f} eV/atom")


if __name__ == "__main__":
    main()

# Prints:
# test emt_energy_mae              0.070295
# NiCu3    EMT  0.012  predicted  0.014 eV/atom
# Ni2Cu2   EMT  0.018  predicted  0.018 eV/atom
# NiPd3    EMT  0.021  predicted  0.020 eV/atom
