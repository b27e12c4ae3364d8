from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.formula import Formula

from ase_ecn.corrections import formation_energy
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import DatasetError
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.labels import HELD_OUT
from reproduce.reports import unseen_crystals as module
from reproduce.reports.unseen_crystals import (
    KINDS,
    held_out_rows,
    is_charge_impossible,
    unseen_crystals,
)

SALT = {
    "species": ["Na", "Cl"],
    "cell": bulk("NaCl", "rocksalt", a=5.69).cell[:].tolist(),
    "frac": [[0, 0, 0], [0.5, 0.5, 0.5]],
    "energy_eV_per_atom": -3.4,
    "forces_eV_A": [[0.0, 0, 0], [0.0, 0, 0]],
    "stress_eV_A3": [0.0] * 6,
    "kind": "relaxed cell",
}


def seen_and_held_out() -> tuple[str, str]:
    names = [f"mp-{k}" for k in range(1000)]
    held = [zlib.crc32(name.encode()) % 100 < HELD_OUT for name in names]
    return names[held.index(False)], names[held.index(True)]


def write_rows(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def spread(formula: str, far: float = 1.0) -> Atoms:
    """Atoms in a row, so far apart that none are bound, unless told otherwise."""
    count = len(Formula(formula))
    positions = [[3.0 * far * k, 0, 0] for k in range(count)]
    return Atoms(formula, positions=positions, cell=[3.0 * count, 5, 5], pbc=True)


@pytest.mark.parametrize("formula", ["MgF", "CaF", "NaO3", "ClF6", "NaCl2"])
def test_charges_that_cannot_be_balanced(formula: str) -> None:
    assert is_charge_impossible(spread(formula))


@pytest.mark.parametrize("formula", ["MgF2", "Fe3O4", "CaTiO3", "Ni3Al", "O2", "Mg2Si"])
def test_charges_that_can_or_that_are_none(formula: str) -> None:
    assert not is_charge_impossible(spread(formula))


def test_bonds_between_oxygen_atoms_balance_charges() -> None:
    assert is_charge_impossible(spread("Na2O2"))
    assert not is_charge_impossible(spread("Na2O2", far=0.49))


def test_only_prototypes_that_were_held_out_count(tmp_path: Path) -> None:
    path, (seen, held) = tmp_path / "teacher" / "rows.jsonl.gz", seen_and_held_out()
    write_rows(path, SALT | {"source": seen}, SALT | {"source": held})
    write_rows(path, *[SALT | {"source": name} for name in (seen, held, held)])
    assert [row["source"] for row in held_out_rows(path)] == [held, held]
    with pytest.raises(DatasetError, match="does not exist"):
        list(held_out_rows(tmp_path / "none.jsonl.gz"))


def test_crystals_are_sorted_by_pressure_and_force() -> None:
    eight = 8 * units.GPa
    pulled = SALT | {"kind": "distorted", "stress_eV_A3": [eight] * 3 + [0] * 3}
    pressed = SALT | {"kind": "distorted", "stress_eV_A3": [-eight] * 3 + [0] * 3}
    shaken = SALT | {"kind": "distorted", "forces_eV_A": [[0, 0, 3.0], [0, 0, -3.0]]}
    rows = {"relaxed": SALT, "pulled": pulled, "pressed": pressed, "shaken": shaken}
    rows["impossible"] = SALT | {"species": ["Mg", "F"]}
    found = {kind: {n for n, row in rows.items() if KINDS[kind](row)} for kind in KINDS}
    assert found == {
        "hypothetical": {"relaxed", "impossible"},
        "stretched": {"pulled"},
        "compressed": {"pressed"},
        "shaken": {"shaken"},
        "charge-impossible": {"impossible"},
    }


def test_energies_become_formation_energies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    salt = as_crystal(bulk("NaCl", "rocksalt", a=5.6))
    targets = {"formation_energy": np.array([np.nan, -2.0])}
    known = Dataset("known", ["0", "1"], [salt, salt], targets)
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "read_mp20", lambda data, split: known)
    monkeypatch.setattr(module, "read_wbm", lambda data: ([salt], np.array([-1.9])))
    _, held = seen_and_held_out()
    row = SALT | {"source": held}
    other = row | {"species": ["K", "Cl"]}
    near = row | {"frac": [[0, 0, 0], [0.01, 0, 0]]}  # refused as an input, so left out
    write_rows(tmp_path / "teacher" / "hypothetical.jsonl.gz", row, other, near)
    write_rows(tmp_path / "teacher" / "distorted.jsonl.gz", row | {"kind": "distorted"})
    sets = {part.name: part for part in unseen_crystals(tmp_path, frozenset({11, 17}), 10)}
    assert set(sets) == {"MP-20 test", "WBM", *KINDS}
    assert sets["hypothetical"].energies == pytest.approx([formation_energy(-3.4, [11, 17])])
    assert sets["MP-20 test"].energies == pytest.approx([-2.0])
    assert sets["WBM"].energies == pytest.approx([-1.9])
    assert all(len(sets[name].crystals) == 0 for name in ("stretched", "charge-impossible"))
