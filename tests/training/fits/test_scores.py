from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from toys import random_cells

from ase_ecn.crystal import as_crystal
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.symmetry.colours import Motif
from ase_ecn.training.data.cache import subset
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.fits.fit_ecn import labelled_graphs_for
from ase_ecn.training.fits.scores import denoising_scores, network_outputs


def test_scores_say_what_was_removed_and_what_remains() -> None:
    noisy, true = random_cells(3)
    nothing, everything = denoising_scores(noisy, noisy, true), denoising_scores(noisy, true, true)
    assert nothing["lengths_improvement"] == nothing["angles_removed"] == 0
    assert everything["lengths_removed"] == everything["angles_removed"] == 1
    assert everything["volume_error"] == pytest.approx(0, abs=1e-12)
    assert everything["log_strain"] == pytest.approx(0, abs=1e-7)
    larger = denoising_scores(noisy, 1.02 * true, true)
    assert larger["volume_error"] == pytest.approx(1.02**3 - 1)
    assert larger["log_strain"] == pytest.approx(np.sqrt(3) * np.log(1.02))


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
