from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from baseline_toys import TARGETS, run, rutiles, site_part

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.training.fits.loop import FitOptions
from reproduce.baselines.fit_baseline import (
    fit_network,
    predict,
    table_scores,
)
from reproduce.baselines.models import NETWORKS
from reproduce.baselines.neighbor_graphs import neighbor_graphs
from reproduce.baselines.parts import Part, primitive_dataset


def enough(name: str) -> FitOptions:
    """Enough for toy data, and no more: these fits are among the longest of the tests."""
    epochs, rate, decay = (15, 8e-3, 0.9) if name == "cgcnn" else (8, 1.2e-2, 0.8)
    return FitOptions(
        epochs=epochs,
        batch_size=4,
        learning_rate=rate,
        ema_decay=decay,
        weight_decay=0.0,
        patience=epochs,
    )


def both(name: str, size: int, seed: int) -> Part:
    """Rutiles with labels of crystals, which are functions of composition and volume, and atoms."""
    dataset = primitive_dataset(rutiles(size, seed))
    volumes = np.array([crystal.volume for crystal in dataset.crystals])
    fluorides = np.array([9.0 in crystal.numbers for crystal in dataset.crystals])
    labels = {"formation_energy": volumes / 50 - fluorides, "metal": 1.0 - fluorides}
    graphs = neighbor_graphs(dataset.crystals, NETWORKS[name].kind)
    return Part(graphs, {**labels, **dataset.site_targets})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_each_network_learns_properties_of_crystals_and_of_atoms(name: str, tmp_path: Path) -> None:
    train, val = both(name, 24, 0), both(name, 12, 1)
    assert len(train.labels["site_moments"]) == 24 * 6
    model, _ = fit_network(name, train, val, enough(name), tmp_path)
    predicted = predict(model, val.graphs)
    assert predicted["site_moments"].min() >= 0
    scores = table_scores(predicted, val.labels)
    spreads = {target: values.std() for target, values in val.labels.items()}
    assert scores["formation_energy_mae"] < 0.35 * spreads["formation_energy"]
    assert scores["metal_auc"] > 0.95
    assert scores["site_moments_mae"] < 0.2 * spreads["site_moments"]


@pytest.mark.slow
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


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_an_atom_without_neighbours_is_no_trouble(name: str) -> None:
    far = as_crystal(Atoms("Ar", cell=[9, 9, 9], pbc=True))
    graphs = neighbor_graphs([far, as_crystal(bulk("Cu"))], NETWORKS[name].kind)
    outputs = NETWORKS[name](TARGETS).eval()(graphs.batch(np.array([0, 1])))
    assert all(torch.isfinite(v).all() for v in outputs.values())


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
