"""The fit of heads for response tensors, and what its card says."""

import gzip
import json
from itertools import combinations, count, pairwise

import numpy as np
import pytest
import torch
from ase.build import bulk

from ase_ecn import predict
from ase_ecn.checkpoint import load_checkpoint, read_card, save_checkpoint
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble
from ase_ecn.response import moduli
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.tensor_rows import load_tensor_rows, read_tensors, rows_with_labels
from ase_ecn.training.fits.config import TensorsConfiguration
from ase_ecn.training.fits.tensor_losses import (
    all_numbers,
    numbers_of,
    tensor_loss,
    tensor_scores,
    units,
)

NUMBERS = count()
METALS = ("Cu", "Ag", "Au", "Pd", "Pt", "Al", "Ni", "Pb")
SALTS = [a + b for a in ("Li", "Na", "K", "Rb", "Cs") for b in ("F", "Cl", "Br", "I")]
MODEL = {"widths": (16, 16, 16), "layers": 2, "cutoff": 4.0}
TARGETS = ["dielectric_tensor", "dielectric_tensor_total", "elastic_tensor", "piezoelectric_tensor"]


def row(atoms, **labels):
    return {
        "id": f"{atoms.symbols}-{next(NUMBERS)}",
        "species": list(atoms.symbols),
        "cell": atoms.cell[:].tolist(),
        "frac": atoms.get_scaled_positions().tolist(),
        **{k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in labels.items()},
    }


def cubic(c11, c12, c44):
    made = np.diag([c11 - c12] * 3 + [c44] * 3).astype(float)
    made[:3, :3] += c12
    return made


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Metals with stiffnesses, salts with dielectric tensors that fall with their volume."""
    rng = np.random.default_rng(0)
    elastic, moduli_of, dielectric, mean, piezo = [], [], [], [], []
    for k in range(48):
        atoms = bulk(METALS[k % 8], "fcc", a=rng.uniform(3.7, 4.1))
        elastic.append(row(atoms, elastic_GPa=cubic(10 * k + 100, 60, 50), tensor_frame="ieee"))
        pair = bulk(SALTS[k % 20], "rocksalt", a=rng.uniform(5, 6))
        vary = 20 / pair.get_volume()
        dielectric.append(
            row(
                pair,
                dielectric_electronic=np.eye(3) * (2 + 3 * vary),
                dielectric_total=np.eye(3) * (4 + 9 * vary),
            )
        )
        mean.append(row(pair, dielectric_electronic_scalar=3.0, dielectric_total_scalar=1e4))
        moduli_of.append(row(pair, bulk_modulus_vrh_GPa=40 * vary, shear_modulus_vrh_GPa=30 * vary))
        zinc = bulk("ZnS", "zincblende", a=rng.uniform(5.2, 5.8))
        e = np.zeros((3, 6))
        e[[0, 1, 2], [3, 4, 5]] = 0.2
        piezo.append(row(zinc, piezo_e_C_per_m2_3x6=e, tensor_frame="as_given"))
    elastic.append({**elastic[0], "tensor_frame": "unresolved"})
    anisotropic = [row(bulk("CsCl", "cesiumchloride", a=4.1), dielectric_dft=np.eye(3) * 2.9)]
    folder = tmp_path_factory.mktemp("data")
    (folder / "tensors").mkdir()
    for name, rows in {
        "elastic_tensors_mp": elastic,
        "mp_binary_elasticity": moduli_of,
        "dielectric_tensors_petousis2017": dielectric,
        "dielectric_tensors_anisonet2024": anisotropic,
        "phonon_dielectric_mp": mean,
        "piezo_tensors_dejong2015": piezo,
    }.items():
        text = "".join(json.dumps(one) + "\n" for one in rows)
        (folder / "tensors" / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ASE_ECN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_rows_have_what_is_known_and_no_composition_twice(data, cache):
    whole = read_tensors(data)
    assert len(whole) == 48 * 5 + 1  # without the one whose frame is unknown
    parts = {split: load_tensor_rows(data, 4.0, split) for split in ("train", "val", "test")}
    assert sum(map(len, parts.values())) == len(whole)
    assert len(parts["train"]) > 3 * max(len(parts["val"]), len(parts["test"])) > 0
    seen = [
        {tuple(np.asarray(p.packed.numbers[a:b])) for a, b in pairwise(p.packed.atoms)}
        for p in parts.values()
    ]
    assert not any(a & b for a, b in combinations(seen, 2))
    labels = whole.targets
    assert np.isfinite(labels["elastic_tensor"]).all(axis=(1, 2)).sum() == 48
    assert np.isfinite(labels["mean_dielectric"]).sum() == 48
    assert not np.isfinite(labels["mean_dielectric_total"]).any()  # 1e4 is no insulator's
    batch = parts["train"].batch(np.array([0, 2, 5]))
    assert batch.labels["elastic_tensor"].shape == (3, 6, 6)


def test_crystals_without_a_label_of_the_targets_are_left_out(data, cache):
    rows = load_tensor_rows(data, 4.0, "train")
    chosen = rows_with_labels(rows, ["elastic_tensor", "dielectric_tensor"])
    left = np.setdiff1d(np.arange(len(rows)), chosen)
    assert 0 < len(left) < len(rows)
    for name in ("elastic_tensor", "bulk_modulus", "dielectric_tensor", "mean_dielectric"):
        values = rows.labels[name].reshape(len(rows), -1)
        assert np.isnan(values[left]).any(axis=1).all(), name
    assert np.isfinite(rows.labels["piezoelectric_tensor"][left]).all()


def test_further_elastic_tensors_are_trained_on(data, cache, tmp_path):
    path = tmp_path / "made.jsonl"
    made = [bulk(symbol, "bcc", a=3.2) for symbol in ("Na", "K", "Fe", "W", "Cr", "V", "Nb", "Ta")]
    lines = [json.dumps(row(atoms, elastic_GPa=cubic(150, 60, 50))) for atoms in made]
    path.write_text("\n".join(lines) + "\n")
    without = load_tensor_rows(data, 4.0, "train")
    rows = load_tensor_rows(data, 4.0, "train", [str(path)])
    others = [load_tensor_rows(data, 4.0, part, [str(path)]) for part in ("val", "test")]
    alone = [load_tensor_rows(data, 4.0, part) for part in ("val", "test")]
    added = [len(rows) - len(without)] + [len(a) - len(b) for a, b in zip(others, alone)]
    assert sum(added) == 8
    assert added[0] > 0
    known = np.isfinite(rows.labels["elastic_tensor"]).all(axis=(1, 2))
    assert known[len(without) :].all()
    assert len(rows.packed) == len(known)


def test_what_is_missing_is_said(data, cache, tmp_path):
    with pytest.raises(DatasetError, match="unknown split 'all'; known are train, val, test"):
        load_tensor_rows(data, 4.0, "all")
    with pytest.raises(DatasetError, match=r"petousis2017.* does not exist"):
        read_tensors(tmp_path)


def test_numbers_are_those_of_the_tensors():
    tensor = cubic(200, 90, 60)
    bad = cubic(50, 90, 60)  # not positive
    found = numbers_of({"elastic_tensor": torch.tensor(np.stack([tensor, bad]))})
    expected = moduli(tensor)
    for name in ("bulk_modulus", "shear_modulus"):
        assert float(found[name][0].exp()) == pytest.approx(expected[name])
        assert found[name][1].isnan()


def labels_of(count):
    none = {name: np.full((count, *shape), np.nan) for name, shape in [
        ("dielectric_tensor", (3, 3)), ("dielectric_tensor_total", (3, 3)),
        ("elastic_tensor", (6, 6)), ("piezoelectric_tensor", (3, 6)), ("bulk_modulus", ()),
        ("shear_modulus", ()), ("mean_dielectric", ()), ("mean_dielectric_total", ()),
    ]}  # fmt: skip
    none["elastic_tensor"][0] = cubic(200, 90, 60)
    none["elastic_tensor"][1] = cubic(100, 50, 30)
    none["bulk_modulus"][2] = 80.0
    none["mean_dielectric"][3] = 3.0
    none["dielectric_tensor"][1] = 4 * np.eye(3)
    return none


def test_errors_count_where_there_are_labels():
    labels = labels_of(4)
    predicted = {
        "elastic_tensor": np.stack([cubic(200, 90, 60), cubic(110, 60, 30), cubic(9, 3, 3)] * 2)[
            :4
        ],
        "dielectric_tensor": np.stack([np.eye(3) * 4.0] * 4),
    }
    scores = tensor_scores(predicted, labels)
    assert scores["elastic_tensor_crystals"] == 2
    assert scores["elastic_tensor_mae"] == pytest.approx(9 * 10 / 36 / 2)
    assert scores["elastic_tensor_mad"] == pytest.approx((3 * 50 + 6 * 20 + 3 * 15) / 36)
    assert scores["elastic_tensor_skill"] == pytest.approx(1 - 1.25 / (315 / 36))
    assert scores["log10_mean_dielectric_crystals"] == 2
    assert scores["log10_mean_dielectric_mae"] == pytest.approx(np.log10(4 / 3) / 2)
    assert scores["log10_bulk_modulus_crystals"] == 3
    tensors = {k: torch.tensor(v) for k, v in predicted.items()}
    known = {k: torch.tensor(v) for k, v in labels.items()}
    scale = {"elastic_tensor": units(labels)["elastic_tensor"]}
    exact = {**tensors, "elastic_tensor": tensors["elastic_tensor"].clone()}
    exact["elastic_tensor"][1] = known["elastic_tensor"][1]
    assert tensor_loss(exact, known, scale, {}) < tensor_loss(tensors, known, scale, {})
    alone = tensor_loss(tensors, known, scale, dict.fromkeys(labels, 0.0) | {"elastic_tensor": 1.0})
    assert float(alone) == pytest.approx(1.25 * 2 / 4 / (315 / 36))
    assert set(all_numbers(known)) >= {"bulk_modulus", "mean_dielectric"}


@pytest.mark.slow
def test_the_heads_learn_and_the_trunk_stays(data, cache, tmp_path, capsys):
    torch.manual_seed(0)
    trunk = SO3ECN(SO3ECNConfig(**MODEL))
    elements = sorted({int(z) for c in read_tensors(data).crystals for z in c.numbers})
    start = tmp_path / "trunk.safetensors"
    save_checkpoint(start, trunk, {"name": "trunk", "elements": elements})
    iron = row(bulk("Fe", "bcc", a=2.9), elastic_GPa=cubic(240, 130, 110))
    (tmp_path / "made.jsonl").write_text(json.dumps(iron))
    text = f"""
network: tensors
name: toy
data: {{name: tensors, further: [{tmp_path / "made.jsonl"}]}}
model: {{widths: [16, 16, 16], layers: 2, cutoff: 4.0, tensor_targets: [{", ".join(TARGETS)}]}}
fit: {{epochs: 6, batch_size: 16, learning_rate: 0.01}}
"""
    (tmp_path / "toy.yaml").write_text(text)
    command = ["--data", str(data), "--device", "cpu"]
    out = tmp_path / "out"
    fit = ["fit-tensors", "--config", str(tmp_path / "toy.yaml"), "--out", str(out)]
    assert main([*fit, "--init", str(start), *command]) == 0
    weights = out / "toy.safetensors"
    curve = [line.split(",") for line in (out / "curve.csv").read_text().splitlines()]
    losses = [float(line[curve[0].index("train_loss")]) for line in curve[1:]]
    assert losses[-1] < 0.7 * losses[0]
    card = read_card(weights)
    assert card.content["split"]["name"] == "by composition, 80/10/10"
    assert card.content["properties"]["elastic_tensor"] == "GPa"
    assert card.property_elements["piezoelectric_tensor"] == {16, 30}
    assert "Petousis" in card.content["data"][0]
    assert [s for s in card.content["data"] if "not by DFT: made.jsonl" in s]
    assert card.content["init"] == {"name": "trunk", "sha256": read_card(start).sha256}
    fitted = load_checkpoint(weights, SO3ECN).model.state_dict()
    for name, values in trunk.state_dict().items():
        assert torch.equal(fitted[name], values), name
    assert main(["domain", str(weights), *command]) == 0
    assert main(["evaluate", str(weights), "--split", "val", *command]) == 0
    assert "log10_bulk_modulus_mae" in capsys.readouterr().out
    found = predict(bulk("NaCl", "rocksalt", a=5.5), checkpoint=weights, device="cpu")[0]
    assert found.dielectric_tensor.shape == (3, 3)
    assert found.refractive_index == pytest.approx(found.dielectric_tensor[0, 0] ** 0.5, rel=1e-5)
    capsys.readouterr()
    assert main(["calibrate", str(weights), "--properties", "refractive_index", *command]) == 0
    assert "refractive_index: " in capsys.readouterr().out
    assert read_card(weights).content["properties"]["refractive_index_std"] == "1"
    again = predict(bulk("NaCl", "rocksalt", a=5.5), checkpoint=weights, device="cpu")[0]
    assert again.refractive_index == pytest.approx(found.refractive_index, rel=1e-5)
    assert 0 < again.refractive_index_std < 10 * again.refractive_index
    assert main(["evaluate", str(weights), "--split", "val", *command]) == 0
    assert "refractive_index_in_90%_interval" in capsys.readouterr().out
    few = ["calibrate", str(weights), "--properties", "bulk_modulus", *command]
    assert main(few) == 1
    assert "3 held-out crystals have a bulk_modulus" in capsys.readouterr().err
    assert main(["calibrate", str(weights), "--properties", "elastic_tensor", *command]) == 1
    assert "possible are refractive_index" in capsys.readouterr().err


@pytest.mark.slow
def test_a_trunk_that_is_fitted_too_leaves_the_energies_to_the_first_network(
    data, cache, tmp_path, capsys
):
    torch.manual_seed(0)
    trunk = SO3ECN(SO3ECNConfig(**MODEL, crystal_targets=("band_gap",)))
    elements = sorted({int(z) for c in read_tensors(data).crystals for z in c.numbers})
    start = tmp_path / "trunk.safetensors"
    content = {"name": "trunk", "elements": elements, "properties": {"band_gap": "eV"}}
    save_checkpoint(start, trunk, {**content, "configuration": {"network": "properties"}})
    made = []
    for seed in (1, 2):
        text = f"""
network: tensors
name: toy
data: {{name: tensors}}
model: {{widths: [16, 16, 16], layers: 2, cutoff: 4.0, tensor_targets: [{", ".join(TARGETS)}]}}
trunk_learning_rate: 0.01
fit: {{epochs: 2, batch_size: 32, learning_rate: 0.01, seed: {seed}}}
"""
        (tmp_path / "toy.yaml").write_text(text)
        out = tmp_path / f"out{seed}"
        fit = ["fit-tensors", "--config", str(tmp_path / "toy.yaml"), "--out", str(out)]
        assert main([*fit, "--init", str(start), "--data", str(data), "--device", "cpu"]) == 0
        made.append(out / "toy.safetensors")
    card = read_card(made[0])
    assert [one["configuration"]["network"] for one in card.content["members"]] == [
        "properties",
        "tensors",
    ]
    assert "band_gap" not in card.content["properties"]
    both = load_checkpoint(made[0], SO3Ensemble).model
    first, second = both.networks
    for name, values in first.state_dict().items():
        assert torch.equal(trunk.state_dict()[name], values), name
    changed = [
        name
        for name, values in second.interactions.state_dict().items()
        if not torch.equal(trunk.interactions.state_dict()[name], values)
    ]
    assert len(changed) > 5
    # A fit that goes on from the second network has the energies of the first.
    out = tmp_path / "longer"
    fit = ["fit-tensors", "--config", str(tmp_path / "toy.yaml"), "--out", str(out)]
    again = [*fit, "--init", f"{made[0]}#2", "--data", str(data), "--device", "cpu"]
    assert main(again) == 0
    longer = load_checkpoint(out / "toy.safetensors", SO3Ensemble)
    for name, values in longer.model.networks[0].state_dict().items():
        assert torch.equal(trunk.state_dict()[name], values), name
    members = longer.card.content["members"]
    assert [one["configuration"]["network"] for one in members] == ["properties", "tensors"]
    assert members[1]["init"]["configuration"]["fit"]["seed"] == 1
    assert members[1]["init"]["init"]["name"] == "trunk"
    sources = longer.card.content["data"]
    assert len(sources) == len(set(sources))
    # Two fits become one checkpoint, with one network for the energies.
    joined = tmp_path / "joined.safetensors"
    sources = [str(made[0]), f"{made[1]}#2"]
    assert main(["ensemble", str(joined), *sources, "--name", "joined", "--half"]) == 0
    assert main(["domain", str(joined), "--data", str(data)]) == 0
    calibrate = ["calibrate", str(joined), "--properties", "refractive_index"]
    assert main([*calibrate, "--data", str(data)]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(joined), "--split", "val", "--data", str(data)]) == 0
    assert "refractive_index_in_90%_interval" in capsys.readouterr().out
    model = load_checkpoint(joined, SO3Ensemble).model
    assert model.config.weights == {"formation_energy": (1.0, 0.0, 0.0)}
    atoms = bulk("NaCl", "rocksalt", a=5.5)
    found = predict(atoms, checkpoint=joined, device="cpu")[0]
    alone = predict(atoms, checkpoint=start, device="cpu")[0]
    assert found.formation_energy == pytest.approx(alone.formation_energy, abs=0.01)
    parts = [predict(atoms, checkpoint=path, device="cpu")[0].elastic_tensor for path in made]
    assert abs(parts[0] - parts[1]).max() > 1
    np.testing.assert_allclose(found.elastic_tensor, (parts[0] + parts[1]) / 2, rtol=0.02, atol=0.3)
    assert 0 < found.refractive_index_std < 10 * found.refractive_index


def test_a_fit_needs_tensors_and_known_weights():
    section = {"name": "toy", "data": {"name": "tensors"}, "fit": {"epochs": 1}, "model": {}}
    with pytest.raises(OptionError, match="no tensor_targets"):
        TensorsConfiguration.from_dict(section)
    section["model"] = {"tensor_targets": TARGETS}
    with pytest.raises(OptionError, match="'hardness'"):
        TensorsConfiguration.from_dict({**section, "loss_weights": {"hardness": 1.0}})
    with pytest.raises(OptionError, match="trunk_learning_rate is -1"):
        TensorsConfiguration.from_dict({**section, "trunk_learning_rate": -1.0})
    with pytest.raises(OptionError, match="known is tensors"):
        TensorsConfiguration.from_dict({**section, "data": {"name": "tensor"}})
