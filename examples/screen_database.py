"""Insulators near the hull: python examples/screen_database.py [IN] [OUT.db]

Without arguments, binary compounds in three prototypes are screened in a temporary folder.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from ase.build import bulk
from ase.data import covalent_radii
from ase.db import connect
from ase.symbols import string2symbols

from ase_ecn.screening import screen

# Nearest distances in units of the lattice constant.
PROTOTYPES = {"rocksalt": 0.5, "zincblende": 3**0.5 / 4, "cesiumchloride": 3**0.5 / 2}


def write_candidates(path: Path, metals: str = "LiNaKMgCaZnAl", anions: str = "FClOSN") -> None:
    with connect(path) as database:
        for metal, anion in product(string2symbols(metals), string2symbols(anions)):
            for prototype, distance in PROTOTYPES.items():
                atoms = bulk(metal + anion, prototype, a=1.0)
                radii = covalent_radii[atoms.numbers].sum()
                atoms.set_cell(atoms.cell * radii / distance, scale_atoms=True)
                database.write(atoms, prototype=prototype)


def main(arguments: Sequence[str] | None = None, **candidates: str) -> None:
    paths = [Path(a) for a in (sys.argv[1:] if arguments is None else arguments)]
    if not paths:
        folder = Path(tempfile.mkdtemp())
        paths = [folder / "candidates.db", folder / "screened.db"]
        write_candidates(paths[0], **candidates)
    where = "band_gap > 3 and energy_above_hull < 0.05 and relaxed = 1"
    print(screen(*paths, relax="all", where=where, top=3, by="energy_above_hull"))
    print("crystal          above the hull / eV/atom  gap / eV")
    for row in connect(paths[1]).select(sort="energy_above_hull"):
        name = f"{row.formula:5s} {row.get('prototype', '')}"
        above = f"{row.energy_above_hull:6.3f} ± {row.formation_energy_std:.3f}"
        flag = "  unlike the training data" if row.out_of_domain else ""
        print(f"{name:20s}  {above}  {row.band_gap:13.2f}{flag}")


if __name__ == "__main__":
    main()

# Prints:
# ScreenReport(stored=3, rejected=94, outranked=8, failed=0, computed=105, refined=0)
# crystal          above the hull / eV/atom  gap / eV
# CaO   rocksalt         0.001 ± 0.022           4.01
# KF    rocksalt         0.002 ± 0.036           6.05
# AlN   zincblende       0.007 ± 0.026           4.06
