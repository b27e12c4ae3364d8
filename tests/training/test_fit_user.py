from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import write
from toys import toy_dataset

from ase_ecn import ECNCalculator
from ase_ecn.checkpoint import read_card
from ase_ecn.training.__main__ import main


def test_own_labels_become_a_property(tmp_path: Path, capsys: Any) -> None:
    rows = toy_dataset(40)
    images = []
    for crystal, value in zip(rows.crystals, rows.targets["formation_energy"], strict=True):
        atoms = Atoms(crystal.numbers, cell=crystal.cell, pbc=True)
        atoms.set_scaled_positions(crystal.scaled_positions)
        atoms.info["hardness"] = value
        images.append(atoms)
    write(tmp_path / "my.extxyz", images)
    command = ["fit-ecn", "--data", str(tmp_path / "my.extxyz"), "--target", "hardness"]
    command += ["--units", "GPa", "--epochs", "2", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    assert "hardness_mae" in capsys.readouterr().out
    calculator = ECNCalculator(tmp_path / "out" / "hardness.safetensors")
    assert np.isfinite(calculator.get_property("hardness", images[0]))
    assert read_card(tmp_path / "out" / "hardness.safetensors").content["properties"] == {
        "hardness": "GPa"
    }
    assert main(["fit-ecn", "--target", "hardness", "--data", "my.csv"]) == 1
    assert main(["fit-ecn"]) == 1
