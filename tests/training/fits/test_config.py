from __future__ import annotations

from pathlib import Path

import pytest
from toys import EMPNN_CONFIG

from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.training.__main__ import read_config
from ase_ecn.training.data import datasets
from ase_ecn.training.data.datasets import data_folder

ROOT = Path(__file__).parents[3]


def test_bad_configurations_and_data_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("network: ecn")
    with pytest.raises(OptionError, match="needs"):
        read_config(path, "ecn")
    path.write_text(EMPNN_CONFIG)
    with pytest.raises(OptionError, match="empnn"):
        read_config(path, "ecn")
    path.write_text(EMPNN_CONFIG.replace("perov_5}", "perov_5, with_val: true}"))
    with pytest.raises(OptionError, match="with_val is for fit-ecn"):
        read_config(path, "empnn")
    with pytest.raises(OptionError, match="cannot read"):
        read_config(tmp_path / "none.yaml", "ecn")
    with pytest.raises(DatasetError, match="does not exist"):
        data_folder(tmp_path / "none")
    with pytest.raises(DatasetError, match="unknown split"):
        datasets.read_mp20(tmp_path, "all")
    with pytest.raises(DatasetError, match="does not exist"):
        datasets.read_mp20(tmp_path, "val")


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("training/configs/*.yaml"), *ROOT.glob("reproduce/configs/*.yaml")],
    ids=lambda path: f"{path.parents[1].name}-{path.stem}",
)
def test_our_configurations_are_valid(path: Path) -> None:
    assert read_config(path, path.stem.split("_")[0] if "ecn_pes" not in path.stem else "pes")
