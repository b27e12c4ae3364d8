from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.io import write
from torch import nn
from toys import toy_dataset

from ase_ecn import ECNCalculator, LatticeRelaxer
from ase_ecn.checkpoint import load_checkpoint, read_card
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CheckpointError, DatasetError, OptionError
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.symmetry.colours import Motif
from ase_ecn.training.__main__ import main, read_config
from ase_ecn.training.data import datasets, ecn_data
from ase_ecn.training.data.alignment import aligned_formation_energies
from ase_ecn.training.data.cache import cached_dataset, concatenate, labelled_graphs, subset
from ase_ecn.training.data.datasets import Dataset, data_folder, split_by_composition
from ase_ecn.training.data.ecn_data import load_ecn_data
from ase_ecn.training.data.elements import network_properties
from ase_ecn.training.fits.fit_ecn import (
    labelled_graphs_for,
    network_outputs,
    twin_differences,
)
from ase_ecn.training.fits.loop import FitOptions, Task, fit, shuffled_batches, start_from
from ase_ecn.training.fits.losses import lattice_loss, multitask_loss
from ase_ecn.training.fits.metrics import (
    lattice_parameter_errors,
    mean_absolute_error,
    niggli_basis,
    precision,
    relative_length_errors,
    roc_auc,
)
from ase_ecn.training.fits.noise import NoiseSchedule, gaussian_noise
from ase_ecn.training.release.supercell_jump import supercell_jumps

ROOT = Path(__file__).parents[1]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(datasets.READERS, "perov_5", lambda data, split: toy_dataset())
    (tmp_path / "data").mkdir()
    return tmp_path


FIT = "fit: {epochs: 3, batch_size: 8, learning_rate: 0.01, ema_decay: 0.5}\n"
ECN_CONFIG = (
    "network: ecn\nname: toy\ndata: {name: perov_5}\n"
    "model: {crystal_targets: [formation_energy, band_gap, metal], width: 16, layers: 2}\n"
) + FIT
EMPNN_CONFIG = (
    "network: empnn\nname: toy\ndata: {name: perov_5}\n"
    "model: {features: 16, plain_layers: 1, deforming_layers: 2}\n"
) + FIT


def run(folder: Path, network: str, config: str, out: str = "run") -> Path:
    (folder / "c.yaml").write_text(config)
    arguments = ["--config", str(folder / "c.yaml"), "--data", str(folder / "data")]
    status = main([f"fit-{network}", *arguments, "--out", str(folder / out), "--device", "cpu"])
    assert status == 0
    return folder / out / "toy.safetensors"


def test_an_ecn_is_fitted_saved_evaluated_and_used(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = run(toy, "ecn", ECN_CONFIG)
    curve = (toy / "run" / "curve.csv").read_text().splitlines()
    assert len(curve) == 4
    assert "formation_energy_mae" in curve[0]
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.calc = ECNCalculator(weights)
    assert np.isfinite(atoms.get_potential_energy())
    assert atoms.calc.properties == ("formation_energy", "band_gap", "metal_probability")
    with pytest.raises(ValueError, match="supported are"):
        bulk("Cu").calc = atoms.calc
    arguments = ["evaluate", str(weights), "--data", str(toy / "data"), "--write"]
    assert main([*arguments, "--device", "cpu"]) == 0
    assert "formation_energy_mae" in capsys.readouterr().out
    test = atoms.calc.predictor.card.content["test"]
    assert test == {}  # loaded before the evaluation
    assert "metal_auc" in ECNCalculator(weights).predictor.card.content["test"]


def test_properties_of_the_elements_go_into_the_checkpoint(toy: Path) -> None:
    run(toy, "ecn", ECN_CONFIG.replace("width", "features: properties, width"))
    model = load_checkpoint(toy / "run" / "toy.safetensors").model
    expected = torch.as_tensor(network_properties(), dtype=torch.float32)
    torch.testing.assert_close(model.embedding.table, expected)
    assert model.embedding.properties[0].weight.abs().max() > 0


def test_an_empnn_is_fitted_saved_evaluated_and_used(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = run(toy, "empnn", EMPNN_CONFIG)
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    LatticeRelaxer(atoms, checkpoint=weights, device="cpu", logfile=None).run(steps=2)
    assert main(["evaluate", str(weights), "--data", str(toy / "data"), "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "lengths_improvement" in out
    assert "relaxed_moved_mean" in out


def test_a_fit_to_the_validation_split_too_holds_nothing_out(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = run(toy, "ecn", ECN_CONFIG.replace("perov_5}", "perov_5, with_val: true}"))
    card = read_card(weights).content
    assert card["split"]["crystals"] == {"train": 48}
    assert "training and validation parts together" in card["split"]["name"]
    assert card["validation"] == {}
    assert "mae" not in (toy / "run" / "curve.csv").read_text()
    averaged = torch.load(toy / "run" / "state.pt", weights_only=True)["average"]
    for name, weight in load_checkpoint(weights).model.state_dict().items():
        assert torch.equal(weight, averaged[f"module.{name}"])
    evaluation = ["evaluate", str(weights), "--data", str(toy / "data"), "--device", "cpu"]
    assert main(evaluation) == 0
    assert main([*evaluation, "--split", "val"]) == 1
    assert "no validation split is held out" in capsys.readouterr().err


def test_results_go_to_runs_by_default(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(toy)
    (toy / "c.yaml").write_text(ECN_CONFIG)
    arguments = ["--config", "c.yaml", "--data", "data", "--device", "cpu"]
    assert main(["fit-ecn", *arguments]) == 0
    assert (toy / "runs" / "toy" / "toy.safetensors").is_file()


def test_an_interrupted_fit_goes_on_to_the_same_weights(toy: Path) -> None:
    whole = run(toy, "ecn", ECN_CONFIG, "whole").read_bytes()
    part = toy / "part"
    interrupted = False

    def stop(*_: Any, **__: Any) -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    import ase_ecn.training.fits.loop as loop

    original = loop._append_row
    try:
        loop._append_row = lambda path, row: (original(path, row), row["epoch"] == 2 and stop())
        with pytest.raises(KeyboardInterrupt):
            run(toy, "ecn", ECN_CONFIG, "part")
    finally:
        loop._append_row = original
    assert interrupted
    assert (part / "state.pt").is_file()
    assert run(toy, "ecn", ECN_CONFIG, "part").read_bytes() == whole


def _line(options: FitOptions, out: Path, noise: float = 0.0) -> tuple[nn.Module, Any]:
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 64)[:, None]
    y = 3 * x + 1
    model = nn.Linear(1, 1)
    task: Task[Any] = Task(
        batches=lambda rng: ((x[i], y[i]) for i in shuffled_batches(64, 16, rng)),
        batches_per_epoch=4,
        loss=lambda m, b: (m(b[0]) - b[1]).abs().mean(),
        validate=lambda m: {"mae": float((m(x) - y).abs().mean()) + noise},
        monitor="mae",
    )
    return model, fit(model, task, options, out)


def test_the_loop_learns_a_line(tmp_path: Path) -> None:
    options = FitOptions(epochs=60, learning_rate=0.1, weight_decay=0.0, ema_decay=0.9)
    _, result = _line(options, tmp_path)
    assert result.validation["mae"] < 0.05
    assert result.weights["weight"].item() == pytest.approx(3, abs=0.1)


def test_the_average_of_a_short_fit_forgets_where_it_began(tmp_path: Path) -> None:
    """240 steps, with a decay that spans a thousand."""
    options = FitOptions(epochs=60, learning_rate=0.1, weight_decay=0.0)
    _, result = _line(options, tmp_path)
    assert options.ema_decay == 0.999
    assert result.validation["mae"] < 0.05


def test_the_loop_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    options = FitOptions(epochs=60, learning_rate=0.1, patience=3)
    _, result = _line(options, tmp_path, noise=float("nan"))
    assert result.epochs == 3


def test_batches_hold_everything_once() -> None:
    parts = list(shuffled_batches(10, 4, np.random.default_rng(0)))
    assert [len(p) for p in parts] == [4, 4, 2]
    assert sorted(np.concatenate(parts)) == list(range(10))


def test_missing_labels_count_for_nothing() -> None:
    outputs = {"a": torch.tensor([1.0, 5.0]), "metal": torch.tensor([9.0, -9.0])}
    labels = {"a": torch.tensor([2.0, np.nan]), "metal": torch.tensor([np.nan, np.nan])}
    loss = multitask_loss(outputs, labels, {"a": 2.0}, {"a": 3.0}, frozenset({"metal"}))
    assert loss.item() == pytest.approx(3 * 1.0 / 2)


def test_lattice_loss_knows_no_rotation_and_no_basis() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=(1, 3, 3)) + 4 * np.eye(3)
    noisy = gaussian_noise(true, 0.1, rng)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    basis = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    losses = [
        lattice_loss(torch.tensor(a), torch.tensor(b)).item()
        for a, b in (
            (noisy, true),
            (noisy @ rotation, true),
            (noisy, true @ rotation),
            (basis @ noisy, basis @ true),
        )
    ]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-10)
    assert lattice_loss(torch.tensor(true), torch.tensor(true)).item() < 1e-4
    stretched = lattice_loss(torch.tensor(true), torch.tensor(true * 1.001)).item()
    assert stretched == pytest.approx(2 * 0.001 * np.sqrt(3), rel=1e-2)


def test_noise_has_the_stated_strength() -> None:
    cells = np.tile(np.eye(3) * 5, (4000, 1, 1))
    strain = gaussian_noise(cells, 0.01, np.random.default_rng(0)) / 5 - np.eye(3)
    assert strain.std() == pytest.approx(0.01, rel=0.03)
    same = NoiseSchedule().apply(cells, np.random.default_rng(1))
    np.testing.assert_array_equal(same, NoiseSchedule().apply(cells, np.random.default_rng(1)))
    size = np.linalg.norm(same / 5 - np.eye(3), axis=(1, 2))
    assert (size < 0.02).mean() > 0.05
    assert (size > 0.2).mean() > 0.1


def test_metrics() -> None:
    truth = np.array([1.0, np.nan, 3.0])
    assert mean_absolute_error(np.array([2.0, 0.0, 3.0]), truth) == 0.5
    positive = np.array([True, False, True, False])
    assert roc_auc(np.array([0.9, 0.1, 0.8, 0.2]), positive) == 1.0
    assert roc_auc(np.full(4, 0.5), positive) == 0.5
    assert np.isnan(roc_auc(np.ones(2), np.array([True, True])))
    assert precision(positive, np.array([True, True, False, False])) == 0.5
    cells = np.stack([np.diag([4.0, 5.0, 6.0])] * 2)
    other = cells * np.array([1.0, 1.1])[:, None, None]
    lengths, angles = lattice_parameter_errors(other, cells)
    np.testing.assert_allclose(lengths, [0, 0.5])
    np.testing.assert_allclose(angles, 0, atol=1e-9)
    np.testing.assert_allclose(relative_length_errors(other, cells), [0, 0.1])


def test_niggli_basis_is_unimodular_and_reduces() -> None:
    cell = np.array([[1, 0, 0], [5, 1, 0], [-3, 2, 1]]) @ bulk("Cu").cell[:]
    basis = niggli_basis(cell)
    assert abs(round(np.linalg.det(basis))) == 1
    np.testing.assert_allclose(np.linalg.norm(basis @ cell, axis=1), 3.61 / np.sqrt(2), rtol=1e-9)


def test_fermi_levels_are_a_data_set_and_join_others(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    salts = [as_crystal(bulk("NaCl", "rocksalt", a=a)) for a in (5.2, 5.6, 6.0)]
    levels = Dataset("fermi", list("abc"), salts, {"fermi_level": np.arange(3.0)})
    monkeypatch.setitem(ecn_data.READERS, "fermi", lambda data, split: levels)
    model = {"crystal_targets": ["fermi_level"], "site_targets": []}
    alone = load_ecn_data(toy, {"data": {"name": "fermi"}, "model": model}, "train")
    assert alone.targets["fermi_level"].tolist() == [0, 1, 2]
    joined = load_ecn_data(toy, {"data": {"name": "perov_5"}, "model": model}, "train")
    known = ~np.isnan(joined.targets["fermi_level"])
    assert known.sum() == 3
    assert len(joined.graphs) > 3


def test_labels_of_repeated_atoms_are_averaged() -> None:
    doubled = as_crystal(bulk("NaCl", "rocksalt", a=5.64) * (2, 1, 1))
    dataset = Dataset("x", ["a"], [doubled], {}, {"site_moments": np.array([1.0, 5.0, 3.0, 7.0])})
    labelled = labelled_graphs(dataset, "voronoi")
    assert len(labelled.graphs.numbers) == 2
    assert sorted(labelled.site_targets["site_moments"]) == [2.0, 6.0]


def test_joined_sets_keep_their_labels() -> None:
    toy = labelled_graphs(toy_dataset(4), "voronoi")
    sites = Dataset("y", ["a"], [as_crystal(bulk("Fe"))], {}, {"site_moments": np.array([2.2])})
    joined = concatenate(toy, labelled_graphs(sites, "voronoi"))
    assert len(joined.graphs) == 5
    np.testing.assert_allclose(
        joined.targets["formation_energy"][:4], toy.targets["formation_energy"]
    )
    assert np.isnan(joined.targets["formation_energy"][4])
    assert joined.site_targets["site_moments"][-1] == 2.2
    batch = joined.graphs.batch(np.array([4, 0]))
    assert batch.numbers.tolist()[0] == 26
    assert batch.atom_counts.tolist() == [1, 2]


def test_cache_returns_what_was_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path))
    made = []

    def make() -> Dataset:
        made.append(1)
        return toy_dataset(3)

    first, second = cached_dataset("toy", make), cached_dataset("toy", make)
    assert len(made) == 1
    assert first.ids == second.ids == ["0", "1", "2"]
    np.testing.assert_array_equal(second.crystals[1].cell, make().crystals[1].cell)
    np.testing.assert_array_equal(second.targets["band_gap"], make().targets["band_gap"])


def test_one_composition_is_in_one_part_only() -> None:
    parts = split_by_composition(toy_dataset(48))
    formulas = [
        {datasets.reduced_formula(c.numbers) for c in part.crystals} for part in parts.values()
    ]
    assert sum(len(p) for p in parts.values()) == 48
    assert not formulas[0] & formulas[1]
    assert not formulas[0] & formulas[2]
    numbers = Atoms("Na2Cl2").numbers
    assert datasets.reduced_formula(numbers) == datasets.reduced_formula(Atoms("ClNa").numbers)


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


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "count", "atoms"),
    [("mp_20", "test", 9046, 20), ("perov_5", "val", 3787, 5), ("carbon_24", "test", 2030, 24)],
)
def test_public_data_sets_are_read(
    data: Path, name: str, split: str, count: int, atoms: int
) -> None:
    dataset = datasets.READERS[name](data, split)
    assert len(dataset) == count == len(set(dataset.ids))
    assert max(len(c) for c in dataset.crystals) == atoms
    for labels in dataset.targets.values():
        assert len(labels) == count
        assert np.isfinite(labels).mean() > 0.9


def test_a_fit_may_start_from_a_checkpoint(toy: Path) -> None:
    first = run(toy, "empnn", EMPNN_CONFIG, "first")
    still = EMPNN_CONFIG.replace("learning_rate: 0.01", "learning_rate: 1.0e-12")
    second = run(toy, "empnn", f"init: {first}\n{still}", "second")
    one, two = load_checkpoint(first).model, load_checkpoint(second).model
    for a, b in zip(one.parameters(), two.parameters()):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)
    assert read_card(second).content["init"]["sha256"] == read_card(first).sha256
    with pytest.raises(CheckpointError, match="architecture"):
        start_from(two, "empnn-mp20")


def test_a_fit_that_starts_from_an_ensemble_names_its_first_member(toy: Path) -> None:
    members = [run(toy, "ecn", ECN_CONFIG, name) for name in ("first", "second")]
    both = toy / "both.safetensors"
    assert main(["ensemble", str(both), *map(str, members)]) == 0
    third = run(toy, "ecn", f"init: {both}\n{ECN_CONFIG}", "third")
    start = read_card(third).content["init"]
    first = read_card(members[0])
    assert start["sha256"] == first.sha256
    assert start["epochs"] == first.content["epochs"]


def test_twins_are_compared_with_their_originals() -> None:
    outputs = {"a": torch.tensor([1.0, 2.0, 3.0, 1.5, 2.0]), "b": torch.zeros(5)}
    difference = twin_differences(outputs, torch.tensor([0, 2]), {"a": 2.0, "b": 1.0})
    assert difference.item() == pytest.approx((0.5 + 1.0) / 2 / 2)


def test_energies_of_another_release_are_aligned() -> None:
    """A shift by composition is found from common entries, in spite of outliers."""
    rng = np.random.default_rng(0)
    base = toy_dataset(700)
    fluorides = np.array([float((c.numbers == 9).mean()) for c in base.crystals])
    old = base.targets["formation_energy"] + 0.3 * fluorides - 0.05
    old[rng.choice(700, 30, replace=False)] += 2.0
    other = replace(base, targets={"formation_energy": old})
    aligned = aligned_formation_energies(other, base)
    error = np.abs(aligned - base.targets["formation_energy"])
    assert np.median(error) < 1e-3
    with pytest.raises(DatasetError, match="0 entries in common"):
        aligned_formation_energies(replace(other, ids=[f"x{i}" for i in other.ids]), base)


def test_jump_is_measured_on_the_network_itself() -> None:
    torch.manual_seed(0)
    model = ECN(ECNConfig(("formation_energy",), width=16, layers=2)).eval()
    # Copper bonds to own images only; rocksalt has no such bonds.
    crystals = [as_crystal(bulk("Cu")), as_crystal(bulk("NaCl", "rocksalt", a=5.6))]
    copper, rocksalt = supercell_jumps(model, crystals)
    assert copper > 1e-4
    assert rocksalt < 1e-5
    blind = ECN(ECNConfig(("formation_energy",), group="S_N", width=16, layers=2)).eval()
    assert (supercell_jumps(blind, crystals) < 1e-3).all()


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
