"""The bundled phases against the Materials Project's own distances to the hull."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from ase.data import atomic_numbers
from ase.formula import Formula

from ase_ecn.hull import KnownPhases
from ase_ecn.hull.phase_table import bundled_table

pytestmark = pytest.mark.data
EVERY = 20


def test_distances_are_those_of_the_materials_project(data: Path) -> None:
    known = KnownPhases()
    differences = []
    for split in ("val", "test"):
        with gzip.open(data / "mp_20" / f"{split}.csv.gz", "rt", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["e_above_hull"]]
        for row in rows[::EVERY]:
            counts = Formula(row["pretty_formula"]).count()
            numbers = [atomic_numbers[s] for s, n in counts.items() for _ in range(n)]
            here = float(row["formation_energy_per_atom"]) - known.at(numbers).energy
            differences.append(abs(here - float(row["e_above_hull"])))
    assert len(differences) > 500
    assert np.median(differences) < 0.005
    assert np.quantile(differences, 0.95) < 0.025


def test_distances_are_those_of_the_table_that_the_phases_are_from(data: Path) -> None:
    known = KnownPhases()
    with gzip.open(data / "hull" / "compositions.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))[:: 10 * EVERY]
    differences = []
    for row in rows:
        counts = Formula(row["formula"]).count()
        if len(counts) == 1:
            continue
        numbers = [atomic_numbers[s] for s, n in counts.items() for _ in range(n)]
        here = float(row["formation_energy_eV_per_atom"]) - known.at(numbers).energy
        differences.append(abs(here - float(row["e_above_this_hull_eV_per_atom"])))
    # Elements lie at zero here, hydrogen there lies at -0.06 eV/atom.
    assert np.quantile(differences, 0.95) < 1e-4
    assert max(differences) < 0.06


def test_all_phases_of_the_table_are_in_the_package(data: Path) -> None:
    with gzip.open(data / "hull" / "hull_vertices.csv.gz", "rt", newline="") as file:
        formulas = {row["formula"] for row in csv.DictReader(file)}
    assert 0 <= len(bundled_table().energies) - len(formulas) < 10
