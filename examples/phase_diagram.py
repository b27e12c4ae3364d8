"""Lithium iron oxides beside the known phases: python examples/phase_diagram.py [-o DIAGRAM.png]

Crystals with rough lattice constants are relaxed and predicted. FeO and Li2O exist and should be
close to the hull; among themselves others look stable too.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ase import Atoms
from ase.build import bulk

from ase_ecn import predict, relax
from ase_ecn.phase_diagram import entry, hull
from ase_ecn.plotting import phase_diagram


def candidates() -> dict[str, Atoms]:
    perovskite = [[0.5] * 3, [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    return {
        "FeO rocksalt": bulk("FeO", "rocksalt", a=4.4),
        "FeO zincblende": bulk("FeO", "zincblende", a=4.7),
        "FeO2 fluorite": bulk("FeO2", "fluorite", a=4.9),
        "Li2O antifluorite": bulk("OLi2", "fluorite", a=4.7),
        "LiFeO3 perovskite": Atoms("LiFeO3", scaled_positions=perovskite, cell=[3.8] * 3, pbc=True),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", help="draw the diagram")
    output = parser.parse_args(arguments).output
    found = candidates()
    relaxed = [r.atoms for r in relax(found.values(), method="all")]
    predicted = predict(relaxed)
    entries = [entry(a, p, name=n) for n, a, p in zip(found, relaxed, predicted, strict=True)]
    among = hull(entries)
    print("crystal               E_f / eV/atom  above the known hull  above that of these")
    for e in entries:
        known = f"{e.data['energy_above_hull']:14.3f} ± {e.data['formation_energy_std']:.3f}"
        numbers = f"{e.energy_per_atom:13.3f} {known} {among.get_e_above_hull(e):19.3f}"
        print(f"{e.entry_id:20s}  {numbers}")
    if output:
        phase_diagram(relaxed, predicted, system="Li-Fe-O").savefig(output)


if __name__ == "__main__":
    main()

# Prints:
# crystal               E_f / eV/atom  above the known hull  above that of these
# FeO rocksalt                 -1.429          0.053 ± 0.036               0.000
# FeO zincblende               -1.336          0.146 ± 0.053               0.093
# FeO2 fluorite                -1.060          0.363 ± 0.050               0.000
# Li2O antifluorite            -2.045          0.017 ± 0.022               0.000
# LiFeO3 perovskite            -1.235          0.330 ± 0.045               0.015
