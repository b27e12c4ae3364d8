"""Hypothetical crystals with DFT labels (WBM), and the hull that they compete with."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.formula import Formula
from numpy.typing import NDArray
from scipy.optimize import linprog

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import DatasetError


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
