from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from ase_ecn.checkpoint import save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.training import configs
from ase_ecn.training.data.datasets import Dataset, join
from ase_ecn.training.data.ecn_data import ECNData, load_ecn_data
from ase_ecn.training.data.force_sets import FORCE_READERS, ForceData
from ase_ecn.training.fits.config import PESConfiguration, read_config
from ase_ecn.training.fits.fit_pes import (
    fit_to_forces,
    pes_scores,
)
from ase_ecn.training.fits.loop import FitOptions
from ase_ecn.training.fits.sampling import Sampling
from ase_ecn.training.release.evaluate import evaluate

CONFIGS = Path(configs.__file__).parent


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


def small_config(**options: object) -> PESConfiguration:
    config = read_config(CONFIGS / "pes.yaml", "pes")
    assert isinstance(config, PESConfiguration)
    small = {"width": 16, "distance_features": 12, "angular_degree": 2, "angular_channels": 4}
    model = replace(config.model, **small, cutoff=3.5, layers=2)
    fit = FitOptions(epochs=6, batch_size=2, learning_rate=0.01, ema_decay=0.9, clip=10.0)
    return replace(config, **{"model": model, "fit": fit, "sampling": None, **options})


@pytest.mark.slow
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


def test_a_fit_draws_batches_by_bonds(tmp_path: Path) -> None:
    train, val = shaken_copper(12, 0), shaken_copper(4, 100)
    config = small_config(sampling=Sampling(bonds_per_system=300, bonds_per_batch=100))
    config = replace(config, fit=replace(config.fit, epochs=3))
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
    config = replace(config, fit=replace(config.fit, epochs=1))
    model, _ = fit_to_forces(config, first, second, tmp_path, "cpu")
    monkeypatch.setitem(FORCE_READERS, "pes", lambda data, split: joined)
    path = tmp_path / "copper.safetensors"
    card = {"name": "copper", "elements": [29], "systems": [[29]], "forces": True}
    save_checkpoint(path, model, {**card, "configuration": config.to_dict(), "references": []})
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
    config = replace(config, model=replace(config.model, bonds="voronoi"))
    few = shaken_copper(2, 0)
    with pytest.raises(OptionError, match="radial"):
        fit_to_forces(config, few, few, tmp_path, "cpu")
    with pytest.raises(OptionError, match="fit-pes"):
        load_ecn_data(tmp_path, ECNData("mp_20"), small_config().model, "train")
    with pytest.raises(OptionError, match="known are mlearn"):
        ForceData("mp_20")
