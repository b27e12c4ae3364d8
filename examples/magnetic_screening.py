"""Screen ordered alloys for magnets: bound, and with a large magnetization per volume.

    python examples/magnetic_screening.py [OUT.db]

L1_0 alloys of iron, cobalt and manganese start from fcc lattices of mixed size.
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
    where = "formation_energy < 0 and magnetization > 1"
    print(screen(list(alloys(**composition)), out, relax=True, where=where))
    rows = sorted(connect(out).select(), key=lambda row: -row.magnetization / row.volume)
    print("alloy   c/a   E_f / eV/atom  M / µB   polarization / T")
    for row in rows[:4]:
        a, _, c = row.toatoms().cell.lengths()
        polarization = TESLA * row.magnetization / row.volume
        values = f"{row.formation_energy:13.3f}  {row.magnetization:6.2f}  {polarization:6.2f}"
        print(f"{row.formula:6s}  {c / a / 2**0.5:.3f}  {values}")


if __name__ == "__main__":
    main()

# Prints:
# ScreenReport(stored=13, rejected=11, outranked=0, failed=0, computed=24, refined=0)
# alloy   c/a   E_f / eV/atom  M / µB   polarization / T
# FeNi    1.013         -0.043    3.22    1.65
# MnRh    0.903         -0.147    3.69    1.56
# MnPt    0.996         -0.314    3.89    1.55
# MnPd    0.987         -0.157    3.93    1.53
