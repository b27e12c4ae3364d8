"""Readers for energies, forces and stresses of crystals off equilibrium."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.data import atomic_numbers

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import DatasetError
from ase_ecn.training.datasets import Dataset

_FILE = "forces/mlearn_energies_forces.jsonl.gz"
_VASP_ORDER = (0, 1, 2, 4, 5, 3)  # xx, yy, zz, xy, yz, zx to ASE's
_OTHER_ORDER = (0, 1, 2, 5, 4, 3)  # xx, yy, zz, xy, xz, yz to ASE's
_IN_OTHER_ORDER = frozenset({"Cu", "Mo", "Ni"})  # as their sheared crystals tell
_KBAR = -0.1 * units.GPa  # VASP's positive stress pushes outwards, ASE's pulls inwards


def read_mlearn(data: Path, split: str) -> Dataset:
    """Energies, forces and stresses of six elements (Zuo et al. 2020).

    Parameters
    ----------
    data
        The data folder.
    split
        ``"test"`` is the published one; ``"train"`` or ``"val"`` share the published training part,
        of which every twentieth row of an element validates.

    Returns
    -------
    Dataset
        With ``potential_energy`` (eV/atom) and ``stress`` ((G, 6) in eV/Å³, ASE's sign and order)
        of the crystals and ``forces`` ((N, 3) in eV/Å) of the atoms.

    Raises
    ------
    DatasetError
        If the file is missing.
    """
    rows = [row for row in _rows(data / _FILE) if (row["split"] == "test") == (split == "test")]
    if split != "test":
        rows = [row for row, part in _train_or_val(rows) if part == split]
    return _dataset(f"mlearn-{split}", rows)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise DatasetError(f"{path} does not exist")
    with gzip.open(path, "rt") as file:
        for line in file:
            yield json.loads(line)


def _train_or_val(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    seen: dict[str, int] = {}
    for row in rows:
        system = "".join(sorted(set(row["species"])))
        seen[system] = seen.get(system, 0) + 1
        yield row, "val" if seen[system] % 20 == 10 else "train"


def _dataset(name: str, rows: list[dict[str, Any]]) -> Dataset:
    crystals = [
        as_crystal(
            Atoms(
                [atomic_numbers[s] for s in row["species"]],
                scaled_positions=row["frac"],
                cell=row["cell"],
                pbc=True,
            )
        )
        for row in rows
    ]
    energies = [row["energy_eV_per_cell"] / len(row["species"]) for row in rows]
    stress = np.array([_voigt_stress(row) for row in rows])
    forces = np.concatenate([np.array(row["forces_eV_per_A"], dtype=float) for row in rows])
    return Dataset(
        name,
        [row["id"] for row in rows],
        crystals,
        {"potential_energy": np.array(energies), "stress": stress * _KBAR},
        {"forces": forces},
    )


def _voigt_stress(row: dict[str, Any]) -> list[float]:
    """Stress in kbar with VASP's sign and ASE's order."""
    order = _OTHER_ORDER if _IN_OTHER_ORDER.intersection(row["species"]) else _VASP_ORDER
    return [float(row["stress_raw"][k]) for k in order]
