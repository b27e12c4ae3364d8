"""Screen a database: relax and predict, keep wide gaps, rank by formation energy.

    python examples/screen_database.py [IN] [OUT.db]

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
    where = "band_gap > 3 and formation_energy < -1 and relaxed = 1"
    print(screen(*paths, relax=True, where=where, top=4, by="formation_energy"))
    for row in connect(paths[1]).select(sort="formation_energy"):
        prototype = row.data.get("input", {}).get("prototype", "")
        print(f"{row.formula:4s} {prototype:10s} {row.formation_energy:.3f} {row.band_gap:.2f}")


if __name__ == "__main__":
    main()

# Prints:
# ScreenReport(stored=4, rejected=82, outranked=19, failed=0, computed=105, refined=0)
# CaO  rocksalt   -3.309 3.90
# LiF  rocksalt   -3.144 7.36
# LiF  zincblende -3.124 4.79
# MgO  rocksalt   -3.022 4.47
