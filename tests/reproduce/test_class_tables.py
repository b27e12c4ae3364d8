"""The table of what classes of bonds buy."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from scipy.spatial.transform import Rotation

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.bond_classes import CLASS_COUNTS
from ase_ecn.response import rotated
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.tensor_rows import SHAPES
from reproduce.__main__ import main
from reproduce.class_tables import class_rows
from reproduce.class_tables.class_rows import MEAN, SCALARS, Row, append, finished, missing, rows_of
from reproduce.class_tables.standard_frame import means_of_classes, rotations_of

CRYSTALS = 12


def crystals_with(target: str, seed: int) -> Dataset:
    """Wurtzites in any orientation, whose dielectric tensors or energies follow their volume."""
    made = []
    labels: dict[str, list[np.ndarray | float]] = {name: [] for name in SHAPES}
    labels |= {"formation_energy": [], "band_gap": []}
    for k in range(CRYSTALS):
        atoms = bulk("ZnS", "wurtzite", a=3.7 + 0.02 * k, c=6.1)
        rotation = Rotation.random(random_state=100 * seed + k).as_matrix()
        atoms.set_cell(atoms.cell[:] @ rotation, scale_atoms=True)
        made.append(as_crystal(atoms))
        tensor = np.diag([5.0, 5.0, 7.0]) + 0.1 * k * np.eye(3)
        for name, shape in SHAPES.items():
            labels[name].append(np.full(shape, np.nan))
        labels["dielectric_tensor"][-1] = rotated(tensor, rotation)
        labels["formation_energy"].append(-1.0 - 0.02 * k)
        labels["band_gap"].append(2.0 + 0.1 * k)
    assert target in ("dielectric", "energy and gap")
    names = [f"{seed}-{k}" for k in range(CRYSTALS)]
    return Dataset("toy", names, made, {k: np.array(v) for k, v in labels.items()})


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(
        class_rows,
        "labelled",
        lambda data, target, split: crystals_with(target, ["train", "val"].index(split)),
    )
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_means_belong_to_the_standard_frame() -> None:
    train, val = (crystals_with("dielectric", seed) for seed in (0, 1))
    frames = rotations_of(train), rotations_of(val)
    found = means_of_classes(train, val, "dielectric", frames)
    mean = 0.1 * (CRYSTALS - 1) / 2
    for k in range(CRYSTALS):
        off = np.eye(3) * (mean - 0.1 * k)
        label = val.targets["dielectric_tensor"][k]
        np.testing.assert_allclose(found[k], label + off, atol=1e-6)


@pytest.mark.slow
def test_rows_are_fitted_once_and_tabulated(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "classes.jsonl"
    rest = ["--seeds", "2", "--epochs", "1", "--out", str(out), "--data", str(data)]
    command = ["classes", "--targets", "dielectric", *rest]
    monkeypatch.setattr(class_rows, "CLASS_COUNTS", {"none": 0, "crystal_class": 32})
    assert main(command) == 0
    table = capsys.readouterr().out.splitlines()
    found = finished(out)
    assert [one["network"] for one in found] == [MEAN, *["none", "crystal_class", SCALARS] * 2]
    assert [one["seed"] for one in found] == [0, 0, 0, 0, 1, 1, 1]
    none, classes, scalars = found[1:4]
    assert none["parameters"] < classes["parameters"]
    assert none["dielectric_tensor_skill"] != classes["dielectric_tensor_skill"]
    assert found[0]["dielectric_tensor_skill"] < 1
    assert scalars["parameters"] > 10_000
    line = next(line for line in table if line.startswith("| none | "))
    assert line.split("|")[3].strip() == "2"
    assert " ± " in line
    text = out.read_text()
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines() == table
    assert out.read_text() == text


@pytest.mark.slow
def test_energies_and_gaps_are_learned(data: Path) -> None:
    fits = class_rows.Fits(data)
    short, longer = (fits(Row("energy and gap", "wyckoff", 0, epochs)) for epochs in (1, 40))
    assert longer["formation_energy_mae"] < 0.8 * short["formation_energy_mae"]
    assert set(longer) >= {"formation_energy_mae", "band_gap_mae", "seconds", "parameters"}


def test_a_line_that_was_cut_off_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "classes.jsonl"
    rows = rows_of(["dielectric"], 1, 3)
    assert [row.network for row in rows] == [MEAN, *CLASS_COUNTS, SCALARS]
    append(path, asdict(rows[0]))
    with path.open("a") as file:
        file.write('{"target": "dielec')
    assert list(missing(rows, path)) == rows[1:]
    append(path, asdict(rows[1]))
    assert list(missing(rows, path)) == rows[2:]


def test_unknown_targets_and_numbers_are_refused() -> None:
    with pytest.raises(OptionError, match="known are dielectric, elastic, energy and gap"):
        rows_of(["hardness"], 3, 1)
    with pytest.raises(OptionError, match="at least 1"):
        rows_of(["elastic"], 0, 1)
