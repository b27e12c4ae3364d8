"""Readers for energies, forces and stresses of crystals off equilibrium.

All energies are VASP's with PBE and no Hubbard U, so those of different sources share one zero.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.data import atomic_numbers

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.training.data.datasets import Dataset, join

_FILE = "forces/mlearn_energies_forces.jsonl.gz"
_ALLOY_FILE = "forces/monbtaw_energies_forces.jsonl.gz"
_SPLIT_SEED = 0
_MAX_RUN_ATOMS = 100
_STEPS_PER_RUN = 40
_MIN_SYSTEM_STEPS = 40
_MIN_SYSTEM_FORCE = 0.1  # eV/Å, root mean square; less says little of how a crystal moves
_MAX_FORCE = 15.0  # eV/Å; first steps of relaxations from bad guesses
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
    return _dataset(f"mlearn-{split}", rows, _IN_OTHER_ORDER)


def read_monbtaw(data: Path, split: str) -> Dataset:
    """Energies, forces and stresses of Mo, Nb, Ta, W and their alloys (Li et al. 2020).

    The published test groups test, except for every second crystal of the alloy of all four,
    which occurs in no other group; every twentieth other row validates. Surfaces of Mo, which
    :func:`read_mlearn` has too, are left out. Labels as in :func:`read_mlearn`.

    Raises
    ------
    DatasetError
        If the file is missing.
    """
    rows = [row for row in _rows(data / _ALLOY_FILE) if row["group"] != "Mo_Surface"]
    chosen = [row for k, row in enumerate(rows) if _alloy_split(k, row["group"]) == split]
    return _dataset(f"monbtaw-{split}", chosen)


def _alloy_split(index: int, group: str) -> str:
    if group.endswith("_Test"):
        return "train" if group.startswith("Multinary") and index % 2 else "test"
    return "val" if index % 20 == 10 else "train"


def read_vasp_steps(data: Path, split: str) -> Dataset:
    """Ionic steps of relaxations with VASP, from the tests of public codes.

    Only runs with plain PBE and without flags, of at most 100 atoms; up to 40 steps of a run, and
    chemical systems with at least 40 steps in all, whose forces are 0.1 eV/Å or more (root mean
    square). Of the runs of a system, in random order, every tenth tests and every twentieth
    validates. Labels as in :func:`read_mlearn`.

    Raises
    ------
    DatasetError
        If a file is missing.
    """
    runs = {row["id"]: row for row in _rows(data / "vasp" / "relaxations.jsonl.gz")}
    systems: dict[str, list[list[dict[str, Any]]]] = {}
    for run in _rows(data / "vasp" / "trajectories.jsonl.gz"):
        about = runs[run["id"]]
        if about["functional"] == "PBE" and not about["flags"]:
            steps = _run_steps(run)
            if steps and len(run["species"]) <= _MAX_RUN_ATOMS:
                systems.setdefault("-".join(sorted(set(run["species"]))), []).append(steps)
    rows: list[dict[str, Any]] = []
    rng = np.random.default_rng(_SPLIT_SEED)
    for system in sorted(systems):
        found = systems[system]
        order = rng.permutation(len(found))
        if _says_enough([row for steps in found for row in steps]):
            for place, k in enumerate(order):
                if _run_split(place) == split:
                    rows.extend(found[k])
    return _dataset(f"vasp-{split}", rows)


def read_pes(data: Path, split: str) -> Dataset:
    """All of the above in one, in that order."""
    readers = (read_mlearn, read_monbtaw, read_vasp_steps)
    return join([reader(data, split) for reader in readers])


def _run_steps(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows, as those of the other files, of evenly spaced steps with all labels."""
    complete = [
        (k, step)
        for k, step in enumerate(run["steps"])
        if all(step.get(label) is not None for label in ("energy_eV", "forces_eV_A", "stress_kbar"))
        and np.abs(step["forces_eV_A"]).max() < _MAX_FORCE
    ]
    chosen = np.unique(np.linspace(0, len(complete) - 1, _STEPS_PER_RUN).astype(int))
    return [_step_row(run, *complete[k]) for k in chosen] if complete else []


def _step_row(run: dict[str, Any], index: int, step: dict[str, Any]) -> dict[str, Any]:
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = step["stress_kbar"]
    return {
        "id": f"{run['id']}-{index}",
        "species": run["species"],
        "cell": step["cell"],
        "frac": step["frac"],
        "energy_eV_per_cell": step["energy_eV"],
        "forces_eV_per_A": step["forces_eV_A"],
        "stress_raw": (xx, yy, zz, xy, yz, xz),
    }


def _says_enough(rows: list[dict[str, Any]]) -> bool:
    forces = np.concatenate([row["forces_eV_per_A"] for row in rows])
    strong = float(np.sqrt((forces**2).mean())) >= _MIN_SYSTEM_FORCE
    return strong and len(rows) >= _MIN_SYSTEM_STEPS


def _run_split(place: int) -> str:
    if place % 10 == 9:
        return "test"
    return "val" if place % 20 == 4 else "train"


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


def _dataset(
    name: str, rows: list[dict[str, Any]], in_other_order: frozenset[str] = frozenset()
) -> Dataset:
    """Crystals with labels; the stresses of some elements may have another order."""
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
    stress = np.array([_voigt_stress(row, in_other_order) for row in rows])
    forces = np.concatenate([np.array(row["forces_eV_per_A"], dtype=float) for row in rows])
    return Dataset(
        name,
        [row["id"] for row in rows],
        crystals,
        {"potential_energy": np.array(energies), "stress": stress * _KBAR},
        {"forces": forces},
    )


def _voigt_stress(row: dict[str, Any], in_other_order: frozenset[str]) -> list[float]:
    """Stress in kbar with VASP's sign and ASE's order."""
    order = _OTHER_ORDER if in_other_order.intersection(row["species"]) else _VASP_ORDER
    return [float(row["stress_raw"][k]) for k in order]


FORCE_READERS: dict[str, Callable[[Path, str], Dataset]] = {
    "mlearn": read_mlearn,
    "monbtaw": read_monbtaw,
    "vasp_steps": read_vasp_steps,
    "pes": read_pes,
}
"""Sets with forces, by name."""


@dataclass(frozen=True)
class ForceData:
    """What a potential energy surface is fitted to.

    Attributes
    ----------
    name
        Of a set with forces; ``pes`` joins them all.
    elements
        Only crystals of these elements, given by their symbols.
    """

    name: str
    elements: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.name not in FORCE_READERS:
            known = ", ".join(FORCE_READERS)
            raise OptionError(f"unknown data set with forces {self.name!r}; known are {known}")
        for symbol in self.elements or ():
            if symbol not in atomic_numbers:
                raise OptionError(f"elements: {symbol!r} is no symbol of an element")


def load_force_data(data: Path, section: ForceData, split: str) -> Dataset:
    """Read one split of a set with forces, ``"train"``, ``"val"`` or ``"test"``."""
    dataset = FORCE_READERS[section.name](data, split)
    if section.elements is None:
        return dataset
    wanted = {atomic_numbers[symbol] for symbol in section.elements}
    chosen = [set(crystal.numbers.tolist()) <= wanted for crystal in dataset.crystals]
    return dataset.subset(np.flatnonzero(chosen))


def chemical_systems(crystals: Sequence[Crystal]) -> list[list[int]]:
    """Sets of elements that occur together, as sorted atomic numbers."""
    return [list(s) for s in sorted({tuple(np.unique(c.numbers).tolist()) for c in crystals})]
