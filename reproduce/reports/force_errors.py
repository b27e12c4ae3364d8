"""Errors of any potential on the DFT sets of nine elements: energies, forces and stresses.

Formation energies are compared with the sets' energies in the Materials Project's convention, to
which a constant for each element brings them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import units
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ase_ecn.corrections import formation_energy
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError, UnsupportedElementError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.readers.json_lines import write_json_lines
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.force_labels import element_shifts, labelled_rows, shifted_energies
from ase_ecn.training.data.force_sets import read_mlearn, read_monbtaw, read_vasp_steps

READERS = {"mlearn": read_mlearn, "monbtaw": read_monbtaw, "relaxations": read_vasp_steps}


@dataclass(frozen=True)
class Errors:
    """Errors of C crystals with N atoms.

    Attributes
    ----------
    energy
        (C,) eV/atom.
    forces
        (N, 3) eV/Å.
    stress
        (C, 6) GPa.
    """

    energy: NDArray[np.float64]
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]

    def cells(self) -> str:
        """Mean absolute errors and the energies' mean, as cells of a table."""
        return (
            f"{len(self.energy)} | {1000 * np.abs(self.energy).mean():.1f} | "
            f"{1000 * self.energy.mean():+.1f} | {np.abs(self.forces).mean():.3f} | "
            f"{np.abs(self.stress).mean():.2f}"
        )


def prediction_errors(
    predictor: PropertyPredictor, dataset: Dataset, shifts: Mapping[int, float]
) -> list[Errors | None]:
    """Errors of each crystal; ``None`` where the potential refuses its elements.

    Parameters
    ----------
    predictor
        Of a potential.
    dataset
        With energies, forces and stresses.
    shifts
        Constants of the elements, used if the potential gives formation energies.
    """
    target = predictor.model.targets[0]
    energies = dataset.targets["potential_energy"]
    if target == FORMATION_ENERGY:
        shifted = shifted_energies(dataset, shifts)
        energies = np.array(
            [
                formation_energy(energy, crystal.numbers)
                for energy, crystal in zip(shifted, dataset.crystals, strict=True)
            ]
        )
    known = [k for k, crystal in enumerate(dataset.crystals) if _accepts(predictor, crystal)]
    predictions = predictor.predict([dataset.crystals[k] for k in known])
    ends = np.cumsum([len(crystal) for crystal in dataset.crystals])
    found: list[Errors | None] = [None] * len(dataset)
    for k, prediction in zip(known, predictions, strict=True):
        forces = dataset.site_targets["forces"][ends[k] - len(dataset.crystals[k]) : ends[k]]
        found[k] = Errors(
            np.array([prediction[target] - energies[k]]),
            prediction.forces - forces,
            (prediction.stress - dataset.targets["stress"][k])[None] / units.GPa,
        )
    return found


def _accepts(predictor: PropertyPredictor, crystal: Crystal) -> bool:
    try:
        predictor.card.check_system(as_crystal(crystal, predictor.card.elements).numbers)
    except UnsupportedElementError:
        return False
    return True


def together(parts: Sequence[Errors | None]) -> Errors | None:
    """Of several crystals; ``None`` if there are none."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return Errors(
        np.concatenate([part.energy for part in known]),
        np.concatenate([part.forces for part in known]),
        np.concatenate([part.stress for part in known]),
    )


def report(predictor: PropertyPredictor, data: Path) -> Iterator[str]:
    """Lines: the constants of the elements, and a table of errors on the test splits in Markdown.

    Raises
    ------
    OptionError
        If the potential gives no forces.
    """
    if not predictor.model.gives_forces:
        raise OptionError(f"{predictor.card.name} gives no forces")
    shifts = shifts_of_sets(data)
    for name, constants in shifts.items():
        known = (f"{chemical_symbols[z]} {1000 * v:+.1f}" for z, v in constants.items())
        yield f"{name}, constants of elements in meV/atom: {', '.join(known) or 'none'}"
    yield from _table(predictor, data, shifts)


def write_labels(path: Path, data: Path) -> int:
    """Write the training splits as labels; returns the number of crystals.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    shifts = shifts_of_sets(data)
    rows = (
        row
        for name, read in READERS.items()
        for row in labelled_rows(read(data, "train"), shifts[name])
    )
    return write_json_lines(path, rows)


def shifts_of_sets(data: Path) -> dict[str, dict[int, float]]:
    """Constants of the elements of each set, from its training split."""
    found = {name: element_shifts([read(data, "train")]) for name, read in READERS.items()}
    # Its pure crystals are silicon off equilibrium.
    found["relaxations"] = {}
    return found


def _table(
    predictor: PropertyPredictor, data: Path, shifts: Mapping[str, Mapping[int, float]]
) -> list[str]:
    rows: dict[str, list[Errors | None]] = {"all": []}
    for name, read in READERS.items():
        dataset = read(data, "test")
        errors = prediction_errors(predictor, dataset, shifts[name])
        rows["all"] += errors
        rows[name] = errors
        for crystal, error in zip(dataset.crystals, errors, strict=True):
            system = "".join(chemical_symbols[z] for z in np.unique(crystal.numbers))
            rows.setdefault(f"{name}, {system}", []).append(error)
    lines = [
        "| set | crystals | energy (meV/atom) | bias | forces (eV/Å) | stress (GPa) |",
        "|---|---|---|---|---|---|",
    ]
    for name in ["all", *sorted(set(rows) - {"all"})]:
        joined = together(rows[name])
        cells = "refused | | | |" if joined is None else joined.cells()
        lines.append(f"| {name} | {cells} |")
    return lines
