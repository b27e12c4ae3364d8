"""Crystals that are the same structure as another one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.structure import Structure
from scipy.spatial import cKDTree

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.training.data.datasets import Dataset, reduced_formula

NEIGHBORS = 12
"""Shortest bonds of each atom that make the fingerprint."""
RADIUS = 0.02
"""Largest difference of two fingerprints, in units of the distance that one atom's volume gives,
for which structures are compared at all."""
ENERGY_WINDOW = 0.005
"""Largest difference of energies in eV/atom for which structures are compared at all."""


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


def novel(dataset: Dataset, known: Sequence[Dataset] = (), energy: str = "") -> NDArray[np.int64]:
    """Positions of the crystals that match no known one and none before them.

    Parameters
    ----------
    dataset
        In which to look.
    known
        Data whose crystals count as seen already, of the training split for example.
    energy
        Name of a label in eV/atom, the same for the same structure up to
        :data:`ENERGY_WINDOW`, which spares most comparisons.

    Returns
    -------
    positions
        (M,), ascending. Two crystals match if pymatgen's ``StructureMatcher`` with its default
        tolerances says so, which compares primitive cells of equal volume per atom.
    """
    parts = [*known, dataset]
    seen = sum(len(part.crystals) for part in known)
    crystals = [crystal for part in parts for crystal in part.crystals]
    if len(crystals) == seen:
        return np.zeros(0, dtype=np.int64)
    energies = np.zeros(len(crystals))
    if energy:
        energies = np.concatenate([part.targets[energy] for part in parts])
    marks = fingerprints(crystals)
    formulas = [reduced_formula(crystal.numbers) for crystal in crystals]
    structures: dict[int, Structure] = {}
    matcher = StructureMatcher(primitive_cell=False)

    def same(one: int, other: int) -> bool:
        for k in (one, other):
            if k not in structures:
                structures[k] = _primitive(crystals[k])
        return bool(matcher.fit(structures[one], structures[other]))

    # Only crystals that are kept are compared: what matches a duplicate matches its original.
    kept = np.arange(len(crystals)) < seen
    tree = cKDTree(marks)
    for k in range(seen, len(crystals)):
        near = np.array(tree.query_ball_point(marks[k], RADIUS, p=np.inf), dtype=np.int64)
        near = near[kept[near] & (np.abs(energies[near] - energies[k]) <= ENERGY_WINDOW)]
        # The most similar first: a duplicate is found at once.
        order = np.abs(marks[near] - marks[k]).max(axis=1).argsort(kind="stable")
        kept[k] = not any(formulas[j] == formulas[k] and same(k, j) for j in near[order])
    return np.flatnonzero(kept[seen:])


def _primitive(crystal: Crystal) -> Structure:
    structure = Structure(crystal.cell, crystal.numbers.tolist(), crystal.scaled_positions)
    return structure.get_primitive_structure()
