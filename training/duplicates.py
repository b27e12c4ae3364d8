"""Crystals that are the same structure as another one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from scipy.spatial import cKDTree

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.training.datasets import reduced_formula

NEIGHBORS = 12
"""Shortest bonds of each atom that make the fingerprint."""
RADIUS = 0.05
"""Largest difference of two fingerprints, in units of the distance that one atom's volume gives,
for which structures are compared at all."""


def fingerprints(crystals: Sequence[Crystal]) -> NDArray[np.float64]:
    """(B, 12) means over atoms of the k-th shortest bond, for a volume of 1 per atom.

    The same for every description of a crystal, and nearly the same for two relaxations of one
    structure.
    """
    rows = []
    for crystal in crystals:
        batch = lattice_batch([crystal], NEIGHBORS)
        lengths = np.linalg.norm(batch.fraction.double().numpy() @ crystal.cell, axis=1)
        source = batch.source.numpy()
        shortest = [np.sort(lengths[source == k])[:NEIGHBORS] for k in range(len(crystal))]
        rows.append(np.mean(shortest, axis=0) / (crystal.volume / len(crystal)) ** (1 / 3))
    return np.array(rows).reshape(-1, NEIGHBORS)


def novel(crystals: Sequence[Crystal], known: Sequence[Crystal] = ()) -> NDArray[np.int64]:
    """Positions of the crystals that match no known one and none before them.

    Parameters
    ----------
    crystals
        In which to look.
    known
        Crystals that count as seen already, of the training split for example.

    Returns
    -------
    positions
        (M,), ascending. Two crystals match if pymatgen's ``StructureMatcher`` with its default
        tolerances says so, which compares primitive cells of equal volume per atom.
    """
    everything = [*known, *crystals]
    if not crystals:
        return np.zeros(0, dtype=np.int64)
    marks = fingerprints(everything)
    formulas = [reduced_formula(crystal.numbers) for crystal in everything]
    structures = [_structure(crystal) for crystal in everything]
    matcher = StructureMatcher()
    near = cKDTree(marks).query_ball_point(marks[len(known) :], RADIUS, p=np.inf)
    chosen: list[int] = []
    for k, candidates in enumerate(near):
        own = len(known) + k
        # Only against those that stay: what matches a duplicate matches its original.
        kept = (j for j in candidates if j < len(known) or j - len(known) in chosen)
        if not any(
            formulas[j] == formulas[own] and matcher.fit(structures[own], structures[j])
            for j in kept
        ):
            chosen.append(k)
    return np.array(chosen, dtype=np.int64)


def _structure(crystal: Crystal) -> Structure:
    return Structure(crystal.cell, crystal.numbers, crystal.scaled_positions)
