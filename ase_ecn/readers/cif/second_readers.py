"""The CIF readers of ASE and pymatgen, asked where our reading cannot be confirmed."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from ase import Atoms
from ase.io import read

_LONGEST_LINE = 10_000
"""Characters, of which CIF allows 2,048. The time that they take grows with the square of it."""


def second_readings(text: str) -> Iterator[tuple[str, Atoms]]:
    """What each of them makes of a data block, in order; only ordered crystals count."""
    if max(map(len, text.splitlines()), default=0) > _LONGEST_LINE:
        return
    for name, reader in (("pymatgen", _by_pymatgen), ("ASE", _by_ase)):
        atoms = _tried(reader, text)
        if atoms is not None and _is_crystal(atoms):
            yield name, atoms


def _is_crystal(atoms: Atoms) -> bool:
    """Whether there are atoms, in a cell: ASE reads files without one, or with a part of one."""
    numbers = np.concatenate([atoms.cell.array, atoms.positions])
    return len(atoms) > 0 and atoms.cell.rank == 3 and bool(np.isfinite(numbers).all())


def _tried(reader: Callable[[str], Atoms | None], text: str) -> Atoms | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return reader(text)
    except Exception:  # they raise anything, and the other one may succeed
        return None


def _by_pymatgen(text: str) -> Atoms | None:
    from pymatgen.io.ase import AseAtomsAdaptor
    from pymatgen.io.cif import CifParser

    found = CifParser.from_str(text).parse_structures(primitive=False)
    if len(found) != 1 or not found[0].is_ordered:
        return None
    plain = found[0].copy()
    plain.remove_oxidation_states()
    atoms: Atoms = AseAtomsAdaptor.get_atoms(plain, msonable=False)
    return Atoms(atoms.numbers, cell=atoms.cell, positions=atoms.positions, pbc=True)


def _by_ase(text: str) -> Atoms | None:
    atoms = read(io.StringIO(text), format="cif")
    assert isinstance(atoms, Atoms)
    occupancy = atoms.info.get("occupancy") or {}
    if any(len(site) > 1 or sum(site.values()) < 1 for site in occupancy.values()):
        return None
    return Atoms(atoms.numbers, cell=atoms.cell, positions=atoms.positions, pbc=True)
