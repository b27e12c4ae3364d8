"""How right a checkpoint is about crystals that nobody has made.

``python -m reproduce hypothetical NAME`` compares formation energies with DFT on 972 hypothetical
crystals (WBM), says what a screen for stable ones would get, and fits equations of state.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.eos import EquationOfState

from ase_ecn.crystal import as_crystal
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.datasets import data_folder, parse_cif
from ase_ecn.training.release.screen_scores import wbm_scores

_CURVES = 30
_VOLUMES = np.linspace(0.9, 1.1, 21)
_MODULI = 400


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


def run_hypothetical(options: argparse.Namespace) -> int:
    """Print all scores of a checkpoint."""
    data = data_folder(options.data)
    predictor = PropertyPredictor(options.checkpoint, device=options.device)
    scores, count = wbm_scores(predictor, data)
    print(f"WBM, {count} crystals: MAE {scores.mae:.4f} eV/atom, bias {scores.bias:+.4f}")
    print(
        f"stable or not: F1 {scores.f1:.3f}, precision {scores.precision:.3f}, recall "
        f"{scores.recall:.3f}; {100 * scores.kept:.1f} % kept for 90 % of the stable ones"
    )
    _print_equations_of_state(predictor, data)
    return 0


def _print_equations_of_state(predictor: PropertyPredictor, data: Path) -> None:
    with gzip.open(data / "mp_20" / "test.csv.gz", "rt", newline="") as file:
        texts = [row["cif"] for row in csv.DictReader(file)]
    chosen = [parse_cif(text).to_atoms() for text in texts[:: len(texts) // _CURVES][:_CURVES]]
    curves = equations_of_state(predictor, chosen)
    off = [abs(curve[0] - 1) for curve in curves if curve is not None]
    print(
        f"equations of state, {_CURVES} crystals of MP-20 test, volumes within 10 %: "
        f"{len(off)} minima inside, volume off by {100 * np.median(off):.2f} % (median)"
    )
    with gzip.open(data / "tensors" / "mp_binary_elasticity.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows[:: max(len(rows) // _MODULI, 1)] if len(row["species"]) <= 12]
    known = set(predictor.card.elements)
    atoms, moduli = [], []
    for row in rows:
        one = Atoms(row["species"], cell=row["cell"], scaled_positions=row["frac"], pbc=True)
        if known.issuperset(one.numbers.tolist()) and row["bulk_modulus_vrh_GPa"] > 1:
            atoms.append(one)
            moduli.append(row["bulk_modulus_vrh_GPa"])
    curves = equations_of_state(predictor, atoms)
    errors = [
        abs(curve[1] / modulus - 1)
        for curve, modulus in zip(curves, moduli, strict=True)
        if curve is not None
    ]
    print(
        f"bulk moduli of {len(errors)} of {len(atoms)} binaries: off by "
        f"{100 * np.median(errors):.1f} % (median)"
    )
