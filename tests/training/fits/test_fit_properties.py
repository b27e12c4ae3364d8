"""The fit of the SO(3)-equivariant network to DFT's energies and further properties."""

from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
import torch
from ase.build import bulk
from emt_labels import labelled, write

from ase_ecn import ECNCalculator, predict
from ase_ecn.card import Card
from ase_ecn.checkpoint import read_card
from ase_ecn.corrections import correction, smooth_correction
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.training.__main__ import main
from ase_ecn.training.data import dft_labels, held_out, known_crystals
from ase_ecn.training.data import property_rows as rows_module
from ase_ecn.training.data.audited_labels import AuditedLabel
from ase_ecn.training.data.datasets import READERS, Dataset
from ase_ecn.training.data.property_rows import PropertyData, load_property_rows, usable
from ase_ecn.training.fits.config import PropertiesConfiguration
from ase_ecn.training.fits.fit_properties import fit_properties, predict_rows, row_scores
from ase_ecn.training.release.evaluate_properties import audited_scores

CUTOFF = 4.0
HEADS = {
    "crystal_targets": ["band_gap", "metal", "magnetization", "fermi_level"],
    "site_targets": ["site_moments"],
}
METALS, SALTS = ("Cu", "Ag", "Au", "Pd"), ("LiF", "NaF", "LiCl", "NaCl")


def toy(split, size=32):
    """Metals without a gap, salts with one that falls with the volume."""
    rng = np.random.default_rng({"train": 0, "val": 1, "test": 2}[split])
    atoms = []
    for k in range(size // 2):
        atoms.append(bulk(METALS[k % 4], "fcc", a=rng.uniform(3.6, 4.2)))
        atoms.append(bulk(SALTS[k % 4], "rocksalt", a=rng.uniform(4.2, 5.6)))
    volumes = np.array([a.get_volume() / len(a) for a in atoms])
    metal = np.arange(size) % 2 == 0
    return Dataset(
        f"toy/{split}",
        [f"{split}-{k}" for k in range(size)],
        [as_crystal(a) for a in atoms],
        {
            "formation_energy": np.where(metal, 0.0, -2.0) + 0.05 * volumes,
            "band_gap": np.where(metal, 0.0, 10 - 0.3 * volumes),
            "metal": metal.astype(float),
            "magnetization": np.where(metal, 0.5, 0.0),
        },
    )


def levels(data, split):
    found = toy(split)
    volumes = np.array([c.volume / len(c) for c in found.crystals])
    ids = [f"level-{name}" for name in found.ids]
    return replace(found, ids=ids, targets={"fermi_level": 20 - volumes})


def moments(data, held_out, max_atoms):
    atoms = [bulk("Fe", "bcc", a=a) for a in np.linspace(2.7, 3.0, 8)]
    atoms += [bulk("FeCo", "cesiumchloride", a=a) for a in np.linspace(2.7, 3.0, 8)]
    crystals = [as_crystal(a) for a in atoms]
    numbers = np.concatenate([c.numbers for c in crystals])
    names = [f"mag-{k}" for k in range(len(atoms))]
    return Dataset(
        "moments", names, crystals, {}, {"site_moments": np.where(numbers == 26, 2.2, 1.7)}
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of data, with small sets in the place of the public ones."""
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(READERS, "mp_20", lambda data, split: toy(split))
    monkeypatch.setitem(READERS, "fermi", levels)
    monkeypatch.setattr(rows_module, "read_fermi_levels", lambda data: levels(data, "train"))
    monkeypatch.setattr(known_crystals, "read_site_moments", moments)
    monkeypatch.setattr(
        rows_module, "split_by_composition", lambda dataset: dict.fromkeys(READERS_SPLITS, dataset)
    )
    tested = [as_crystal(bulk("Pd", "fcc", a=3.9))]
    monkeypatch.setattr(held_out, "read_wbm", lambda data: (tested, np.zeros(1)))
    stated = {
        "mag-0": {
            "formation_energy_mp2020_eV_per_atom": "0.25",
            "band_gap_pbe_matbench2019_eV": "",
            "band_gap_pbe_mp2023_eV": "0.7",
            "e_above_hull_mp2024_eV_per_atom": "0.25",
        }
    }
    monkeypatch.setattr(dft_labels, "rows_by", lambda path, key: stated)
    write(tmp_path / "teacher.jsonl.gz", labelled(40))
    return tmp_path


READERS_SPLITS = ("train", "val", "test")


def config(folder, **changes):
    section = {
        "name": "toy",
        "data": {"name": "mp_20"},
        "model": {"widths": [16, 16, 16], "layers": 2, "cutoff": CUTOFF, **HEADS},
        "teacher": {"name": str(folder / "teacher.jsonl.gz"), "validation": 10},
        "with_teacher": 4,
        "fit": {
            "epochs": 9,
            "batch_size": 8,
            "learning_rate": 0.01,
            "ema_decay": 0.9,
            "clip": 10.0,
        },
    }
    return PropertiesConfiguration.from_dict({**section, **changes})


def test_rows_hold_the_labels_of_all_sets(folder):
    rows = load_property_rows(folder, PropertyData(), CUTOFF, "train")
    # Of palladium, which is tested, no row is left.
    assert 46 not in rows.packed.numbers
    assert len(rows) == 2 * (32 - 4) + 16
    known = {name: int((~np.isnan(v)).sum()) for name, v in rows.targets.items()}
    assert known["formation_energy"] == 28 + 1
    assert known["band_gap"] == 28 + 1
    assert known["fermi_level"] == 28
    assert (~np.isnan(rows.site_targets["site_moments"])).sum() == 8 + 16 + 16 * 2
    batch = rows.batch(np.array([1, 0]))
    assert batch.graph.atom_counts.tolist() == [2, 1]
    assert batch.labels["metal"].tolist() == [0, 1]
    assert batch.labels["site_moments"].isnan().tolist() == [False, False, True]
    main = rows.of_main_set()
    assert (~np.isnan(main.targets["formation_energy"])).sum() == 28


def test_audited_labels_are_left_out_of_training_alone(folder, monkeypatch):
    def listed(name, kind):
        return AuditedLabel("mp_20", "train", name, "?", kind, 0.0, 0.0, "teacher")

    names = [f"{split}-{k}" for split in READERS_SPLITS for k in (1, 2)]
    audited = [listed(n, "band_gap" if n.endswith("1") else "all") for n in names]
    monkeypatch.setattr(rows_module, "read_audited", lambda: audited)
    plain, without = (
        load_property_rows(folder, PropertyData(audited=audited), CUTOFF, "train")
        for audited in (False, True)
    )
    place = {name: k for k, name in enumerate(without.ids)}
    gap, whole = place["train-1"], place["train-2"]
    atoms = without.atoms_of(np.array([whole]))
    for name, values in without.targets.items():
        gone = np.isnan(values) & ~np.isnan(plain.targets[name])
        expected = {gap, whole} if name in ("band_gap", "metal") else {whole}
        assert set(np.flatnonzero(gone)) == {
            k for k in expected if not np.isnan(plain.targets[name][k])
        }
    assert np.isnan(without.site_targets["site_moments"][atoms]).all()
    assert np.isnan(without.targets["formation_energy"][whole])
    for split in ("val", "test"):
        rows = load_property_rows(folder, PropertyData(audited=True), CUTOFF, split)
        assert not np.isnan(rows.targets["band_gap"][:32]).any()


def test_scores_are_given_again_without_audited_labels(folder, monkeypatch):
    rows = load_property_rows(folder, PropertyData(), CUTOFF, "test")
    predictions = {
        name: np.nan_to_num(rows.targets[name])
        for name in ("formation_energy", "band_gap", "metal")
    }
    wrong = list(rows.ids).index("test-1")
    predictions["band_gap"][wrong] += 16.0
    label = AuditedLabel("mp_20", "test", "test-1", "?", "band_gap", 0.0, 0.0, "teacher")
    monkeypatch.setattr(rows_module, "read_audited", lambda: [label])
    scores = audited_scores(predictions, rows)
    known = int((~np.isnan(rows.of_main_set().targets["band_gap"])).sum())
    assert row_scores(predictions, rows)["band_gap_mae"] == pytest.approx(16.0 / known)
    assert scores["band_gap_mae_audited"] == pytest.approx(0.0, abs=1e-12)
    assert "formation_energy_mae_audited" not in scores


def test_energies_are_what_the_network_learns(folder):
    """Formation energies without what depends on guessed oxidation states."""
    rows = load_property_rows(folder, PropertyData(), CUTOFF, "val")
    dataset = toy("val")
    for k in (0, 1):
        numbers = dataset.crystals[k].numbers
        guessed = correction(numbers) - smooth_correction(numbers)
        expected = dataset.targets["formation_energy"][k] - guessed
        assert rows.targets["formation_energy"][k] == pytest.approx(expected, abs=1e-12)


def test_everything_is_trained_on_but_some_compositions(folder):
    section = PropertyData(everything=True, held_out_percent=50)
    train, held = (load_property_rows(folder, section, CUTOFF, s) for s in ("train", "val"))
    assert len(train) > 0
    assert len(held) > 0
    assert 46 not in train.packed.numbers
    with pytest.raises(OptionError, match="the test split is trained on too"):
        load_property_rows(folder, section, CUTOFF, "test")


def test_crystals_without_neighbours_or_references_are_left_out():
    atoms = [bulk("Cu"), bulk("Xe", "fcc", a=12.0), bulk("Po", "sc", a=3.3)]
    crystals = [as_crystal(a) for a in atoms]
    found = usable(Dataset("x", list("abc"), crystals, {"band_gap": np.arange(3.0)}), CUTOFF)
    assert found.ids[0] == "a"
    assert "b" not in found.ids


@pytest.mark.slow
def test_a_fit_learns_all_properties(folder):
    fitted = fit_properties(config(folder), folder, folder / "run", "cpu")
    assert set(fitted.model.targets) >= {"formation_energy", "band_gap", "site_moments"}
    begun = fit_properties(
        config(folder, fit={"epochs": 1, "batch_size": 8, "learning_rate": 1e-9}),
        folder, folder / "begun", "cpu",
    )  # fmt: skip
    scores, first = (
        row_scores(predict_rows(f.model, f.held, "cpu"), f.held) for f in (fitted, begun)
    )
    for name in ("formation_energy", "band_gap", "site_moments", "fermi_level"):
        assert scores[f"{name}_mae"] < 0.7 * first[f"{name}_mae"], name
    assert scores["metal_auc"] > 0.95
    assert scores["unstable_crystals"] == 1
    # Of the teacher's labels, which stay in the mix, as well.
    curve = np.loadtxt(folder / "run" / "curve.csv", delimiter=",", skiprows=1, usecols=(0, 2))
    assert curve[-1, 1] < 0.5 * curve[0, 1]


def with_hse_gaps(folder, monkeypatch):
    """Gaps of a hybrid functional: those of PBE and 1.5 eV, for two thirds of the salts."""
    known = {}
    for split in READERS_SPLITS:
        dataset = toy(split)
        for k, (name, gap) in enumerate(zip(dataset.ids, dataset.targets["band_gap"], strict=True)):
            if k % 3:
                known[name] = {"band_gap_hse_eV": f"{gap + 1.5}" if k % 2 else "0.0"}
    known["mp-7"] = {"band_gap_hse_eV": "2.5"}
    stated = dft_labels.rows_by(folder, "")["mag-0"]
    unknown = dict.fromkeys(stated, "")
    entries = {
        "mag-0": {**stated, "material_id": ""},
        "mag-1": {**unknown, "material_id": "mp-7"},
        "mag-2": {**unknown, "material_id": "mp-8"},
    }
    monkeypatch.setattr(
        dft_labels, "rows_by", lambda path, key: known if path.parent.name == "gaps" else entries
    )
    (folder / "gaps").mkdir()
    (folder / "gaps" / "multifidelity_gaps_by_mp_id.csv.gz").touch()


def test_rows_have_gaps_of_a_hybrid_functional(folder, monkeypatch):
    before = load_property_rows(folder, PropertyData(), CUTOFF, "train")
    assert "band_gap_hse" not in before.targets
    packed = sorted(p.name for p in (folder / "cache").iterdir())
    with_hse_gaps(folder, monkeypatch)
    rows = load_property_rows(folder, PropertyData(), CUTOFF, "train")
    # What was packed without them is used.
    assert sorted(p.name for p in (folder / "cache").iterdir()) == packed
    hse = dict(zip(rows.ids, rows.targets["band_gap_hse"], strict=True))
    pbe = dict(zip(rows.ids, rows.targets["band_gap"], strict=True))
    assert hse["train-1"] == pytest.approx(pbe["train-1"] + 1.5)
    assert hse["train-4"] == 0
    assert np.isnan(hse["train-3"])
    assert hse["mag-1"] == 2.5
    assert np.isnan(hse["mag-2"])


@pytest.mark.slow
def test_a_fit_learns_gaps_of_a_hybrid_functional(folder, monkeypatch):
    with_hse_gaps(folder, monkeypatch)
    model = {"widths": [16, 16, 16], "layers": 2, "cutoff": CUTOFF}
    model["crystal_targets"] = ["band_gap", "band_gap_hse"]
    fitted = fit_properties(config(folder, model=model), folder, folder / "run", "cpu")
    assert fitted.model.heads.shift[1] == pytest.approx(0.75, abs=0.2)
    found = predict_rows(fitted.model, fitted.held, "cpu")
    scores = row_scores(found, fitted.held)
    hse = fitted.held.targets["band_gap_hse"]
    assert scores["band_gap_hse_mae"] < 0.5 * np.nanstd(hse)
    error = np.abs(found["band_gap_hse"] - hse)[hse > 0]
    assert scores["band_gap_hse_mae_insulators"] == pytest.approx(error.mean())


def test_the_command_makes_a_checkpoint_of_all_properties(folder):
    (folder / "c.yaml").write_text(
        "network: properties\nname: toy\ndata: {name: mp_20}\n"
        f"teacher: {{name: {folder / 'teacher.jsonl.gz'}}}\nwith_teacher: 2\n"
        "model: {widths: [16, 16, 16], layers: 2, cutoff: 4.0,\n"
        "  crystal_targets: [band_gap, metal, magnetization, fermi_level],\n"
        "  site_targets: [site_moments]}\n"
        "fit: {epochs: 1, batch_size: 8}\n"
    )
    common = ["--data", str(folder), "--device", "cpu"]
    arguments = ["fit-properties", "--config", str(folder / "c.yaml"), "--out", str(folder)]
    assert main([*arguments, *common]) == 0
    weights = folder / "toy.safetensors"
    assert main(["calibrate", str(weights), *common]) == 0
    assert main(["domain", str(weights), *common]) == 0
    assert main(["evaluate", str(weights), "--split", "val", "--write", *common]) == 0
    card: Card = read_card(weights)
    assert card.units["metal_probability"] == "1"
    assert set(card.content["calibration"]["held_out_coverage"]) == {"formation_energy", "band_gap"}
    assert "formation_energy_in_90%_interval" in card.content["validation"]
    assert "formation_energy_std" in card.content["domain"]["ranges"]
    assert card.content["split"]["crystals"] == {"train": 72, "val": 80, "teacher": 38}
    assert card.property_elements["site_moments"] == frozenset({3, 9, 11, 17, 26, 27})
    salt = bulk("NaCl", "rocksalt", a=5.2)
    found = predict(salt, checkpoint=weights)[0]
    assert found.forces.shape == (2, 3)
    assert found.site_moments.shape == (2,)
    assert found.formation_energy_std > 0
    salt.calc = ECNCalculator(weights, device="cpu")
    assert salt.get_potential_energy() / 2 == pytest.approx(found.formation_energy, abs=1e-6)
    # Made anew, spreads are the same.
    before = torch.tensor(found.formation_energy_std)
    assert main(["calibrate", str(weights), *common]) == 0
    again = predict(salt, checkpoint=weights)[0]
    assert again.formation_energy_std == pytest.approx(float(before), rel=1e-5)
    # Of crystals that it is off by more for, as many errors are to be in their intervals.
    far = [{**row, "energy_eV_per_atom": row["energy_eV_per_atom"] + 50} for row in labelled(40)]
    labels = write(folder / "far.jsonl.gz", far)
    assert main(["calibrate", str(weights), "--labels", str(labels), *common]) == 0
    wider = predict(salt, checkpoint=weights)[0]
    assert wider.formation_energy_std > 2 * again.formation_energy_std
    assert wider.band_gap_std == pytest.approx(again.band_gap_std, rel=1e-5)
    assert str(labels) in read_card(weights).content["calibration"]["data"]
    # Labels that are off are no measure of the network's own errors alone.
    off = ["--labels", str(folder / "teacher.jsonl.gz"), "--label-error", "90"]
    assert main(["calibrate", str(weights), *off, *common]) == 0
    assert (
        predict(salt, checkpoint=weights)[0].formation_energy_std > 2 * again.formation_energy_std
    )
    assert main(["calibrate", str(weights), *off[:-1], "-1", *common]) == 1


def test_further_labels_are_for_networks_that_were_fitted_to_energies(tmp_path, capsys):
    for suffix in ("json", "safetensors"):
        bundled = resources.files("ase_ecn.checkpoints") / f"ecn-fermi.{suffix}"
        (tmp_path / bundled.name).write_bytes(bundled.read_bytes())
    weights = str(tmp_path / "ecn-fermi.safetensors")
    arguments = ["--labels", "teacher", "--properties", "fermi_level", "--data", str(tmp_path)]
    assert main(["calibrate", weights, *arguments]) == 1
    assert "ecn-fermi was not fitted to such labels as teacher" in capsys.readouterr().err
