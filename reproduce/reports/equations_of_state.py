"""Equations of state by a checkpoint: volumes of known crystals, and bulk moduli of binaries."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.eos import EquationOfState

from ase_ecn.crystal import as_crystal
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.datasets import parse_cif

_VOLUMES = np.linspace(0.9, 1.1, 21)
_MAX_ATOMS = 12


def crystals_of_test(data: Path, count: int) -> list[Atoms]:
    """Relaxed crystals of MP-20's test split, spread evenly over it."""
    with gzip.open(data / "mp_20" / "test.csv.gz", "rt", newline="") as file:
        texts = [row["cif"] for row in csv.DictReader(file)]
    return [parse_cif(text).to_atoms() for text in texts[:: len(texts) // count][:count]]


def binaries(data: Path, elements: Collection[int], count: int) -> tuple[list[Atoms], list[float]]:
    """Binary crystals of some elements, and their bulk moduli from DFT (GPa).

    They are taken from about ``count`` crystals spread evenly over the set; those of more than 12
    atoms, or softer than 1 GPa, are left out.
    """
    with gzip.open(data / "tensors" / "mp_binary_elasticity.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows[:: max(len(rows) // count, 1)] if len(row["species"]) <= _MAX_ATOMS]
    known = set(elements)
    atoms, moduli = [], []
    for row in rows:
        one = Atoms(row["species"], cell=row["cell"], scaled_positions=row["frac"], pbc=True)
        if known.issuperset(one.numbers.tolist()) and row["bulk_modulus_vrh_GPa"] > 1:
            atoms.append(one)
            moduli.append(row["bulk_modulus_vrh_GPa"])
    return atoms, moduli


def equations_of_state(
    predictor: PropertyPredictor, crystals: Sequence[Atoms]
) -> list[tuple[float, float] | None]:
    """Volume, relative to that given, and bulk modulus (GPa) by Birch and Murnaghan.

    ``None`` where the energies of volumes within 10 % have no minimum inside.
    """
    found: list[tuple[float, float] | None] = []
    for atoms in crystals:
        scaled = []
        for factor in _VOLUMES:
            image = atoms.copy()
            image.set_cell(atoms.cell[:] * factor ** (1 / 3), scale_atoms=True)
            scaled.append(as_crystal(image))
        predictions = predictor.predict(scaled, forces=False)
        energies = np.array([p.formation_energy * len(atoms) for p in predictions])
        lowest = int(energies.argmin())
        if not 0 < lowest < len(energies) - 1:
            found.append(None)
            continue
        near = slice(max(lowest - 5, 0), lowest + 6)
        volumes = _VOLUMES[near] * atoms.get_volume()
        curve = EquationOfState(volumes, energies[near], eos="birchmurnaghan")
        volume, _, modulus = curve.fit(warn=False)
        found.append((volume / atoms.get_volume(), modulus / units.GPa))
    return found
