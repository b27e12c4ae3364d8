"""Calculated gaps beside measured ones."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.training.data.datasets import Dataset
from reproduce.__main__ import main
from reproduce.reports import measured_gaps
from reproduce.reports.measured_gaps import ComparedGaps, compared_gaps


def write(path: Path, rows: Sequence[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four crystals of three compositions, and what is measured of them."""
    atoms = [bulk("NaCl", "rocksalt", a=5.6), bulk("NaCl", "cesiumchloride", a=3.4)]
    atoms += [bulk("GaAs", "zincblende", a=5.7), bulk("Cu", "fcc", a=3.6)]
    energies = np.array([-2.1, -2.0, -0.4, 0.0])
    dataset = Dataset(
        "toy",
        ["mp-1", "mp-2", "mp-3", "mp-4"],
        [as_crystal(a) for a in atoms],
        {"formation_energy": energies},
    )
    monkeypatch.setattr(measured_gaps, "mp20", lambda data, split: dataset)
    calculated = [("mp-1", 5.0, 6.5), ("mp-2", 4.0, 5.0), ("mp-3", 0.2, 1.2), ("mp-4", 0.0, "")]
    write(
        tmp_path / "gaps" / "multifidelity_gaps_by_mp_id.csv.gz",
        [
            {"material_id": name, "band_gap_pbe_2019_eV": pbe, "band_gap_hse_eV": hse}
            for name, pbe, hse in calculated
        ],
    )
    write(
        tmp_path / "gaps" / "measured_gaps_by_mp_id.csv.gz",
        [
            {"material_id": "mp-2", "band_gap_expt_eV": 8.0},
            {"material_id": "mp-3", "band_gap_expt_eV": 1.4},
            {"material_id": "mp-9", "band_gap_expt_eV": 1.0},
        ],
    )
    write(
        tmp_path / "gaps" / "matbench_expt_gap.csv.gz",
        [
            {"formula": "ClNa", "band_gap_expt_eV": 8.5},
            {"formula": "GaAs", "band_gap_expt_eV": 1.5},
            {"formula": "Cu", "band_gap_expt_eV": 0.0},
            {"formula": "MgO", "band_gap_expt_eV": 7.8},
        ],
    )
    return tmp_path


def test_crystals_have_both_calculated_gaps(folder: Path) -> None:
    by_id, by_formula = compared_gaps(folder)
    assert sorted(by_id.measured) == [1.4, 8.0]
    np.testing.assert_allclose(np.sort(by_id.hse - by_id.pbe), [1.0, 1.0])
    # The most stable entry of the formula; copper has no gap of the hybrid functional.
    assert by_formula.measured.tolist() == [8.5, 1.5]
    assert by_formula.pbe.tolist() == [5.0, 0.2]
    assert by_formula.hse.tolist() == [6.5, 1.2]


def test_errors_are_by_measured_gap() -> None:
    found = ComparedGaps(
        "toy",
        np.array([0.0, 1.0, 2.0, 6.0]),
        np.array([0.5, 0.8, 1.0, 4.0]),
        np.array([0.0, 1.2, 2.2, 5.5]),
    )
    assert list(found.rows()) == [
        "| toy | 0 | 1 | 0.50 | +0.50 | 0.00 | +0.00 |",
        "| toy | above 0 | 3 | 1.07 | -1.07 | 0.30 | -0.03 |",
        "| toy | 0 to 1 | 1 | 0.20 | -0.20 | 0.20 | +0.20 |",
        "| toy | 1 to 2 | 1 | 1.00 | -1.00 | 0.20 | +0.20 |",
        "| toy | above 5 | 1 | 2.00 | -2.00 | 0.50 | -0.50 |",
    ]
    line = ComparedGaps("line", *np.array([[1.0, 2, 3], [1, 2, 3], [1.7, 2.9, 4.1]]))
    assert line.hse_from_pbe() == pytest.approx((1.2, 0.5, 0.0), abs=1e-9)


def test_the_command_prints_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measured-gaps", "--data", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "| by id (bandgap-benchmark) | above 0 | 2 | 2.60 | -2.60 | 1.60 | -1.60 |" in printed
