from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.nn.ecn import ECN
from ase_ecn.training.data.datasets import READERS, Dataset
from reproduce.__main__ import main
from reproduce.ablation import TARGETS, format_ablation, variant_config, variants


def perovskites(size: int = 24) -> Dataset:
    """Cells whose 'heat' is a function of their volume."""
    atoms = [bulk("CsCl", "cesiumchloride", a=3.6 + 0.03 * k) for k in range(size)]
    heats = np.array([a.get_volume() / 50 for a in atoms])
    names = [str(k) for k in range(size)]
    return Dataset("toy", names, [as_crystal(a) for a in atoms], {"heat_all": heats})


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(READERS, "perov_5", lambda data, split: perovskites())
    (tmp_path / "data").mkdir()
    small = ["--epochs", "1", "--every", "2", "--width", "8", "--layers", "1"]
    folders = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    return ["ablation", "--data-set", "perov_5", *small, *folders]


@pytest.mark.parametrize("data_set", TARGETS)
def test_every_row_is_another_network(data_set: str) -> None:
    rows = variants()
    assert len(rows) == len({row.name for row in rows}) == 40
    for row in rows:
        network = ECN(variant_config(row, data_set, 1, 8, 1).model)
        assert network.config.crystal_targets == tuple(TARGETS[data_set])
        assert (network.config.group, network.config.motif) == (row.group, row.motif)
        assert network.config.cell_encoding == row.cell_encoding
        assert network.config.messages == "coloured"


@pytest.mark.slow
def test_rows_are_fitted_once_and_tabulated(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["S_lattice-free-number", "P-1-fixed-number-cells-hubbard"]
    assert main([*arguments, "--seeds", "2", "--only", *names]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("| group | motif | cells | features | U | heat_all_mae |")
    assert table[2].startswith("| S_lattice | free |  | number |  | ")
    assert table[3].startswith("| P-1 | fixed | yes | number | yes | ")
    assert all(" ± " in line for line in table[2:])
    written = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/**/scores.json")}
    assert len(written) == 4
    assert main([*arguments, "--seeds", "2", "--only", *names]) == 0
    assert capsys.readouterr().out.splitlines() == table
    assert written == {path: path.stat().st_mtime_ns for path in written}


def test_table_holds_means_and_deviations() -> None:
    row = variants()[0]
    fits = [{"heat_all_mae": 0.1, "seconds": 3.0}, {"heat_all_mae": 0.3, "seconds": 5.0}]
    assert "| 0.2000 ± 0.1414 | 4 |" in format_ablation([row], [fits])
    assert "| 0.1000 | 3 |" in format_ablation([row], [fits[:1]])


def test_unknown_rows_and_useless_numbers_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--only", "S_4"]) == 1
    assert "unknown rows S_4; known are S_lattice-free-number" in capsys.readouterr().err
    assert main([*arguments, "--epochs", "0"]) == 1
    assert "at least 1" in capsys.readouterr().err
