"""The fit of the SO(3)-equivariant network."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from ase.build import bulk
from emt_labels import alloys, labelled, row, write

from ase_ecn import ECNCalculator, predict
from ase_ecn.errors import DatasetError, OptionError, UnsupportedElementError
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_network import forces_and_stress
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.labels import FurtherLabels, LabelData, packed_labels, read_labels
from ase_ecn.training.fits.config import SO3Configuration
from ase_ecn.training.fits.fit_so3 import batch_loss, fit_so3, label_sources, set_units
from ase_ecn.training.fits.loop import FitOptions
from ase_ecn.training.fits.loss_weights import LabelWeights
from ase_ecn.training.fits.optimizers import OPTIMIZERS, SOAP

MODEL = SO3ECNConfig(widths=(16, 16, 16), layers=2, cutoff=4.0, target="potential_energy")
WEIGHTS = LabelWeights()


@pytest.fixture
def labels(tmp_path, monkeypatch):
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    return write(tmp_path / "labels.jsonl.gz", labelled(40))


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
            torch.cat(errors).mean() * WEIGHTS.energy
            + (forces - moved.forces).norm(dim=1).mean() * WEIGHTS.forces
            + ((stress - moved.stress).abs() / 0.006241509).mean() * WEIGHTS.stress
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


def test_labels_without_stress_are_fitted_all_the_same(tmp_path):
    rows = [row(a, f"s{k}", stress_eV_A3=None) for k, a in enumerate(alloys(4))]
    path = write(tmp_path / "labels.jsonl.gz", rows)
    packed = packed_labels("y", read_labels(path), 4.0, "potential_energy", tmp_path)
    network = SO3ECN(MODEL)
    loss = batch_loss(network, packed.batch(np.arange(4)), None, WEIGHTS)
    gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
    assert all(g.isfinite().all() for g in gradients if g is not None)


def config(labels, epochs, optimizer="adamw"):
    fit = FitOptions(
        epochs=epochs,
        batch_size=8,
        learning_rate=5e-3 if optimizer == "adamw" else 2e-2,
        ema_decay=0.9,
        clip=10.0,
        optimizer=optimizer,
    )
    return SO3Configuration(
        name="toy",
        data=LabelData(str(labels), validation=0),
        model=MODEL,
        fit=fit,
        with_forces=4,
        batches_per_epoch=10,
    )


@pytest.mark.parametrize(
    "optimizer", [SOAP, *(pytest.param(o, marks=pytest.mark.slow) for o in OPTIMIZERS if o != SOAP)]
)
def test_a_fit_learns_and_goes_on_to_the_same_weights(labels, tmp_path, optimizer, monkeypatch):
    wanted = config(labels, 6, optimizer)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    calls = []

    def noting(*arguments):
        calls.append(1)
        if len(calls) == 45:  # in the fifth epoch: what a fit leaves that ends here
            shutil.copytree(whole, stopped)
        return batch_loss(*arguments)

    monkeypatch.setattr("ase_ecn.training.fits.fit_so3.batch_loss", noting)
    model, result, sources = fit_so3(wanted, None, whole, "cpu")
    curve = np.loadtxt(whole / "curve.csv", delimiter=",", skiprows=1)
    assert curve[-1, 2] < 0.5 * curve[0, 2]
    assert result.epochs == 6
    assert [len(source.labels) for source in sources] == [40]
    assert len(calls) == 60
    again, _, _ = fit_so3(wanted, None, stopped, "cpu")
    assert len(calls) == 60 + 20
    for name, weights in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], weights, rtol=0, atol=0)


def test_each_batch_has_some_of_further_labels(labels, tmp_path):
    """Also of crystals without forces; compositions that are left out never come."""
    rows = [row(a, f"f{k}", forces_eV_A=None, stress_eV_A3=None) for k, a in enumerate(alloys(12))]
    further = write(tmp_path / "further.jsonl.gz", rows)
    (tmp_path / "held_out.txt").write_text("Cu\nCuAu\n")
    data = LabelData(
        str(labels),
        further=(FurtherLabels(str(further), 6, with_forces=2),),
        without=(str(tmp_path / "held_out.txt"),),
    )
    wanted = replace(config(labels, 1), data=data)
    main_source, second = label_sources(wanted, None)
    for source, moved, still in ((main_source, 4, 4), (second, 2, 4)):
        numbers = set()
        for seed in range(20):
            parts = source.draw(np.random.default_rng(seed))
            assert [len(part.energy) for part in parts] == [moved, still]
            for part in parts:
                numbers |= {tuple(sorted(cell)) for cell in part.graph.numbers.view(-1, 4).tolist()}
        assert numbers == {(29, 29, 29, 79), (29, 79, 79, 79)}
    seen = []

    def noting(network, moved, still, weights):
        seen.append((len(moved.energy), len(still.energy)))
        return batch_loss(network, moved, still, weights)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ase_ecn.training.fits.fit_so3.batch_loss", noting)
        fit_so3(wanted, None, tmp_path / "run", "cpu")
    assert set(seen) == {(6, 8)}


def test_labels_of_which_none_is_left_are_refused(labels, tmp_path):
    (tmp_path / "all.txt").write_text("Cu\nCuAu\nCu3Au\nCuAu3\n")
    data = LabelData(str(labels), without=(str(tmp_path / "all.txt"),))
    with pytest.raises(DatasetError, match="are left to train on"):
        label_sources(replace(config(labels, 1), data=data), None)


def test_the_teachers_labels_need_the_data(labels):
    wanted = replace(config(labels, 1), data=LabelData("teacher"))
    with pytest.raises(OptionError, match="need the folder of data sets"):
        fit_so3(wanted, None, labels.parent, "cpu")


def test_the_command_makes_a_checkpoint_that_predicts_forces(labels, tmp_path):
    (tmp_path / "c.yaml").write_text(
        f"network: so3\nname: copper-gold\ndata: {{name: {labels}}}\n"
        "model: {widths: [16, 16, 16], layers: 2, cutoff: 4.0, target: potential_energy}\n"
        "fit: {epochs: 2, batch_size: 8}\nwith_forces: 4\nbatches_per_epoch: 5\n"
    )
    arguments = ["--config", str(tmp_path / "c.yaml"), "--data", str(tmp_path)]
    assert main(["fit-so3", *arguments, "--out", str(tmp_path), "--device", "cpu"]) == 0
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.05, seed=1)
    atoms.calc = ECNCalculator(tmp_path / "copper-gold.safetensors", device="cpu")
    assert atoms.get_forces().shape == (4, 3)
    assert atoms.get_stress().shape == (6,)
    alone = predict(atoms, checkpoint=tmp_path / "copper-gold.safetensors", forces=False)[0]
    assert alone.potential_energy == pytest.approx(atoms.get_potential_energy() / 4, abs=1e-5)
    assert "forces" not in alone
    with pytest.raises(UnsupportedElementError, match="supported are: Cu Au"):
        atoms.calc.set_atoms(bulk("Ag"))
