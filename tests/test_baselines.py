from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.nn.atoms import PROPERTY_COUNT
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.elements import network_properties, trend_properties
from ase_ecn.training.fits.loop import FitOptions
from reproduce.baselines import command
from reproduce.baselines import parts as baseline_parts
from reproduce.baselines.command import (
    add_baselines_arguments,
    fit_network,
    predict,
    run_baselines,
    table_scores,
)
from reproduce.baselines.composition import (
    COMPOSITION_MODELS,
    composition_features,
    element_fractions,
    fit_composition_model,
)
from reproduce.baselines.models import NETWORKS
from reproduce.baselines.neighbor_graphs import cached_neighbors, neighbor_graphs
from reproduce.baselines.parts import Part, Splits, primitive_dataset
from reproduce.baselines.tables import BaselineResult, format_table

TARGETS = ("formation_energy", "metal")


def toy_dataset(size: int = 48, seed: int = 0) -> Dataset:
    """Rocksalt halides whose labels are functions of composition and lattice constant."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in ("Li", "Na", "K", "Rb") for b in ("F", "Cl", "Br")]
    lattice = rng.uniform(4.5, 7.0, size)
    names = ["".join(pairs[k % 12]) for k in range(size)]
    atoms = [bulk(n, "rocksalt", a=a) for n, a in zip(names, lattice)]
    heavy = np.array([a.numbers.sum() / 40 for a in atoms])
    gap = np.maximum(5.0 - heavy * 3, 0)
    return Dataset(
        "toy",
        [str(k) for k in range(size)],
        [as_crystal(a) for a in atoms],
        {
            "formation_energy": lattice + heavy,
            "band_gap": np.where(np.arange(size) % 12 == 5, np.nan, gap),
            "metal": (heavy > 1).astype(float),
            "magnetization": np.zeros(size),
        },
    )


def part(name: str, dataset: Dataset) -> Part:
    graphs = neighbor_graphs(dataset.crystals, NETWORKS[name].kind)
    return Part(graphs, {k: dataset.targets[k] for k in TARGETS})


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    splits = {"train": toy_dataset(), "val": toy_dataset(24, 1), "test": toy_dataset(24, 2)}
    monkeypatch.setattr(baseline_parts, "READERS", {"mp_20": lambda data, split: splits[split]})
    (tmp_path / "data").mkdir()
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_baselines_arguments(parser)
    parser.add_argument("--data", default=str(folder / "data"))
    parser.add_argument("--device", default="cpu")
    return run_baselines(parser.parse_args([*arguments, "--out", str(folder / "out")]))


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_each_network_learns(name: str, tmp_path: Path) -> None:
    train, val = part(name, toy_dataset()), part(name, toy_dataset(24, 1))
    options = FitOptions(
        epochs=15, batch_size=8, learning_rate=8e-3, ema_decay=0.9, weight_decay=0.0, patience=15
    )
    model, _ = fit_network(name, train, val, options, tmp_path)
    scores = table_scores(predict(model, val.graphs), val.labels)
    spread = val.labels["formation_energy"].std()
    assert scores["formation_energy_mae"] < 0.35 * spread
    assert scores["metal_auc"] > 0.95


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_predictions_are_properties_of_the_crystal(
    name: str, prototypes: dict[str, Atoms], rng: np.random.Generator
) -> None:
    torch.manual_seed(0)
    model = NETWORKS[name](TARGETS).double().eval()
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    views = []
    for atoms in prototypes.values():
        turned = Atoms(
            atoms.numbers[::-1],
            cell=atoms.cell[:] @ rotation,
            scaled_positions=atoms.get_scaled_positions()[::-1] + rng.uniform(size=3),
            pbc=True,
        )
        views.append((atoms, turned, atoms * (2, 1, 3)))
    graphs = [neighbor_graphs([as_crystal(a) for a in view], model.kind) for view in zip(*views)]
    with torch.inference_mode():
        together = [model(g.batch(np.arange(len(g)), dtype=torch.float64)) for g in graphs]
        alone = [
            model(graphs[0].batch(np.array([k]), dtype=torch.float64)) for k in range(len(views))
        ]
    for target in TARGETS:
        reference = together[0][target]
        assert reference.std() > 1e-3
        for other in together[1:]:
            torch.testing.assert_close(other[target], reference, rtol=1e-7, atol=1e-7)
        torch.testing.assert_close(torch.cat([a[target] for a in alone]), reference)


def rutiles(size: int = 24, seed: int = 0) -> Dataset:
    """Doubled rutiles; an atom's label tells its element, the other one, and the volume."""
    rng = np.random.default_rng(seed)
    crystals, labels = [], []
    for k in range(size):
        metal, other = ("Ti", "Sn", "Mn")[k % 3], ("O", "F")[k // 3 % 2]
        a = rng.uniform(4.2, 5.2)
        atoms = crystal(
            [metal, other],
            [(0, 0, 0), (0.3, 0.3, 0)],
            spacegroup=136,
            cellpar=[a, a, 3, 90, 90, 90],
        )
        moment = (2 if metal == "Mn" else 1) * (1.5 if other == "F" else 1) * a / 4.5
        atoms = atoms * (1, 1, 2)
        crystals.append(as_crystal(atoms))
        labels.append(np.where(atoms.numbers == atoms.numbers[0], moment, 0.0))
    return Dataset(
        "rutiles",
        [str(k) for k in range(size)],
        crystals,
        {},
        {"site_moments": np.concatenate(labels)},
    )


def site_part(name: str, dataset: Dataset) -> Part:
    graphs = neighbor_graphs(dataset.crystals, NETWORKS[name].kind)
    return Part(graphs, dict(dataset.site_targets))


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_each_network_learns_properties_of_atoms(name: str, tmp_path: Path) -> None:
    train, val = (site_part(name, primitive_dataset(rutiles(48, seed))) for seed in (0, 1))
    assert len(train.labels["site_moments"]) == 48 * 6
    options = FitOptions(
        epochs=15, batch_size=8, learning_rate=8e-3, ema_decay=0.9, weight_decay=0.0, patience=15
    )
    model, _ = fit_network(name, train, val, options, tmp_path)
    predicted = predict(model, val.graphs)
    assert predicted["site_moments"].min() >= 0
    spread = val.labels["site_moments"].std()
    assert table_scores(predicted, val.labels)["site_moments_mae"] < 0.2 * spread


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_properties_of_atoms_follow_their_atoms(name: str, rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    model = NETWORKS[name](("site_moments",)).double().eval()
    dataset = primitive_dataset(rutiles(6))
    order = [rng.permutation(len(c)) for c in dataset.crystals]
    mixed = [
        Crystal(c.numbers[p], c.cell, c.scaled_positions[p])
        for c, p in zip(dataset.crystals, order)
    ]
    graphs = [neighbor_graphs(list(c), model.kind) for c in (dataset.crystals, mixed)]
    with torch.inference_mode():
        before, after = (
            model(g.batch(np.arange(6), dtype=torch.float64))["site_moments"] for g in graphs
        )
    assert before.std() > 1e-3
    places = np.concatenate([6 * k + p for k, p in enumerate(order)])
    torch.testing.assert_close(after, before[torch.as_tensor(places)])


def test_labels_of_atoms_go_with_their_crystals() -> None:
    full = rutiles(5)
    part = site_part("cgcnn", primitive_dataset(full))
    chosen = part.labels_of(np.array([3, 1]))["site_moments"]
    expected = [full.site_targets["site_moments"][12 * k] for k in (3, 1)]
    assert chosen[[0, 6]] == pytest.approx(expected)
    assert len(chosen) == 12


def test_atoms_that_repeat_each_other_share_the_mean_of_their_labels() -> None:
    full = rutiles(1)
    labels = np.arange(12.0)
    primitive = primitive_dataset(replace(full, site_targets={"site_moments": labels}))
    numbers = full.crystals[0].numbers
    found = primitive.site_targets["site_moments"]
    assert len(primitive.crystals[0]) == len(found) == 6
    heavy = primitive.crystals[0].numbers == numbers[0]
    assert found[heavy].sum() == pytest.approx(labels[numbers == numbers[0]].sum() / 2)
    # The second half of the cell repeats the first.
    assert sorted(found) == pytest.approx(sorted((labels[:6] + labels[6:]) / 2))


def test_what_compositions_tell_of_atoms() -> None:
    train, val, test = (primitive_dataset(rutiles(60, seed)) for seed in range(3))
    targets = {"site_moments": False}
    errors = {}
    for name in COMPOSITION_MODELS:
        predicted = fit_composition_model(name, train, val, targets, seed=0)(test)
        errors[name] = table_scores(predicted, dict(test.site_targets))["site_moments_mae"]
    assert max(errors["trees"], errors["linear"]) < 0.1
    assert min(errors["mean"], errors["median"]) > 0.5


def test_site_moments_as_a_data_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    seeds = {"train": 0, "val": 1, "test": 2}
    monkeypatch.setattr(
        baseline_parts, "site_moment_split", lambda data, name, split: rutiles(24, seeds[split])
    )
    (tmp_path / "data").mkdir()
    arguments = ["--data-set", "site_moments", "--models", "median,schnet", "--epochs", "1"]
    assert run(tmp_path, *arguments, "--compare", "ecn-mp20") == 0
    printed = capsys.readouterr().out
    assert "paper" not in printed
    rows = [line.split("|")[1].split(",")[0].strip() for line in printed.splitlines()]
    assert rows[3:] == ["median", "schnet", "ecn-mp20"]
    assert "site moments (µB)" in printed
    stored = Splits("site_moments", tmp_path / "data").part("val", "within5")
    assert len(stored.labels["site_moments"]) == len(stored.graphs.numbers)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_an_atom_without_neighbours_is_no_trouble(name: str) -> None:
    far = as_crystal(Atoms("Ar", cell=[9, 9, 9], pbc=True))
    graphs = neighbor_graphs([far, as_crystal(bulk("Cu"))], NETWORKS[name].kind)
    outputs = NETWORKS[name](TARGETS).eval()(graphs.batch(np.array([0, 1])))
    assert all(torch.isfinite(v).all() for v in outputs.values())


def test_neighbours_are_whole_shells_or_all_within_reach() -> None:
    crystals = [as_crystal(bulk("Cu")), as_crystal(bulk("Fe", cubic=True))]
    nearest = neighbor_graphs(crystals, "nearest12")
    assert np.diff(nearest.edge_offsets).tolist() == [12, 14]
    assert nearest.distance[:12] == pytest.approx(3.61 / np.sqrt(2))
    within = neighbor_graphs(crystals, "within5")
    assert np.diff(within.edge_offsets).tolist() == [42, 58]
    batch = within.batch(np.array([1, 0, 1]))
    assert batch.numbers.tolist() == [26, 29, 26]
    assert batch.edges[1].bincount().tolist() == [58, 42, 58]
    with pytest.raises(OptionError, match="nearest12, within5"):
        neighbor_graphs(crystals, "within6")  # type: ignore[arg-type]


def test_messages_go_from_a_neighbour_to_its_atom() -> None:
    rutile_like = Atoms("TiO", cell=[3, 3, 9], scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.1]])
    rutile_like.pbc = True
    graphs = neighbor_graphs([as_crystal(rutile_like)], "nearest12")
    edges = graphs.batch(np.array([0])).edges
    np.testing.assert_array_equal(edges.numpy(), np.stack([graphs.target, graphs.source]))


def test_neighbours_are_found_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path))
    made = []

    def load() -> Dataset:
        made.append(1)
        return toy_dataset(3)

    first, second = (cached_neighbors("toy", "within5", load) for _ in range(2))
    assert len(made) == 1
    np.testing.assert_array_equal(first.distance, second.distance)


def test_features_of_compositions() -> None:
    salt = as_crystal(bulk("NaCl", "rocksalt", a=5.6) * (2, 1, 1))
    fractions = element_fractions(Dataset("x", ["a"], [salt]))
    assert fractions.shape == (1, 118)
    assert fractions[0, 10] == fractions[0, 16] == 0.5
    features = composition_features(fractions)[0, 118:].reshape(-1, 4)
    np.testing.assert_allclose(features[0], [9, 8, 1, 17])  # group
    np.testing.assert_allclose(features[1], [3, 0, 3, 3])  # row
    np.testing.assert_allclose(features[2], [2.045, 1.115, 0.93, 3.16])  # electronegativity
    argon = composition_features(np.eye(118)[[17]])[0, 118:].reshape(-1, 4)
    assert np.isnan(argon[2]).all()
    assert np.isfinite(np.delete(argon, 2, axis=0)).all()
    assert trend_properties().shape == (118, 6)


def test_properties_for_networks_are_finite_and_of_unit_spread() -> None:
    table = network_properties()
    assert table.shape == (119, PROPERTY_COUNT)
    assert np.isfinite(table).all()
    np.testing.assert_allclose(table[1:95].mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(table[1:95].std(axis=0), 1, atol=0.1)
    assert table[1:95, 0].argmax() + 1 == 9  # fluorine has the highest electronegativity
    assert table[26, -2] > table[22, -2]  # six electrons of the d shell, and two


@pytest.mark.parametrize("name", sorted(COMPOSITION_MODELS))
def test_what_compositions_tell(name: str) -> None:
    train, val, test = toy_dataset(240), toy_dataset(60, 1), toy_dataset(60, 2)
    heavy = {d.name + str(len(d)): d.targets["metal"] for d in (train, val, test)}
    assert all(0 < m.mean() < 1 for m in heavy.values())
    predicted = fit_composition_model(name, train, val, {"band_gap": False, "metal": True}, seed=0)(
        test
    )
    scores = table_scores(predicted, test.targets)
    if name in ("mean", "median"):
        assert scores["metal_auc"] == 0.5
    else:
        assert scores["metal_auc"] == 1.0
        assert scores["band_gap_mae"] < 0.4
        assert scores["band_gap_mae_insulators"] < 0.6


def test_scores_of_the_tables() -> None:
    labels = {
        "band_gap": np.array([0.0, 2.0, np.nan, 1.0]),
        "metal": np.array([1.0, 0.0, np.nan, 0.0]),
    }
    predictions = {
        "band_gap": np.array([1.0, 2.0, 9.0, 1.5]),
        "metal": np.array([0.9, 0.7, 0.1, 0.2]),
    }
    scores = table_scores(predictions, labels)
    assert scores["band_gap_mae"] == pytest.approx(0.5)
    assert scores["band_gap_mae_insulators"] == pytest.approx(0.25)
    assert scores["metal_auc"] == 1.0
    assert (scores["metal_precision"], scores["nonmetal_precision"]) == (0.5, 1.0)


def test_the_command_fits_prints_and_goes_on(
    toy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--models", "mean,trees,cgcnn", "--epochs", "2", "--seeds", "2"]
    assert run(toy, *arguments) == 0
    first = capsys.readouterr().out
    assert "0.052 ± 0.001" in first
    rows = [line for line in first.splitlines() if "cgcnn, 2 epochs at 0.0012" in line]
    assert len(rows) == 1
    assert rows[0].count("±") >= 3
    lines = (toy / "out" / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["model"] for line in lines] == ["mean"] + 2 * ["trees"] + 2 * ["cgcnn"]
    assert json.loads(lines[-1])["parameters"] > 1000

    monkeypatch.setattr(command, "_run_one", lambda *_: pytest.fail("fitted again"))
    assert run(toy, *arguments) == 0
    assert capsys.readouterr().out == first
    assert run(toy, "--table-only", "--compare", "ecn-mp20") == 0
    assert "| ecn-mp20" in capsys.readouterr().out


def test_the_table_of_perovskites() -> None:
    results = [
        BaselineResult("perov_5", "schnet", seed, 9, 0.001, 1, 1.0, {"heat_all_mae": 0.05 + seed})
        for seed in (0, 1)
    ]
    others = BaselineResult("mp_20", "mean", 0, 0, 0.0, 0, 1.0, {})
    table = format_table("perov_5", [*results, others])
    assert "0.038 ± 0.004" in table
    assert "| 0.550 ± 0.707 |" in table
    assert "mean" not in table


def test_bad_options_and_files_are_refused(toy: Path) -> None:
    with pytest.raises(OptionError, match=r"unknown models cgcn; known are mean.*schnet"):
        run(toy, "--models", "cgcn")
    with pytest.raises(OptionError, match="no models"):
        run(toy, "--models", "")
    with pytest.raises(OptionError, match="positive"):
        run(toy, "--epochs", "0")
    (toy / "out").mkdir()
    (toy / "out" / "results.jsonl").write_text("{}\n")
    with pytest.raises(DatasetError, match="no result"):
        run(toy, "--table-only")


@pytest.mark.parametrize(
    ("model", "module", "name"),
    [("cgcnn", "torch_geometric.nn", "torch-geometric"), ("trees", "sklearn.ensemble", "scikit")],
)
def test_a_missing_library_is_named(
    toy: Path, monkeypatch: pytest.MonkeyPatch, model: str, module: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(OptionError, match=rf"{name}.*ase-ecn\[baselines\]"):
        run(toy, "--models", model)
