"""Bonds of one crystal: pymatgen's IsayevNN, and the mode of the paper here."""

from __future__ import annotations

import statistics

from pymatgen.analysis.local_env import IsayevNN
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.voronoi import voronoi_bonds, voronoi_bonds_of_many
from benchmarks.common import Options, Row, mp20_atoms


def measure(options: Options) -> list[Row]:
    """Medians over crystals: each side once per crystal, taking turns."""
    atoms = mp20_atoms(options, 30 if options.brief else 200)
    crystals = [as_crystal(a) for a in atoms]
    structures = [AseAtomsAdaptor.get_structure(a) for a in atoms]
    reference = IsayevNN(tol=0.5, compute_adj_neighbors=False)
    reference.get_all_nn_info(structures[0])
    seconds: dict[str, list[float]] = {"one": [], "many": [], "peer": []}
    for crystal, structure in zip(crystals, structures, strict=True):
        voronoi_bonds(crystal, "cordero")
        start = options.clock()
        voronoi_bonds(crystal, "cordero")
        one = options.clock()
        voronoi_bonds_of_many(crystals[:30], "cordero")
        many = options.clock()
        try:
            reference.get_all_nn_info(structure)
        except (ValueError, RuntimeError, KeyError):
            continue  # pymatgen gives up on some
        seconds["peer"].append(options.clock() - many)
        seconds["one"].append(one - start)
        seconds["many"].append((many - one) / 30)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    mean = {name: statistics.mean(values) for name, values in seconds.items()}
    details = {"crystals": len(seconds["peer"]), "means": mean}
    return [
        Row("bonds of one crystal", middle["one"], middle["peer"], "s", 150, 300, details),
        Row(
            "bonds in batches, per crystal", middle["many"], middle["peer"], "s", 150, 300, details
        ),
    ]
