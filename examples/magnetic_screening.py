"""Screen L1_0 alloys for magnets near the hull: python examples/magnetic_screening.py [OUT.db]

They begin as fcc lattices of mixed size; cells and atoms are relaxed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.data import covalent_radii
from ase.db import connect
from ase.symbols import string2symbols

from ase_ecn.screening import screen

TESLA = 4e-7 * np.pi * (units._e * units._hbar / (2 * units._me)) * 1e30
"""Magnetic polarization of one Bohr magneton per cubic Ångström."""


def alloys(magnets: str = "FeCoMn", others: str = "AlNiPdPtGaRhCuTi") -> Iterator[Atoms]:
    for a, b in product(string2symbols(magnets), string2symbols(others)):
        cell = Atoms(a + b, scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], cell=np.eye(3), pbc=True)
        bond = covalent_radii[cell.numbers].sum()
        cell.set_cell([bond, bond, 2**0.5 * bond], scale_atoms=True)
        yield cell


def main(arguments: Sequence[str] | None = None, **composition: str) -> None:
    paths = sys.argv[1:] if arguments is None else arguments
    out = Path(paths[0]) if paths else Path(tempfile.mkdtemp()) / "magnets.db"
    where = "energy_above_hull < 0.05 and magnetization > 1"
    print(screen(list(alloys(**composition)), out, relax="all", where=where))
    rows = sorted(connect(out).select(), key=lambda row: -row.magnetization / row.volume)
    print("alloy   c/a   above the hull / eV/atom  M / µB   polarization / T")
    for row in rows[:4]:
        a, _, c = row.toatoms().cell.lengths()
        tesla = TESLA * row.magnetization / row.volume
        above = f"{row.energy_above_hull:6.3f} ± {row.formation_energy_std:.3f}"
        values = f"{above}         {row.magnetization:6.2f}  {tesla:6.2f}"
        print(f"{row.formula:6s}  {c / a / 2**0.5:.3f}  {values}")


if __name__ == "__main__":
    main()

# Prints:
# ScreenReport(stored=11, rejected=13, outranked=0, failed=0, computed=24, refined=0)
# alloy   c/a   above the hull / eV/atom  M / µB   polarization / T
# MnRh    0.708  -0.004 ± 0.027           4.56    1.87
# MnPt    0.871   0.003 ± 0.033           4.35    1.69
# MnPd    0.776   0.016 ± 0.032           4.39    1.68
# MnNi    0.930   0.045 ± 0.027           3.36    1.66
