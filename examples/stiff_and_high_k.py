"""Screen prototypes for stiff and for high-k crystals (which have a gap) near the hull.

python examples/stiff_and_high_k.py [OUT.db]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from ase import Atoms
from ase.build import bulk
from ase.data import covalent_radii
from ase.db import connect
from ase.symbols import string2symbols

from ase_ecn import predict
from ase_ecn.screening import screen


def candidates(metals: str = "MgCaAlTiZrHfVW", others: str = "CNO") -> Iterator[Atoms]:
    for metal, other in product(string2symbols(metals), string2symbols(others)):
        bond = covalent_radii[Atoms(metal + other).numbers].sum()
        yield bulk(metal + other, "rocksalt", a=2 * bond)
        yield bulk(metal + other, "zincblende", a=4 / 3**0.5 * bond)
        if other == "O":
            yield bulk(metal + "O2", "fluorite", a=4 / 3**0.5 * bond)


def main(arguments: Sequence[str] | None = None, **elements: str) -> None:
    paths = sys.argv[1:] if arguments is None else arguments
    out = Path(paths[0]) if paths else Path(tempfile.mkdtemp()) / "stiff.db"
    found = list(candidates(**elements))
    print(screen(found, out, checkpoint="ecn-tensors", relax=True, where="energy_above_hull < 0.1"))
    rows = list(connect(out).select())
    gaps = [one.band_gap for one in predict([row.toatoms() for row in rows], forces=False)]
    open_gaps = [row for row, gap in zip(rows, gaps, strict=True) if gap > 1]
    for name, unit, kept in ("young_modulus", "GPa", rows), ("dielectric_constant", "", open_gaps):
        print(f"crystal   {name.replace('_', ' ')} {unit}".ljust(40) + "above the hull / eV/atom")
        for row in sorted(kept, key=lambda row: -row[name])[:3]:
            print(f"{row.formula:8s}  {row[name]:19.1f} {row.energy_above_hull:30.3f}")


if __name__ == "__main__":
    main()

# Prints:
# ScreenReport(stored=12, rejected=44, outranked=0, failed=0, computed=56, refined=0)
# crystal   young modulus GPa             above the hull / eV/atom
# VC                      480.9                          0.072
# TiN                     455.9                         -0.002
# TiC                     451.2                          0.030
# crystal   dielectric constant           above the hull / eV/atom
# ZrO2                     32.2                          0.063
# HfO2                     27.7                          0.075
# CaO                      17.7                         -0.004
