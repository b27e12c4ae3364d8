"""Hull distances of iron oxides and lithium iron oxides from predicted formation energies.

    python examples/phase_diagram.py [SCREENED.db]

Without a database, a few textbook structures are relaxed and predicted. Energies are formation
energies, so the elements lie at zero.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ase import Atoms
from ase.build import bulk

from ase_ecn import predict, relax
from ase_ecn.phase_diagram import entry, hull, screened_entries


def candidates() -> dict[str, Atoms]:
    """Prototypes with lattice constants that are only roughly right."""
    perovskite = [[0.5] * 3, [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    return {
        "FeO rocksalt": bulk("FeO", "rocksalt", a=4.4),
        "FeO zincblende": bulk("FeO", "zincblende", a=4.7),
        "FeO2 fluorite": bulk("FeO2", "fluorite", a=4.9),
        "Li2O antifluorite": bulk("OLi2", "fluorite", a=4.7),
        "LiFeO3 perovskite": Atoms("LiFeO3", scaled_positions=perovskite, cell=[3.8] * 3, pbc=True),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    paths = sys.argv[1:] if arguments is None else arguments
    if paths:
        entries = list(screened_entries(paths[0]))
    else:
        found = candidates()
        relaxed = [r.atoms for r in relax(found.values())]
        predicted = predict(relaxed)
        entries = [entry(a, p, name=n) for n, a, p in zip(found, relaxed, predicted, strict=True)]
    diagram = hull(entries)
    print("crystal               E_f / eV/atom  above the hull / eV/atom")
    for e in entries:
        if len(e.composition.elements) > 1:
            print(f"{e.entry_id:20s}  {e.energy_per_atom:13.3f}  {diagram.get_e_above_hull(e):.3f}")


if __name__ == "__main__":
    main()

# Prints:
# crystal               E_f / eV/atom  above the hull / eV/atom
# FeO rocksalt                 -1.439  0.000
# FeO zincblende               -1.370  0.069
# FeO2 fluorite                -1.040  0.000
# Li2O antifluorite            -2.040  0.000
# LiFeO3 perovskite            -1.212  0.024
