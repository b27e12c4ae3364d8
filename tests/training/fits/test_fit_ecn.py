from __future__ import annotations

from pathlib import Path

import pytest
import torch
from toys import ECN_CONFIG, run_fit

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.elements import network_properties
from ase_ecn.training.fits.fit_ecn import (
    twin_differences,
)


def test_properties_of_the_elements_go_into_the_checkpoint(toy: Path) -> None:
    run_fit(toy, "ecn", ECN_CONFIG.replace("width", "features: properties, width"))
    model = load_checkpoint(toy / "run" / "toy.safetensors").model
    expected = torch.as_tensor(network_properties(), dtype=torch.float32)
    torch.testing.assert_close(model.embedding.table, expected)
    assert model.embedding.properties[0].weight.abs().max() > 0


def test_twins_are_compared_with_their_originals() -> None:
    outputs = {"a": torch.tensor([1.0, 2.0, 3.0, 1.5, 2.0]), "b": torch.zeros(5)}
    difference = twin_differences(outputs, torch.tensor([0, 2]), {"a": 2.0, "b": 1.0})
    assert difference.item() == pytest.approx((0.5 + 1.0) / 2 / 2)


def test_targets_without_labels_are_refused(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "c.yaml").write_text(ECN_CONFIG.replace("metal]", "metal, heat_all]"))
    arguments = ["--config", str(toy / "c.yaml"), "--data", str(toy / "data")]
    assert main(["fit-ecn", *arguments, "--out", str(toy / "out"), "--device", "cpu"]) == 1
    message = "no labels of crystals called 'heat_all'; there are formation_energy, band_gap"
    assert message in capsys.readouterr().err
