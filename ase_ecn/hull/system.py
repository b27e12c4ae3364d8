"""The hull of one chemical system, as pictures need it: stable phases, and which coexist."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.hull.known_phases import Counts, KnownPhases, Phase

if TYPE_CHECKING:
    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.entries.computed_entries import ComputedEntry


def system_hull(elements: Sequence[int], phases: KnownPhases) -> PhaseDiagram:
    """Pymatgen's phase diagram of all phases of some elements.

    Parameters
    ----------
    elements
        Atomic numbers, two at least.
    phases
        The phases, of these elements and others.
    """
    from pymatgen.analysis.phase_diagram import PhaseDiagram  # late: it takes a second

    return PhaseDiagram([_entry(phase) for phase in phases.within(elements)])


def shares(counts: Counts, elements: Sequence[int]) -> NDArray[np.float64]:
    """(K,) share of the atoms that are of each element."""
    amounts = dict(counts)
    found = np.array([amounts.get(z, 0) for z in elements], dtype=float)
    return np.asarray(found / found.sum())


def shares_of(entry: Any, elements: Sequence[int]) -> NDArray[np.float64]:
    """As :func:`shares`, of an entry of pymatgen's."""
    fractions = (entry.composition.get_atomic_fraction(chemical_symbols[z]) for z in elements)
    return np.array(list(fractions))


def ties(hull: PhaseDiagram, elements: Sequence[int]) -> NDArray[np.float64]:
    """(T, 2, K) shares of the elements at both ends of each line between phases that coexist."""
    pairs = {tuple(sorted(pair)) for facet in hull.facets for pair in combinations(facet, 2)}
    ends = [[shares_of(hull.qhull_entries[k], elements) for k in pair] for pair in sorted(pairs)]
    return np.array(ends).reshape(-1, 2, len(elements))


def _entry(phase: Phase) -> ComputedEntry:
    from pymatgen.entries.computed_entries import ComputedEntry

    atoms = sum(n for _, n in phase.counts)
    composition = {chemical_symbols[z]: float(n) for z, n in phase.counts}
    return ComputedEntry(composition, phase.energy * atoms, entry_id=phase.name)
