"""How right a checkpoint is about crystals that nobody has made.

``python -m reproduce hypothetical NAME`` compares formation energies with DFT on 972 hypothetical
crystals (WBM) and says what a screen for stable ones would get; with labels of a potential it
compares held-out prototypes; and it fits equations of state of test crystals.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.eos import EquationOfState
from ase.formula import Formula
from numpy.typing import NDArray
from scipy.optimize import linprog

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import DatasetError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.datasets import data_folder, parse_cif

_CURVES = 30
_VOLUMES = np.linspace(0.9, 1.1, 21)
_MODULI = 400


@dataclass(frozen=True)
class ScreenScores:
    """What a screen for stable crystals gets.

    Attributes
    ----------
    mae, bias
        Of formation energies, eV/atom.
    f1, precision, recall
        Of "on or below the hull".
    kept
        Share of all crystals that must be kept to keep 90 % of the stable ones.
    """

    mae: float
    bias: float
    f1: float
    precision: float
    recall: float
    kept: float


def read_wbm(data: Path) -> tuple[list[Crystal], NDArray[np.float64]]:
    """The 972 crystals and their formation energies in eV/atom.

    Raises
    ------
    DatasetError
        If the file is missing.
    """
    path = data / "wbm" / "wbm_972.jsonl.gz"
    if not path.is_file():
        raise DatasetError(f"{path} does not exist")
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    crystals = [
        as_crystal(Atoms(r["species"], cell=r["cell"], scaled_positions=r["frac"], pbc=True))
        for r in rows
    ]
    return crystals, np.array([r["formation_energy_eV_per_atom"] for r in rows])


class Hull:
    """Phases on the hull of all chemical systems.

    Parameters
    ----------
    data
        The data folder.
    """

    def __init__(self, data: Path) -> None:
        with gzip.open(data / "hull" / "hull_vertices.csv.gz", "rt", newline="") as file:
            rows = list(csv.DictReader(file))
        counts = [Formula(row["formula"]).count() for row in rows]
        self._phases = [{e: n / sum(c.values()) for e, n in c.items()} for c in counts]
        self._energies = np.array([float(row["formation_energy_eV_per_atom"]) for row in rows])
        self._systems: dict[frozenset[str], list[int]] = {}
        for k, phase in enumerate(self._phases):
            self._systems.setdefault(frozenset(phase), []).append(k)

    def energy(self, symbols: Sequence[str]) -> float:
        """Energy of the hull at the composition of some atoms, eV/atom."""
        elements = sorted(set(symbols))
        shares = np.array([symbols.count(e) for e in elements]) / len(symbols)
        wanted = set(elements)
        found = [k for system, ks in self._systems.items() if system <= wanted for k in ks]
        matrix = np.array([[self._phases[k].get(e, 0.0) for k in found] for e in elements])
        # The elements are there in any case, at zero.
        matrix = np.hstack([matrix.reshape(len(elements), -1), np.eye(len(elements))])
        energies = np.concatenate([self._energies[found], np.zeros(len(elements))])
        solved = linprog(energies, A_eq=matrix, b_eq=shares, method="highs")
        return float(solved.fun)


def screen_scores(
    predicted: NDArray[np.float64], true: NDArray[np.float64], hull: NDArray[np.float64]
) -> ScreenScores:
    """Scores of formation energies, (C,) each in eV/atom, beside the hull's."""
    above, stable = predicted - hull, true <= hull
    said = above <= 0
    hits = int((said & stable).sum())
    precision, recall = hits / max(said.sum(), 1), hits / max(stable.sum(), 1)
    limit = np.quantile(above[stable], 0.9, method="higher")
    return ScreenScores(
        float(np.abs(predicted - true).mean()),
        float((predicted - true).mean()),
        2 * precision * recall / max(precision + recall, 1e-12),
        float(precision),
        float(recall),
        float((above <= limit).mean()),
    )


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
        predictions = predictor.predict(scaled)
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
    crystals, true = read_wbm(data)
    known = set(predictor.card.elements)
    kept = [k for k, c in enumerate(crystals) if known.issuperset(c.numbers.tolist())]
    crystals, true = [crystals[k] for k in kept], true[kept]
    predicted = np.array([p.formation_energy for p in predictor.predict(crystals)])
    hull = Hull(data)
    below = np.array([hull.energy(list(c.to_atoms().symbols)) for c in crystals])
    scores = screen_scores(predicted, true, below)
    print(f"WBM, {len(crystals)} crystals: MAE {scores.mae:.4f} eV/atom, bias {scores.bias:+.4f}")
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
