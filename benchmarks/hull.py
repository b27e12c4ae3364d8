"""Distances to the hull for candidates of different chemical systems, and pymatgen's."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
from ase.data import chemical_symbols
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core.composition import Composition
from pymatgen.entries.computed_entries import ComputedEntry

from ase_ecn.hull import KnownPhases
from ase_ecn.hull.phase_table import bundled_table
from benchmarks.common import Options, Row, take_turns


def candidates(count: int) -> list[list[int]]:
    """Atomic numbers of cells of three to five elements, each of another chemical system."""
    rng = np.random.default_rng(0)
    elements = np.unique(bundled_table().numbers)
    elements = elements[elements > 0]
    found: dict[frozenset[int], list[int]] = {}
    while len(found) < count:
        chosen = rng.choice(elements, rng.integers(3, 6), replace=False).tolist()
        counts = rng.integers(1, 5, size=len(chosen))
        found[frozenset(chosen)] = [
            z for z, n in zip(chosen, counts, strict=True) for _ in range(n)
        ]
    return list(found.values())


def here(cells: list[list[int]]) -> None:
    known = KnownPhases()  # which remembers what it has found
    for numbers in cells:
        known.at(numbers)


def pymatgens(work: list[tuple[Composition, list[ComputedEntry]]]) -> None:
    for composition, entries in work:
        PhaseDiagram(entries).get_hull_energy_per_atom(composition)


def for_pymatgen(numbers: list[int]) -> tuple[Composition, list[ComputedEntry]]:
    """The composition of some atoms, and all phases of its system."""
    table = bundled_table()
    entries = []
    for row in np.flatnonzero(np.isin(table.numbers, [0, *numbers]).all(axis=1)):
        phase = {
            chemical_symbols[z]: int(n)
            for z, n in zip(table.numbers[row], table.counts[row], strict=True)
            if z
        }
        energy = float(table.energies[row]) * sum(phase.values())
        entries.append(ComputedEntry(Composition(phase), energy))
    counts = Counter(chemical_symbols[z] for z in numbers)
    return Composition(dict(counts)), entries


def measure(options: Options) -> list[Row]:
    """The peer has fewer candidates, and is given its entries without the time to find them."""
    cells = candidates(500 if options.brief else 10000)
    few = [for_pymatgen(numbers) for numbers in cells[:20]]
    KnownPhases().at(cells[0])  # reads the phases
    ours, theirs = take_turns(
        partial(here, cells), partial(pymatgens, few), options=options, repeats=3
    )
    work = f"hull of {len(cells)} different systems, per crystal"
    details = {"crystals": len(cells), "crystals of the peer": len(few)}
    return [Row(work, ours / len(cells), theirs / len(few), "s", details=details)]
