"""Predictions as pymatgen entries, and their convex hull.

Energies are formation energies, so the elements are zero by definition and need not be predicted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ase.db import connect
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core.structure import Structure
from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry

from ase_ecn.crystal import CrystalLike, as_crystal
from ase_ecn.errors import OptionError, PropertyUnavailableError
from ase_ecn.prediction import Prediction
from ase_ecn.screening.store import journal_path


def entry(
    structure: CrystalLike, prediction: Prediction, *, name: str | None = None
) -> ComputedStructureEntry:
    """Make a pymatgen entry of a prediction.

    Parameters
    ----------
    structure
        Atoms or pymatgen structure that the prediction is for.
    prediction
        From :func:`ase_ecn.predict`.
    name
        ``entry_id`` of the entry.

    Returns
    -------
    ComputedStructureEntry
        With the formation energy of the cell in eV as ``energy``, and the other numbers in
        ``data``.

    Raises
    ------
    PropertyUnavailableError
        If the prediction has no formation energy.
    """
    if "formation_energy" not in prediction:
        raise PropertyUnavailableError("an entry needs a formation energy")
    numbers = {k: v for k, v in prediction.items() if isinstance(v, int | float)}
    return _entry(structure, numbers, name)


def screened_entries(out: str | Path) -> Iterator[ComputedStructureEntry]:
    """Entries of the crystals that a screen has stored, named by their source.

    Parameters
    ----------
    out
        Output of :func:`ase_ecn.screening.screen`.

    Raises
    ------
    PropertyUnavailableError
        If formation energies were not among the properties that were kept.
    """
    for row in connect(journal_path(str(out))).select():
        numbers = {k: v for k, v in row.key_value_pairs.items() if not isinstance(v, str)}
        if "formation_energy" not in numbers:
            raise PropertyUnavailableError(f"row {row.id} has no formation energy")
        yield _entry(row.toatoms(), numbers, str(row.key_value_pairs.get("source", row.id)))


def hull(entries: Iterable[ComputedEntry]) -> PhaseDiagram:
    """Phase diagram of entries whose energies are formation energies.

    ``hull(entries).get_e_above_hull(entry)`` is the hull distance in eV/atom.

    Parameters
    ----------
    entries
        At least one compound; the elements are added with energy zero.

    Raises
    ------
    OptionError
        If there is no entry.
    """
    compounds = [e for e in entries if len(e.composition.elements) > 1]
    elements = {element for e in compounds for element in e.composition.elements}
    if not elements:
        raise OptionError("a phase diagram needs at least one compound")
    references = [ComputedEntry(element.symbol, 0.0) for element in sorted(elements)]
    return PhaseDiagram([*compounds, *references])


def _entry(
    structure: CrystalLike, numbers: dict[str, Any], name: str | None
) -> ComputedStructureEntry:
    crystal = as_crystal(structure)
    shown = (
        structure
        if isinstance(structure, Structure)
        else Structure(crystal.cell, crystal.numbers.tolist(), crystal.scaled_positions)
    )
    energy = float(numbers["formation_energy"]) * len(crystal)
    return ComputedStructureEntry(shown, energy, data=dict(numbers), entry_id=name)
