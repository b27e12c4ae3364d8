from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.training.__main__ import read_config
from ase_ecn.training.data.datasets import Dataset, join
from ase_ecn.training.data.ecn_data import load_ecn_data
from ase_ecn.training.data.force_sets import read_mlearn, read_monbtaw, read_pes, read_vasp_steps
from ase_ecn.training.fits.fit_pes import (
    FORCE_READERS,
    chemical_systems,
    fit_to_forces,
    load_force_data,
    pes_scores,
)
from ase_ecn.training.fits.sampling import Sampling, bond_batches
from ase_ecn.training.release.evaluate import evaluate

PAIRS = [(1, 2), (0, 2), (0, 1)]  # yz, xz, xy


def shaken_copper(count: int, seed: int) -> Dataset:
    crystals, energies, forces, stresses = [], [], [], []
    rng = np.random.default_rng(seed)
    for k in range(count):
        atoms = bulk("Cu", cubic=True)
        atoms.set_cell(atoms.cell[:] @ (np.eye(3) + rng.normal(scale=0.03, size=(3, 3))), True)
        atoms.rattle(0.1, seed=seed + k)
        atoms.calc = EMT()
        crystals.append(as_crystal(atoms))
        energies.append(atoms.get_potential_energy() / len(atoms))
        forces.append(atoms.get_forces())
        stresses.append(atoms.get_stress())
    return Dataset(
        "emt",
        [str(k) for k in range(count)],
        crystals,
        {"potential_energy": np.array(energies), "stress": np.array(stresses)},
        {"forces": np.concatenate(forces)},
    )


def small_config() -> dict[str, Any]:
    config = read_config(Path("reproduce/configs/ecn_pes.yaml"), "pes")
    small = {"width": 16, "distance_features": 12, "angular_degree": 2, "angular_channels": 4}
    config["model"] |= small | {"cutoff": 3.5, "layers": 2}
    del config["sampling"]
    config["fit"] |= {"epochs": 6, "batch_size": 2, "learning_rate": 0.01, "ema_decay": 0.9}
    return config


def test_a_fit_learns_energies_forces_and_stresses(tmp_path: Path) -> None:
    train, val = shaken_copper(24, 0), shaken_copper(6, 100)
    model, result = fit_to_forces(small_config(), train, val, tmp_path, "cpu")
    assert result.epochs == 6
    scores = pes_scores(model, val, "cpu")
    for name, labels in (("forces", val.site_targets["forces"]), ("stress", val.targets["stress"])):
        nothing = np.abs(labels).mean()
        assert scores[f"{name}_mae"] < 0.6 * nothing
    spread = np.abs(val.targets["potential_energy"] - train.targets["potential_energy"].mean())
    assert scores["potential_energy_mae"] < 0.6 * spread.mean()
    # Constants of the elements come from the labels.
    constant = float(model.element_constants[0, 29])
    assert constant == pytest.approx(train.targets["potential_energy"].mean())
    assert float(model.element_constants[0, 28]) == 0


def test_epochs_are_drawn_by_bonds(monkeypatch: pytest.MonkeyPatch) -> None:
    copper, silicon = as_crystal(bulk("Cu")), as_crystal(bulk("Si"))
    crystals = [copper] * 30 + [silicon] * 10
    bonds = np.array([100 + k for k in range(30)] + [20] * 9 + [900])
    count, batches = bond_batches(crystals, bonds, Sampling(1500, 300))
    assert count == (1500 + 9 * 20 + 900) // 300
    epochs = [list(batches(np.random.default_rng(seed))) for seed in (0, 0, 1)]
    for epoch in epochs:
        assert len(epoch) == count
        drawn = np.concatenate(epoch)
        assert len(np.unique(drawn)) == len(drawn)
        assert set(range(30, 40)) <= set(drawn.tolist())  # silicon has no more than allowed
        assert 1500 - 130 < bonds[drawn[drawn < 30]].sum() <= 1500
        sizes = sorted(int(bonds[batch].sum()) for batch in epoch)
        assert sizes[0] > 100
        assert sizes[-2] < 500  # the last is the one large crystal
    same, other = (np.concatenate(epochs[k]).tolist() for k in (1, 2))
    assert np.concatenate(epochs[0]).tolist() == same
    assert sorted(other) != sorted(same)
    with pytest.raises(OptionError, match="positive"):
        bond_batches(crystals, bonds, Sampling(0, 300))
    monkeypatch.setattr("ase_ecn.training.fits.parallel.processes", lambda: 2)
    with pytest.raises(OptionError, match="several processes"):
        bond_batches(crystals, bonds, Sampling(1500, 300))


def test_a_fit_draws_batches_by_bonds(tmp_path: Path) -> None:
    train, val = shaken_copper(12, 0), shaken_copper(4, 100)
    config = {**small_config(), "sampling": {"bonds_per_system": 300, "bonds_per_batch": 100}}
    config["fit"] = {**config["fit"], "epochs": 3}
    model, result = fit_to_forces(config, train, val, tmp_path, "cpu")
    assert result.epochs == 3
    assert np.isfinite(pes_scores(model, val, "cpu")["forces_mae"])


def test_joined_sets_are_scored_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = shaken_copper(4, 0), shaken_copper(3, 100)
    joined = join(
        [
            replace(part, ids=[f"{name}-{k}" for k in part.ids])
            for name, part in (("first", first), ("second", second))
        ]
    )
    config = small_config()
    config["fit"]["epochs"] = 1
    model, _ = fit_to_forces(config, first, second, tmp_path, "cpu")
    monkeypatch.setitem(FORCE_READERS, "pes", lambda data, split: joined)
    path = tmp_path / "copper.safetensors"
    card = {"name": "copper", "elements": [29], "systems": [[29]], "forces": True}
    save_checkpoint(path, model, {**card, "configuration": config, "references": []})
    scores = evaluate(path, tmp_path)
    assert len(scores) == 3 * 5
    for name, part in (("first", first), ("second", second)):
        expected = pes_scores(model, part, "cpu")["forces_mae"]
        assert scores[f"forces_mae_{name}"] == pytest.approx(expected)
        assert scores[f"forces_mae_{name}_Cu"] == pytest.approx(expected)
    both = (4 * scores["forces_mae_first"] + 3 * scores["forces_mae_second"]) / 7
    assert scores["forces_mae"] == pytest.approx(both)


def test_networks_without_smooth_energies_are_refused(tmp_path: Path) -> None:
    config = small_config()
    config["model"] |= {"bonds": "voronoi"}
    few = shaken_copper(2, 0)
    with pytest.raises(OptionError, match="radial"):
        fit_to_forces(config, few, few, tmp_path, "cpu")
    with pytest.raises(OptionError, match="fit-pes"):
        load_ecn_data(tmp_path, small_config(), "train")
    with pytest.raises(OptionError, match="known are mlearn"):
        load_force_data(tmp_path, {"data": {"name": "mp_20"}}, "train")


@pytest.mark.data
def test_labels_have_ase_s_signs_and_order(data: Path) -> None:
    test = read_mlearn(data, "test")
    sizes = [len(read_mlearn(data, split)) for split in ("train", "val")]
    assert (*sizes, len(test)) == (1268, 67, 164)
    assert chemical_systems(test.crystals) == [[3], [14], [28], [29], [32], [42]]
    config = {"data": {"name": "mlearn", "elements": ["Si"]}}
    assert chemical_systems(load_force_data(data, config, "test").crystals) == [[14]]
    train = read_mlearn(data, "train")
    assert_pulled_crystals_have_positive_stress(train, 42, atoms=54)
    for element in (14, 28, 29, 32, 42):
        assert_shear_stress_follows_shear(train, element)


@pytest.mark.data
def test_alloys_have_published_test_groups(data: Path) -> None:
    parts = {split: read_monbtaw(data, split) for split in ("train", "val", "test")}
    assert [len(part) for part in parts.values()] == [1636, 85, 368]
    systems = {tuple(s) for s in chemical_systems(parts["train"].crystals)}
    assert {tuple(s) for s in chemical_systems(parts["test"].crystals)} == systems
    assert len(systems) == 4 + 6 + 1
    ids = [set(part.ids) for part in parts.values()]
    assert not ids[0] & ids[1] | ids[0] & ids[2] | ids[1] & ids[2]
    for element in (41, 42, 73, 74):
        assert_shear_stress_follows_shear(parts["train"], element)


@pytest.mark.data
def test_steps_of_a_relaxation_stay_in_one_split(data: Path) -> None:
    runs: dict[str, str] = {}
    for split in ("train", "val", "test"):
        part = read_vasp_steps(data, split)
        assert max(map(len, part.crystals)) <= 100
        assert np.abs(part.site_targets["forces"]).max() < 15
        for name in part.ids:
            assert runs.setdefault(name.rsplit("-", 1)[0], split) == split
    train = read_vasp_steps(data, "train")
    assert chemical_systems(train.crystals) == [[6, 39, 53], [8, 12, 15, 39], [8, 14], [14]]
    # Compressed crystals push outwards.
    assert_pulled_crystals_have_positive_stress(train, 8, atoms=72)
    assert len(read_pes(data, "val")) == sum(
        len(reader(data, "val")) for reader in (read_mlearn, read_monbtaw, read_vasp_steps)
    )


def assert_pulled_crystals_have_positive_stress(train: Dataset, number: int, atoms: int) -> None:
    """As in ASE; ``number`` is the lightest element."""
    chosen = [
        k for k, c in enumerate(train.crystals) if c.numbers.min() == number and len(c) == atoms
    ]
    volumes = np.array([train.crystals[k].volume for k in chosen])
    assert np.corrcoef(volumes, train.targets["stress"][chosen, :3].mean(axis=1))[0, 1] > 0.5


def assert_shear_stress_follows_shear(train: Dataset, element: int) -> None:
    """A cell sheared along two axes has a stress of the same sign in that component."""
    right = [
        component == expected and sign > 0
        for k, crystal in enumerate(train.crystals)
        if set(crystal.numbers.tolist()) == {element}
        for component, expected, sign in sheared(crystal, train.targets["stress"][k])
    ]
    assert len(right) > 20
    assert np.mean(right) > 0.9


def sheared(crystal: Crystal, stress: np.ndarray) -> list[tuple[int, int, float]]:
    """The largest shear stress and strain of a cell that is nearly orthorhombic, if sheared."""
    cell = crystal.cell
    metric = cell @ cell.T
    lengths = np.sqrt(np.diag(metric))
    cosines = np.array([metric[p] / lengths[p[0]] / lengths[p[1]] for p in PAIRS])
    off_axes = np.abs(cell - np.diag(np.diag(cell))).max() / np.diag(cell).min()
    if not 0 < off_axes < 0.3 or not 0.02 < np.abs(cosines).max() < 0.3:
        return []
    component, expected = np.abs(stress[3:]).argmax(), np.abs(cosines).argmax()
    return [(int(component), int(expected), stress[3 + component] * cosines[expected])]
