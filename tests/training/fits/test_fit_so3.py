"""The fit of the SO(3)-equivariant network."""

import numpy as np
import pytest
import torch
from emt_labels import alloys, row, write

from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.network import SO3ECN, SO3ECNConfig, forces_and_stress
from ase_ecn.training.data.labels import packed_labels, read_labels
from ase_ecn.training.fits.fit_so3 import (
    SO3FitConfig,
    batch_loss,
    config_from_dict,
    fit_so3,
    set_units,
)
from ase_ecn.training.fits.loop import FitOptions

MODEL = SO3ECNConfig(widths=(16, 16, 16), layers=2, cutoff=4.0, target="potential_energy")
WEIGHTS = (1.0, 0.1, 0.01)


@pytest.fixture
def labels(tmp_path, monkeypatch):
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    rows = [row(atoms, f"source-{k}") for k, atoms in enumerate(alloys(40))]
    return write(tmp_path / "labels.jsonl.gz", rows)


def test_the_gradient_is_that_of_the_loss(labels, tmp_path):
    """Against finite differences in float64, of a loss with forces and stresses."""
    packed = packed_labels("x", read_labels(labels), 4.0, "potential_energy", tmp_path)
    torch.manual_seed(0)
    network = SO3ECN(MODEL)
    set_units(network, packed, np.arange(20))
    network.double()
    parts = []
    for indices in (np.arange(3), np.arange(3, 5)):
        batch = packed.batch(indices)
        batch.graph.__dict__.update(batch.graph.to("cpu", torch.float64).__dict__)
        parts.append(batch)

    def plain_loss():
        moved, still = parts
        found = network.derivatives(moved.graph)
        forces, stress = forces_and_stress(moved.graph, found.pulls)
        errors = [
            (found.energies / moved.graph.atom_counts - moved.energy).abs(),
            (network.energies(still.graph) / still.graph.atom_counts - still.energy).abs(),
        ]
        return (
            torch.cat(errors).mean() * WEIGHTS[0]
            + (forces - moved.forces).norm(dim=1).mean() * WEIGHTS[1]
            + ((stress - moved.stress).abs() / 0.006241509).mean() * WEIGHTS[2]
        ).item()

    loss = batch_loss(network, *parts, WEIGHTS)
    assert loss.item() == pytest.approx(plain_loss(), rel=1e-5)
    gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
    rng = torch.Generator().manual_seed(0)
    for (name, parameter), gradient in zip(network.named_parameters(), gradients, strict=True):
        if gradient is None:
            continue
        step = torch.randn(parameter.shape, generator=rng, dtype=torch.float64) * 1e-6
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter += sign * step
            ends.append(plain_loss())
            with torch.no_grad():
                parameter -= sign * step
        expected = (ends[0] - ends[1]) / 2
        assert (gradient * step).sum().item() == pytest.approx(expected, rel=2e-4, abs=1e-11), name


def config(labels, epochs):
    fit = FitOptions(epochs=epochs, batch_size=8, learning_rate=5e-3, ema_decay=0.9, clip=10.0)
    return SO3FitConfig(str(labels), MODEL, fit, with_forces=4, batches_per_epoch=10, validation=0)


def test_a_fit_learns_and_goes_on_to_the_same_weights(labels, tmp_path):
    model, result, packed = fit_so3(config(labels, 6), None, tmp_path / "whole", "cpu")
    curve = np.loadtxt(tmp_path / "whole" / "curve.csv", delimiter=",", skiprows=1)
    assert curve[-1, 2] < 0.5 * curve[0, 2]
    assert result.epochs == 6
    assert len(packed) == 40
    # Stopped by an error in the fourth epoch, and started again.
    calls = []

    class Stop(Exception):
        pass

    def stopping(*arguments):
        calls.append(1)
        if len(calls) == 35:
            raise Stop
        return batch_loss(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ase_ecn.training.fits.fit_so3.batch_loss", stopping)
        with pytest.raises(Stop):
            fit_so3(config(labels, 6), None, tmp_path / "stopped", "cpu")
    again, _, _ = fit_so3(config(labels, 6), None, tmp_path / "stopped", "cpu")
    for name, weights in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], weights, rtol=0, atol=0)


def test_misspelt_keys_and_impossible_values_are_refused(labels):
    with pytest.raises(OptionError, match="'widht' in model; known are widths"):
        config_from_dict({"network": "so3", "name": "x", "model": {"widht": [16, 16, 16]}})
    with pytest.raises(OptionError, match="with_forces must be between 0 and batch_size, 8"):
        SO3FitConfig(str(labels), MODEL, FitOptions(epochs=1, batch_size=8), with_forces=9)
    with pytest.raises(OptionError, match="need the folder of data sets"):
        fit_so3(SO3FitConfig(), None, labels.parent, "cpu")
