"""A wider network that begins as a narrower one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk
from random_gains import vary_gains

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import CheckpointError
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.training.fits.start import start_from
from ase_ecn.training.fits.widen import widened

CONFIG = SO3ECNConfig(
    widths=(32, 16, 16),
    layers=3,
    cutoff=4.5,
    crystal_targets=("band_gap", "metal", "magnetization"),
    site_targets=("site_moments",),
    element_gains=True,
    repulsion=0.5,
)


def crystals() -> list[Crystal]:
    atoms = [bulk("NaCl", "rocksalt", a=5.6), bulk("ZnS", "wurtzite", a=3.8, c=6.2)]
    for k, a in enumerate(atoms):
        a.rattle(0.1, seed=k)
    return [as_crystal(a) for a in atoms]


def network(config: SO3ECNConfig = CONFIG) -> SO3ECN:
    """Weights that differ between channels, as a fit would leave them."""
    torch.manual_seed(0)
    made = SO3ECN(config).double().eval()
    vary_gains(made)
    for name, weight in made.named_parameters():
        if ".norm." in name or name.endswith("bias"):
            torch.nn.init.normal_(weight, mean=1.0, std=0.2)
    return made


@pytest.mark.parametrize("widths", [(48, 32, 16), (64, 32, 32), (112, 48, 16), (32, 16, 48)])
def test_a_wider_network_computes_the_same(widths: tuple[int, ...]) -> None:
    narrow = network()
    wide = widened(narrow, widths)
    assert wide.config == replace(CONFIG, widths=widths)
    expected = narrow.predict(narrow.graphs(crystals()))
    found = wide.predict(wide.graphs(crystals()))
    assert set(found) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-9, msg=name)


@pytest.mark.parametrize("change", [{"widths": (32, 16, 16, 16)}, {"classes": "colours"}])
def test_all_degrees_and_classes_of_bonds_are_widened(change: dict[str, object]) -> None:
    narrow = network(replace(CONFIG, **change))  # type: ignore[arg-type]
    for name, weight in narrow.named_parameters():
        if name.endswith("differences"):
            torch.nn.init.normal_(weight, std=0.3)
    wide = widened(narrow, tuple(w + 16 for w in narrow.config.widths))
    expected = narrow.predict_without_forces(narrow.graphs(crystals()))
    found = wide.predict_without_forces(wide.graphs(crystals()))
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-9, msg=name)


def test_further_channels_learn_and_copies_learn_different_things() -> None:
    """Else the wider network would stay the narrower one for ever."""
    wide = widened(network(), (64, 32, 32)).train()
    graph = wide.graphs(crystals()).batch
    wide.energies(graph).sum().backward()
    for layer in wide.interactions:
        # Sums over the neighbours of fresh channels begin without a reader, which has a gradient.
        readers = layer.after["0"].weight
        unread = readers.abs().amax(dim=1) == 0
        assert unread.sum() == readers.shape[0] // 2
        assert readers.grad is not None
        assert (readers.grad[unread].abs().amax(dim=1) > 0).all()
        # Scalars of the layer are copies.
        first, second = readers.grad[~unread][:, :32], readers.grad[~unread][:, 32:64]
        assert ((first - second).norm(dim=0) > 0.1 * first.norm(dim=0)).all()


def test_a_network_that_is_not_narrower_stays() -> None:
    narrow = network()
    for widths in ((32, 16, 16), (16, 32, 32), (64, 32, 32, 32)):
        assert widened(narrow, widths) is narrow


def test_a_fit_may_start_from_a_narrower_checkpoint(tmp_path: Path) -> None:
    narrow = network().float()
    path = tmp_path / "narrow.safetensors"
    content = {"name": "narrow", "version": "v1", "elements": [11], "properties": {}}
    save_checkpoint(path, narrow, content)
    wide = SO3ECN(replace(CONFIG, widths=(48, 32, 16))).eval()
    start_from(wide, str(path))
    before = narrow.energies_alone(crystals(), forces=True)
    after = wide.energies_alone(crystals(), forces=True)
    assert before is not None
    assert after is not None
    np.testing.assert_allclose(after.values, before.values, atol=1e-4)
    np.testing.assert_allclose(wide.element_energies, narrow.element_energies)
    # The other way round channels would be lost.
    save_checkpoint(path, wide, content)
    with pytest.raises(CheckpointError, match="architecture"):
        start_from(SO3ECN(CONFIG), str(path))
