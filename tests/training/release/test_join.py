from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk

from ase_ecn import predict
from ase_ecn.checkpoint import load_checkpoint, read_card, save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.training.__main__ import main
from ase_ecn.training.data.cache import labelled_graphs
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.fits.scores import network_outputs
from ase_ecn.training.release.join import best_weights, without_idle_heads


def test_an_ensemble_is_the_mean_of_its_members(tmp_path: Path) -> None:
    models = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        targets = ("formation_energy", "metal") if seed else ("formation_energy", "band_gap")
        models.append(ECN(ECNConfig(targets, width=16, layers=2)).eval())
    content = {"name": "x", "version": "v1", "elements": [11, 17], "properties": {}}
    paths = [str(tmp_path / f"{k}.safetensors") for k in (0, 1)]
    for path, model in zip(paths, models, strict=True):
        card = dict.fromkeys(("configuration", "seed", "epochs", "hardware", "wall_time_s"), "")
        save_checkpoint(Path(path), model, {**content, **card})
    out = tmp_path / "both.safetensors"
    assert main(["ensemble", str(out), *paths, "--name", "both"]) == 0
    salt = bulk("NaCl", "rocksalt", a=5.6)
    together = predict([salt], checkpoint=out)[0]
    one, two = (predict([salt], checkpoint=path)[0] for path in paths)
    mean = (one.formation_energy + two.formation_energy) / 2
    assert together.formation_energy == pytest.approx(mean, abs=1e-6)
    assert together.band_gap == pytest.approx(one.band_gap, abs=1e-6)
    assert together.metal_probability == pytest.approx(two.metal_probability, abs=1e-6)
    assert len(read_card(out).content["members"]) == 2
    with pytest.raises(OptionError, match="same bonds"):
        ECNEnsemble([models[0], ECN(ECNConfig(("a",), bonds="cordero", width=8, layers=1))])
    assert main(["ensemble", str(out), paths[0]]) == 1


def test_weights_of_members_are_chosen_by_the_errors(tmp_path: Path) -> None:
    paths = []
    for seed in range(2):
        torch.manual_seed(seed)
        config = ECNConfig(("formation_energy", "metal"), width=16, layers=2)
        paths.append(str(tmp_path / f"{seed}.safetensors"))
        content = {"name": "x", "version": "v1", "elements": [11, 17], "properties": {}}
        card = dict.fromkeys(("configuration", "seed", "epochs", "hardware", "wall_time_s"), "")
        save_checkpoint(Path(paths[-1]), ECN(config).eval(), {**content, **card})
    members = [load_checkpoint(path, "ecn").model for path in paths]
    salts = [as_crystal(bulk("NaCl", "rocksalt", a=a)) for a in (5.2, 5.6, 6.0)]
    graphs = labelled_graphs(Dataset("salts", ["a", "b", "c"], salts))
    energies = [network_outputs(m, graphs, "cpu")["formation_energy"] for m in members]
    labels = {"formation_energy": 0.25 * energies[0] + 0.75 * energies[1]}
    weights = best_weights(ECNEnsemble(members), replace(graphs, targets=labels))
    assert weights == {"formation_energy": (0.25, 0.75)}
    ensemble = ECNEnsemble(members, weights)
    found = network_outputs(ensemble, graphs, "cpu")
    np.testing.assert_allclose(found["formation_energy"], labels["formation_energy"], atol=1e-6)
    content = {**read_card(paths[0]).content, "references": []}
    save_checkpoint(tmp_path / "weighted.safetensors", ensemble, content)
    loaded = load_checkpoint(tmp_path / "weighted.safetensors", "ecn").model
    assert loaded.config == ensemble.config
    idle = ECNEnsemble(members, {"formation_energy": (1.0, 0.0)})
    smaller = without_idle_heads(idle)
    assert [m.targets for m in smaller.networks] == [("formation_energy", "metal"), ("metal",)]
    for name, values in network_outputs(idle, graphs, "cpu").items():
        np.testing.assert_array_equal(network_outputs(smaller, graphs, "cpu")[name], values)


def test_members_of_an_ensemble_go_into_another(tmp_path: Path) -> None:
    paths = []
    for seed in range(3):
        torch.manual_seed(seed)
        stated = ("formation_energy",) if seed == 0 else ()
        config = ECNConfig(("formation_energy",), uncertainties=stated, width=16, layers=2)
        paths.append(str(tmp_path / f"{seed}.safetensors"))
        content = {"name": "x", "version": "v1", "elements": [11, 17], "properties": {}}
        card = dict.fromkeys(("configuration", "seed", "epochs", "hardware", "wall_time_s"), seed)
        save_checkpoint(Path(paths[-1]), ECN(config).eval(), {**content, **card})
    salt = bulk("NaCl", "rocksalt", a=5.6)
    each = [predict([salt], checkpoint=path)[0].formation_energy for path in paths]
    pair, other = str(tmp_path / "pair.safetensors"), str(tmp_path / "other.safetensors")
    assert main(["ensemble", pair, *paths[:2]]) == 0
    assert main(["ensemble", other, f"{pair}#2", paths[2]]) == 0
    made = predict([salt], checkpoint=other)[0]
    assert made.formation_energy == pytest.approx((each[1] + each[2]) / 2, abs=1e-6)
    assert [member["seed"] for member in read_card(other).content["members"]] == [1, 2]
    assert main(["ensemble", other, pair, paths[2]]) == 0
    made = predict([salt], checkpoint=other)[0]
    assert made.formation_energy == pytest.approx(sum(each) / 3, abs=1e-6)
    assert main(["ensemble", other, f"{pair}#3", paths[2]]) == 1


def test_so3_networks_are_joined_without_their_uncertainties(tmp_path: Path) -> None:
    paths = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        config = SO3ECNConfig(
            widths=(16, 16, 16),
            layers=2,
            crystal_targets=("band_gap",),
            uncertainties=("formation_energy",) if seed == 0 else (),
        )
        paths.append(str(tmp_path / f"{seed}.safetensors"))
        units = {"formation_energy": "eV/atom", "formation_energy_std": "eV/atom"}
        content = {"name": "x", "version": "v1", "elements": [11, 17], "properties": units}
        card = dict.fromkeys(("configuration", "seed", "epochs", "hardware", "wall_time_s"), seed)
        save_checkpoint(Path(paths[-1]), SO3ECN(config).eval(), {**content, **card})
    out = tmp_path / "both.safetensors"
    assert main(["ensemble", str(out), *paths]) == 0
    salt = bulk("NaCl", "rocksalt", a=5.6)
    together = predict([salt], checkpoint=out)[0]
    one, two = (predict([salt], checkpoint=path)[0] for path in paths)
    for name in ("formation_energy", "band_gap"):
        assert together[name] == pytest.approx((one[name] + two[name]) / 2, abs=1e-6)
    assert "formation_energy_std" not in together
    assert [member["seed"] for member in read_card(out).content["members"]] == [0, 1]
    # Joining again takes it as the two networks that it is.
    again = tmp_path / "again.safetensors"
    assert main(["ensemble", str(again), f"{out}#2", paths[0]]) == 0
    assert predict([salt], checkpoint=again)[0].band_gap == pytest.approx(together.band_gap)
    ecn = ECN(ECNConfig(("formation_energy",), width=16, layers=1)).eval()
    content = {**read_card(paths[0]).content, "references": []}
    save_checkpoint(tmp_path / "ecn.safetensors", ecn, content)
    assert main(["ensemble", str(again), paths[0], str(tmp_path / "ecn.safetensors")]) == 1


def test_weights_in_half_precision_take_half_the_space(tmp_path: Path) -> None:
    paths = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        network = SO3ECN(SO3ECNConfig(widths=(16, 16, 16), layers=2)).eval()
        paths.append(str(tmp_path / f"{seed}.safetensors"))
        content = {"name": "x", "version": "v1", "elements": [11, 17], "properties": {}}
        card = dict.fromkeys(("configuration", "seed", "epochs", "hardware", "wall_time_s"), seed)
        save_checkpoint(Path(paths[-1]), network, {**content, **card})
    whole, half = tmp_path / "whole.safetensors", tmp_path / "half.safetensors"
    assert main(["ensemble", str(whole), *paths]) == 0
    assert main(["ensemble", str(half), *paths, "--half"]) == 0
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    assert "--half" in read_card(half).content["training_command"]
    one, two = (load_checkpoint(path).model for path in (whole, half))
    for name, weights in two.state_dict().items():
        exact = one.state_dict()[name]
        assert weights.dtype == exact.dtype
        torch.testing.assert_close(weights, exact, rtol=1e-3, atol=1e-7)
    # Saved again, nothing is lost and nothing grows.
    content = {**read_card(half).content, "references": []}
    save_checkpoint(tmp_path / "again.safetensors", two, content)
    assert (tmp_path / "again.safetensors").read_bytes() == half.read_bytes()
