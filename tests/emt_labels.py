"""Labelled crystals of copper and gold, from ASE's EMT."""

from __future__ import annotations

import gzip
import json
from functools import cache

from ase.build import bulk
from ase.calculators.emt import EMT


def row(atoms, source, **changes):
    atoms.calc = EMT()
    return {
        "species": atoms.get_chemical_symbols(),
        "cell": atoms.cell.tolist(),
        "frac": atoms.get_scaled_positions().tolist(),
        "energy_eV_per_atom": atoms.get_potential_energy() / len(atoms),
        "forces_eV_A": atoms.get_forces().tolist(),
        "stress_eV_A3": atoms.get_stress().tolist(),
        "source": source,
        **changes,
    }


def alloys(count):
    found = []
    for k in range(count):
        atoms = bulk("Cu", cubic=True)
        atoms.numbers[: k % 4] = 79
        atoms.rattle(0.05, seed=k)
        found.append(atoms)
    return found


@cache
def labelled(count):
    """Rows of the first alloys, which many tests write and none changes."""
    return tuple(row(atoms, f"source-{k}") for k, atoms in enumerate(alloys(count)))


def write(path, rows):
    with gzip.open(path, "wt") as lines:
        lines.writelines(json.dumps(line) + "\n" for line in rows)
    return path
