from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from toys import ECN_CONFIG, run_fit

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.symmetry.colours import Motif
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.cache import subset
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.elements import network_properties
from ase_ecn.training.fits.fit_ecn import (
    labelled_graphs_for,
    twin_differences,
)
from ase_ecn.training.fits.scores import network_outputs


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


@pytest.mark.parametrize("cells", [False, True])
def test_outputs_keep_the_order_of_their_crystals_and_atoms(
    cells: bool, prototypes: dict[str, Atoms]
) -> None:
    """Although P-1 has 24 views of a cubic lattice and one of a triclinic one."""
    torch.manual_seed(0)
    targets: dict[str, Any] = {"crystal_targets": ("energy",), "site_targets": ("moment",)}
    motif: Motif = "fixed" if cells else "free"
    shape: dict[str, Any] = {"width": 8, "layers": 2, "cell_encoding": cells, "motif": motif}
    config = ECNConfig(**targets, **shape, messages="coloured", group="P-1")
    model = ECN(config).eval()
    crystals = [as_crystal(prototypes[name]) for name in ("rocksalt", "triclinic", "hcp", "bcc")]
    graphs = labelled_graphs_for(Dataset("mixed", list("abcd"), crystals), config)
    together = network_outputs(model, graphs, "cpu", batch_size=2)
    alone = [network_outputs(model, subset(graphs, np.array([k])), "cpu") for k in range(4)]
    for name, values in together.items():
        expected = np.concatenate([outputs[name] for outputs in alone])
        assert np.ptp(values) > 1e-3
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


def test_targets_without_labels_are_refused(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "c.yaml").write_text(ECN_CONFIG.replace("metal]", "metal, heat_all]"))
    arguments = ["--config", str(toy / "c.yaml"), "--data", str(toy / "data")]
    assert main(["fit-ecn", *arguments, "--out", str(toy / "out"), "--device", "cpu"]) == 1
    message = "no labels of crystals called 'heat_all'; there are formation_energy, band_gap"
    assert message in capsys.readouterr().err
