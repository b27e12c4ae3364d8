from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import BaseCalculator
from ase.calculators.emt import EMT

from ase_ecn.errors import DatasetError, UnsupportedElementError

pytest.importorskip("phonopy")
from ase_ecn.phonons import (
    phonons,
)
from reproduce.reports.phonon_errors import compare_all


def write_force_set(folder: Path, atoms: Atoms, calculator: BaseCalculator) -> None:
    """As phonopy leaves it after a run of another code."""
    folder.mkdir(parents=True)
    found = phonons(atoms, calculator=calculator, supercell=(3, 3, 3), relax=False)
    found.phonopy.save(folder / "phonopy.yaml", settings={"force_sets": True})
    with lzma.open(folder / "phonopy.yaml.xz", "wb") as file:
        file.write((folder / "phonopy.yaml").read_bytes())


class OnlyCopper(EMT):
    def calculate(self, atoms: Atoms, *arguments: object) -> None:
        if set(atoms.symbols) != {"Cu"}:
            raise UnsupportedElementError("not copper")
        super().calculate(atoms, *arguments)


def test_all_sets_of_forces_are_compared_or_refused(tmp_path: Path) -> None:
    write_force_set(tmp_path / "phonons" / "large", bulk("Cu", a=3.7), EMT())
    write_force_set(tmp_path / "phonons" / "silver", bulk("Ag"), EMT())
    large, silver = compare_all(tmp_path, OnlyCopper(), mesh=4)
    assert (large.name, large.formula, large.problem) == ("large", "Cu", "")
    assert large.as_given == pytest.approx(large.vasp, abs=1e-2)
    assert large.relaxed[1] > 1.1 * large.vasp[1]  # pulled apart, it was softer
    assert (silver.problem, silver.relaxed, silver.as_given) == ("refused", None, None)
    assert silver.vasp[1] > 1
    with pytest.raises(DatasetError, match="no sets of forces"):
        compare_all(tmp_path / "phonons", EMT())
