"""Phases on the hull of the Materials Project, from tables of compositions, energies and ids."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula

from ase_ecn.corrections import reference_energies
from ase_ecn.errors import DatasetError
from ase_ecn.hull.known_phases import Counts, KnownPhases, Phase, reduced
from ase_ecn.hull.phase_table import MICRO, PhaseTable

_SAME = 2 * MICRO
"""eV/atom; entries of one composition whose energies differ by less are the same."""
_ABOVE = MICRO
"""eV/atom above the hull of all others, beyond rounding."""
_FORMULA = re.compile(r"_chemical_formula_sum\s+'?([^'\n]+)'?")


def hull_vertices(data: Path) -> PhaseTable:
    """The phases on the hull, and all elements with a reference energy at zero.

    The elements of the table have energies of other conventions and releases, down to -1.9 eV/atom
    for neon. Formation energies are relative to the elements, so these are zero here.

    Parameters
    ----------
    data
        The data folder, of which ``hull/hull_vertices.csv.gz`` has the phases and ``mp_20``,
        ``mp_extra`` and ``magnetism`` have ids of many of them.

    Raises
    ------
    DatasetError
        If a file is missing.
    """
    energies: dict[Counts, float] = {}
    for row in _rows(data / "hull" / "hull_vertices.csv.gz"):
        counts = _counts(row["formula"])
        if len(counts) > 1:
            energies[counts] = float(row["formation_energy_eV_per_atom"])
    known = KnownPhases(tuple(Phase(c, e) for c, e in energies.items()), bundled=False)
    numbers = {c: [z for z, n in c for _ in range(n)] for c in energies}
    kept = {c: e for c, e in energies.items() if e - known.at(numbers[c]).energy < _ABOVE}
    kept |= {((atomic_numbers[symbol], 1),): 0.0 for symbol in reference_energies()}
    ordered = sorted(kept, key=lambda counts: ([z for z, _ in counts], counts))
    ids = _ids(data, kept)
    width = max(map(len, ordered))
    filled = [[*counts, *[(0, 0)] * (width - len(counts))] for counts in ordered]
    pairs = np.array(filled, dtype=np.int64)
    return PhaseTable(
        pairs[:, :, 0].astype(np.uint8),
        pairs[:, :, 1],
        np.array([kept[counts] for counts in ordered]),
        np.array([ids.get(counts, 0) for counts in ordered]),
    )


def _ids(data: Path, phases: dict[Counts, float]) -> dict[Counts, int]:
    """Numbers of the Materials Project of entries with the energy of the phase, the lowest each."""
    found: dict[Counts, int] = {}
    for counts, energy, name in _entries(data):
        if counts in phases and abs(energy - phases[counts]) < _SAME and name.startswith("mp-"):
            number = int(name.removeprefix("mp-"))
            found[counts] = min(number, found.get(counts, number))
    return found


def _entries(data: Path) -> Iterator[tuple[Counts, float, str]]:
    """Composition, formation energy and id of all entries that have them in MP-20's convention."""
    for split in ("train", "val", "test"):
        for row in _rows(data / "mp_20" / f"{split}.csv.gz"):
            energy = float(row["formation_energy_per_atom"])
            yield _counts(row["pretty_formula"]), energy, row["material_id"]
    column = "formation_energy_mp2020_eV_per_atom"
    labels = _rows(data / "mp_extra" / "mp_2018_labels_mp2020.csv.gz")
    energies = {row["material_id"]: float(row[column]) for row in labels}
    for row in _rows(data / "mp_extra" / "mp_2018.csv.gz"):
        formula = _FORMULA.search(row["cif"])
        if formula and row["material_id"] in energies:
            name = row["material_id"]
            yield _counts(formula[1].replace(" ", "")), energies[name], name
    folder = data / "magnetism"
    labelled = {
        row["site_magmom_id"]: row for row in _rows(folder / "mp_site_magmoms_labels_mp2020.csv.gz")
    }
    with gzip.open(folder / "mp_site_magmoms.jsonl.gz", "rt") as lines:
        for line in map(json.loads, lines):
            if line["id"] in labelled:
                row = labelled[line["id"]]
                numbers = Counter(atomic_numbers[symbol] for symbol in line["species"])
                yield reduced(numbers), float(row[column]), row["material_id"]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise DatasetError(f"{path} does not exist")
    with gzip.open(path, "rt", newline="") as file:
        yield from csv.DictReader(file)


def _counts(formula: str) -> Counts:
    return reduced({atomic_numbers[s]: n for s, n in Formula(formula).count().items()})
