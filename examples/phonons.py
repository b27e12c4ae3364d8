"""Phonons of a relaxed crystal: stability, density of states, special points; compared with VASP's.

python examples/phonons.py                      # diamond silicon
python examples/phonons.py --vasp phonopy.yaml  # crystal, supercell and forces of a VASP run
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ase.build import bulk

from ase_ecn.phonons import MESH, Phonons, load_phonons, phonons


def report(name: str, found: Phonons, mesh: int) -> None:
    lowest, highest = found.extremes(mesh)
    frequency, density = found.dos(mesh)
    verdict = "stable" if found.is_stable(mesh) else "unstable"
    length = found.primitive.cell.lengths()[0]
    print(f"{name:8} primitive vector {length:.3f} Å, {verdict}")
    peak = frequency[density.argmax()]
    print(f"{'':8} {lowest:.2f} to {highest:.2f} THz, most states at {peak:.2f} THz")
    path = found.primitive.cell.bandpath(npoints=0)
    for label, q in sorted(path.special_points.items()):
        print(f"{'':8} {label:2} " + " ".join(f"{f:6.2f}" for f in found.frequencies([q])[0]))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vasp", help="file of phonopy's with forces by VASP")
    parser.add_argument("--quick", action="store_true", help="small supercell, coarse mesh")
    options = parser.parse_args(arguments)
    mesh = 4 if options.quick else MESH
    if not options.vasp:
        report("ecn-mp", phonons(bulk("Si"), supercell=[2, 2, 2] if options.quick else None), mesh)
        return
    theirs = load_phonons(options.vasp)
    report("ecn-mp", phonons(theirs.unit_cell, supercell=theirs.phonopy.supercell_matrix), mesh)
    report("VASP", theirs, mesh)


# Prints:
# ecn-mp   primitive vector 3.866 Å, stable
#          0.00 to 15.07 THz, most states at 14.04 THz
#          G    0.00   0.00   0.00  15.07  15.07  15.07
#          K    4.38   6.15  10.35  11.04  13.43  13.84
#          L    3.37   3.37  10.85  11.93  14.07  14.07
#          U    4.38   6.15  10.35  11.04  13.43  13.84
#          W    5.61   5.61  10.50  10.50  13.61  13.61
#          X    4.18   4.18  11.82  11.82  13.17  13.17

if __name__ == "__main__":
    main()
