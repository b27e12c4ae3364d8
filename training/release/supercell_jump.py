"""How much a prediction jumps where a supercell becomes a perfect repetition of a smaller cell.

The colours know the lattice. Displace one atom of a 2x1x1 supercell by a hair, and bonds that
joined an atom to its own images join it to others. What is physically the same crystal is another
graph, and only training teaches the network to give both the same energy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, PrimitiveCrystal, as_crystal
from ase_ecn.graphs.batch import bond_graph, pack
from ase_ecn.nn.bond_network import BondNetwork
from ase_ecn.training.data.cache import LabelledGraphs
from ase_ecn.training.fits.scores import predict_graphs

DISPLACEMENT = 1e-4
"""Å."""
CRYSTALS = 200


def supercell_jumps(
    model: BondNetwork,
    crystals: Sequence[Crystal],
    target: str = "formation_energy",
    device: str = "cpu",
) -> NDArray[np.float64]:
    """Absolute change of an intensive property from the crystal to a 2x1x1 near-repetition.

    Predictions themselves merge what repeats within 0.001 Å; here the near-repetition keeps
    all its atoms, so that the network's own jump is seen.

    Parameters
    ----------
    model
        With a free motif.
    crystals
        C crystals.
    target
        One of the model's crystal targets.
    device
        Where the model is.

    Returns
    -------
    jumps
        (C,) in units of the target.
    """
    random = np.random.default_rng(0)
    primitives = [crystal.primitive for crystal in crystals]
    pairs = [
        [bond_graph(p.crystal, model.config.bonds) for p in primitives],
        [bond_graph(_near_repetition(p, random), model.config.bonds) for p in primitives],
    ]
    first, second = (
        predict_graphs(model, LabelledGraphs(pack(p, model.config.group), {}, {}), device)[target]
        for p in pairs
    )
    return np.abs(first - second)


def _near_repetition(primitive: PrimitiveCrystal, random: np.random.Generator) -> Crystal:
    small = primitive.crystal
    atoms = Atoms(small.numbers, cell=small.cell, scaled_positions=small.scaled_positions, pbc=True)
    double = atoms.repeat((2, 1, 1))
    direction = random.normal(size=3)
    double.positions[0] += DISPLACEMENT * direction / np.linalg.norm(direction)
    crystal = as_crystal(double)
    return Crystal(crystal.numbers, crystal.reduced.cell, crystal.reduced.scaled)
