from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from toys import toy_dataset

from ase_ecn import ECNCalculator
from ase_ecn.checkpoint import read_card, save_checkpoint
from ase_ecn.errors import CheckpointError, OptionError
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.training import fit_to_labels
from ase_ecn.training.__main__ import main
from ase_ecn.training.fit_user import user_config
from ase_ecn.training.fits.config import ECNConfiguration
from ase_ecn.training.release.evaluate import evaluate


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
    # From Python the same, without a file.
    fitted = fit_to_labels(images, "hardness", "GPa", epochs=2, out=tmp_path / "again")
    assert fitted.checkpoint == tmp_path / "again" / "hardness.safetensors"
    card, again = (
        read_card(tmp_path / n / "hardness.safetensors").content for n in ("out", "again")
    )
    assert again["split"] == card["split"]
    assert again["configuration"] == card["configuration"]
    for scores in (fitted.scores, again["test"]):  # files round positions
        assert scores == pytest.approx(card["test"], rel=1e-3)
    assert again["training_command"].startswith("fit_to_labels(crystals, 'hardness', 'GPa'")
    with pytest.raises(OptionError, match="not among the data sets"):
        evaluate(fitted.checkpoint, tmp_path)


@pytest.mark.parametrize("per_site", [False, True])
def test_a_configuration_makes_a_network(per_site: bool) -> None:
    config = user_config("bulk_modulus", "GPa", per_site, epochs=7, seed=5)
    model = ECN(config.model)
    assert model.targets == ("bulk_modulus",)
    assert bool(model.config.site_targets) == per_site
    assert (config.fit.epochs, config.fit.seed) == (7, 5)
    assert config.units == {"bulk_modulus": "GPa"}
    assert ECNConfiguration.from_dict(config.to_dict()) == config
    assert config.init is None


def test_a_configuration_takes_the_architecture_of_a_checkpoint(tmp_path: Path) -> None:
    started = ECN(ECNConfig(("band_gap", "metal"), ("site_moments",), layers=2))
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, started, {"name": "c", "elements": [1]})
    config = user_config("bulk_modulus", "GPa", False, init=str(path))
    assert config.init == str(path)
    model = ECN(config.model)
    assert model.targets == ("bulk_modulus",)
    # The same body, whatever the heads.
    bodies = [
        {k: v.shape for k, v in network.state_dict().items() if _is_body(k)}
        for network in (started, model)
    ]
    assert bodies[0] == bodies[1]
    assert read_card(path).content["architecture"]["crystal_targets"] == ["band_gap", "metal"]


def test_impossible_configurations_are_refused(tmp_path: Path, small_empnn: EMPNN) -> None:
    for name in ("bulk modulus", "1st", "_hidden", "", "keys", "type", "a.b"):
        with pytest.raises(OptionError, match="cannot be the name of a property"):
            user_config(name, "GPa", False)
    with pytest.raises(OptionError, match="epochs is 0"):
        user_config("gap", "eV", False, epochs=0)
    save_checkpoint(tmp_path / "e.safetensors", small_empnn, {"name": "e", "elements": [1]})
    with pytest.raises(CheckpointError, match="empnn, not of ecn"):
        user_config("gap", "eV", False, init=str(tmp_path / "e.safetensors"))


def _is_body(key: str) -> bool:
    return not key.startswith(("heads.", "shift", "scale"))
