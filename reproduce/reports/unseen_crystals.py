"""Crystals with formation energies that networks are not fitted to, from known to impossible ones.

Those of the teacher are of held-out prototypes. Their energies are the teacher's, which is itself
off by 0.016 eV/atom on hypothetical crystals.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from numpy.typing import NDArray

from ase_ecn.corrections import formation_energy, oxide_kind
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import CrystalError, DatasetError
from ase_ecn.oxidation import likeliest_states
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import read_mp20
from ase_ecn.training.data.labels import HELD_OUT
from ase_ecn.training.data.wbm import read_wbm

LARGE_PRESSURE = 5.0
"""GPa; beyond it a crystal counts as compressed, and below its negative as stretched."""
LARGE_FORCE = 2.0
"""eV/Å; a crystal with a larger force on an atom counts as shaken."""
_IONIC = frozenset(["O", "F", "Cl", "Br", "I"])
_MOST_ATOMS = 100  # of a formula whose oxidation states are looked for
_SOURCE = re.compile(r'"source":\s*"([^"]*)"')
_DISTORTED = "distorted"


@dataclass(frozen=True)
class UnseenCrystals:
    """C crystals with (C,) formation energies in eV/atom, under the name of their set."""

    name: str
    crystals: Sequence[Crystal]
    energies: NDArray[np.float64]


def unseen_crystals(data: Path, elements: frozenset[int], most: int) -> Iterator[UnseenCrystals]:
    """Sets of crystals, ever less like known ones.

    Parameters
    ----------
    data
        The data folder.
    elements
        Atomic numbers; crystals with others are left out.
    most
        Number of crystals of a set, chosen evenly.

    Raises
    ------
    DatasetError
        If a file is missing.
    """
    known = cached_dataset("mp_20-test", lambda: read_mp20(data, "test"))
    yield _evenly("MP-20 test", known.crystals, known.targets[FORMATION_ENERGY], elements, most)
    yield _evenly("WBM", *read_wbm(data), elements, most)
    rows = [
        row
        for name in ("hypothetical", _DISTORTED)
        for row in held_out_rows(data / "teacher" / f"{name}.jsonl.gz")
    ]
    for name, belongs in KINDS.items():
        chosen = [row for row in rows if belongs(row)]
        yield _of_teacher(name, chosen, elements, most)


def held_out_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Lines of a file of the teacher whose prototypes no fit has seen.

    Raises
    ------
    DatasetError
        If there is no such file.
    """
    if not path.is_file():
        raise DatasetError(f"{path} does not exist")
    with gzip.open(path, "rt") as lines:
        for line in lines:
            source = _SOURCE.search(line)  # of few lines more is wanted
            if source and zlib.crc32(source[1].encode()) % 100 < HELD_OUT:
                row = json.loads(line)
                if row.get("error") is None:
                    yield row


def is_charge_impossible(atoms: Atoms) -> bool:
    """Whether the charges of an oxide or a halide cannot be balanced.

    There is no neutral assignment of the oxidation states that the elements have in the ICSD, and
    no bond between oxygen atoms, as in peroxides and superoxides, explains it. Compounds without
    O, F, Cl, Br or I, and elements, are not called impossible: they need no ions.
    """
    counts = Counter(atoms.symbols)
    if len(counts) < 2 or not _IONIC & set(counts):
        return False
    if likeliest_states(tuple(sorted(counts.items())), _MOST_ATOMS):
        return False
    return oxide_kind(atoms) == "oxide"


def _atoms(row: dict[str, Any]) -> Atoms:
    return Atoms(row["species"], cell=row["cell"], scaled_positions=row["frac"], pbc=True)


def _is_relaxed(row: dict[str, Any]) -> bool:
    return bool(row["kind"] != _DISTORTED)


def _pressure(row: dict[str, Any]) -> float:
    """In GPa; that of relaxed cells counts as none."""
    return 0.0 if _is_relaxed(row) else float(-np.mean(row["stress_eV_A3"][:3]) / units.GPa)


def _force(row: dict[str, Any]) -> float:
    """The largest on an atom, in eV/Å; those in relaxed cells count as none."""
    if _is_relaxed(row):
        return 0.0
    return float(np.linalg.norm(row["forces_eV_A"], axis=1).max())


KINDS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "hypothetical": _is_relaxed,
    "stretched": lambda row: _pressure(row) < -LARGE_PRESSURE,
    "compressed": lambda row: _pressure(row) > LARGE_PRESSURE,
    "shaken": lambda row: _force(row) > LARGE_FORCE,
    "charge-impossible": lambda row: _is_relaxed(row) and is_charge_impossible(_atoms(row)),
}
"""What belongs to each set of the teacher's crystals; some belong to several."""


def _of_teacher(
    name: str, rows: Sequence[dict[str, Any]], elements: frozenset[int], most: int
) -> UnseenCrystals:
    crystals, energies = [], []
    for k in _places(len(rows), most):
        row = rows[k]
        try:
            crystal = as_crystal(_atoms(row), elements)
        except CrystalError:
            continue  # refused as an input too
        crystals.append(crystal)
        energy = row["energy_eV_per_atom"]
        energies.append(formation_energy(energy, crystal.numbers, oxide=oxide_kind(crystal)))
    return UnseenCrystals(name, crystals, np.array(energies))


def _evenly(
    name: str,
    crystals: Sequence[Crystal],
    energies: NDArray[np.float64],
    elements: frozenset[int],
    most: int,
) -> UnseenCrystals:
    labelled = ~np.isnan(energies)
    usable = [
        k for k, c in enumerate(crystals) if labelled[k] and elements.issuperset(c.numbers.tolist())
    ]
    chosen = [usable[k] for k in _places(len(usable), most)]
    return UnseenCrystals(name, [crystals[k] for k in chosen], energies[chosen])


def _places(count: int, most: int) -> list[int]:
    """At most so many places of a list, spread evenly over it."""
    return np.linspace(0, count - 1, min(count, most)).astype(int).tolist() if count else []
