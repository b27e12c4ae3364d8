from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ase_ecn.prediction import Prediction, PropertyPredictor
from reproduce.__main__ import main
from reproduce.reports.flags import HEADER, Flags, flags, surely_above
from reproduce.reports.strange_crystals import strange_crystals

SALT = bulk("NaCl", "rocksalt", a=5.69)


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_structures_are_counted_by_what_is_said_of_them() -> None:
    flagged, sure = np.array([1, 1, 0, 0], dtype=bool), np.array([1, 0, 1, 0], dtype=bool)
    found = cells(Flags("five", 5, flagged, sure).row())
    assert found == ["five", "5", "20.0 %", "50.0 %", "50.0 %", "50.0 %", "25.0 %"]
    assert len(found) == len(cells(HEADER.splitlines()[0]))
    nothing = np.zeros(0, dtype=bool)
    assert cells(Flags("one", 1, nothing, nothing).row())[2:] == ["100.0 %", *["none"] * 4]


def test_a_distance_beyond_the_stated_interval_is_sure() -> None:
    near = {"energy_above_hull": 0.08, "formation_energy_std": 0.05}
    assert not surely_above(Prediction(near, ()))
    assert surely_above(Prediction(near | {"energy_above_hull": 0.083}, ()))
    assert surely_above(Prediction({"energy_above_hull": 0.01}, ()))
    assert not surely_above(Prediction({"formation_energy_std": 0.0}, ()))


def test_strange_structures_are_refused_or_flagged() -> None:
    kinds = dict(strange_crystals([SALT, bulk("Si")]))
    for name, factor in (("half", 0.5), ("twice", 2.0), ("four times", 4.0)):
        (volume,) = {a.get_volume() for a in kinds[f"{name} the volume"] if "Na" in a.symbols}
        assert volume == pytest.approx(factor * SALT.get_volume())
    replaced = kinds["an element replaced by a noble gas"]
    assert all({2, 10, 18, 36, 54} & set(atoms.numbers) for atoms in replaced)
    for atoms in kinds["random places"]:
        assert atoms.get_volume() == pytest.approx(SALT.get_volume()) or "Si" in atoms.symbols
    predictor = PropertyPredictor("ecn-mp", device="cpu")
    assert not flags(predictor, "salt", [SALT]).flagged.any()
    for name in ("four times the volume", "layers with 15 Å of vacuum"):
        assert flags(predictor, name, kinds[name]).flagged.all()
    overlapping = Atoms("Na2", positions=[[0, 0, 0], [0.1, 0, 0]], cell=[4, 4, 4], pbc=True)
    assert flags(predictor, "overlapping", [overlapping]).flagged.size == 0


def test_checkpoints_without_formation_energies_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flags", "ecn-pes", "--data", str(tmp_path)]) == 1
    assert "ecn-pes does not predict the formation energy" in capsys.readouterr().err
    assert main(["flags", "ecn-mp", "--crystals", "0", "--data", str(tmp_path)]) == 1
    assert "--crystals is 0" in capsys.readouterr().err
