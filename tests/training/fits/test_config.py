"""Whatever a configuration says that is not known is refused, with what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from toys import ECN_CONFIG, EMPNN_CONFIG

from ase_ecn.checkpoint import bundled_checkpoints, read_card
from ase_ecn.errors import OptionError
from ase_ecn.training.fits.config import (
    CONFIGURATIONS,
    ECNConfiguration,
    EMPNNConfiguration,
    PESConfiguration,
    PropertiesConfiguration,
    TensorsConfiguration,
    fitted_to_properties,
    fitted_to_tensors,
    read_config,
)
from ase_ecn.training.fits.noise import GaussianNoise, NoiseSchedule

ROOT = Path(__file__).parents[3]
PES_CONFIG = (
    "network: pes\nname: toy\ndata: {name: mlearn}\nfit: {epochs: 3}\n"
    "model: {group: S_N, bonds: radial, readout: contributions}\n"
)
SO3_CONFIG = (
    "network: so3\nname: toy\ndata: {name: teacher}\nfit: {epochs: 3, batch_size: 8}\n"
    "model: {widths: [16, 16, 16]}\nwith_forces: 2\n"
)
PROPERTIES_CONFIG = (
    "network: properties\nname: toy\ndata: {name: mp_20}\nfit: {epochs: 3}\n"
    "model: {widths: [16, 16, 16], crystal_targets: [band_gap]}\n"
)
TEXTS = {
    "ecn": ECN_CONFIG,
    "empnn": EMPNN_CONFIG,
    "pes": PES_CONFIG,
    "so3": SO3_CONFIG,
    "properties": PROPERTIES_CONFIG,
}


def changed(network: str, place: str, value: Any) -> dict[str, Any]:
    """The toy configuration with one value, whose keys are joined by dots, put in."""
    section = yaml.safe_load(TEXTS[network])
    *above, key = place.split(".")
    part = section
    for name in above:
        part = part.setdefault(name, {})
    part[key] = value
    return section


@pytest.mark.parametrize(
    ("network", "place", "value", "key", "known"),
    [
        ("ecn", "los_weights", {"metal": 2.0}, "'los_weights'", "loss_weights"),
        ("ecn", "data.supercel_views", 0.5, "data: unknown key 'supercel_views'", "supercell_view"),
        ("ecn", "data.name", "mp20", "data: unknown data set 'mp20'", "mp_20, perov_5"),
        ("ecn", "fit.learning_rat", 0.1, "fit: unknown key 'learning_rat'", "learning_rate"),
        ("ecn", "model.widht", 8, "model: unknown key 'widht'", "width"),
        ("ecn", "model.group", "S_latice", "model.group: 'S_latice'", "S_lattice"),
        ("ecn", "model.motif", "free?", "model.motif: 'free[?]'", "fixed"),
        ("ecn", "model.bonds", "voronoy", "model.bonds: 'voronoy'", "voronoi"),
        ("ecn", "model.features", "numbers", "unknown features 'numbers'", "group_period"),
        ("ecn", "model.crystal_targets", ["gap"], "unknown property 'gap'", "band_gap"),
        ("ecn", "model.site_targets", ["moments"], "unknown property 'moments'", "site_moments"),
        ("ecn", "loss_weights.gap", 2, "property in loss_weights 'gap'", "band_gap"),
        ("ecn", "units.gap", "eV", "property in units 'gap'", "band_gap"),
        ("empnn", "data.name", "mp20", "data: unknown data set 'mp20'", "mp_20, perov_5"),
        ("empnn", "data.with_val", True, "data: unknown key 'with_val'", "validation_crystals"),
        ("empnn", "noise.sigma", 0.1, "noise: unknown key 'sigma'", "sigma_max"),
        ("empnn", "noise.kind", "uniform", "unknown kind of noise 'uniform'", "schedule, gaussian"),
        ("empnn", "loss", "l2", "unknown loss 'l2'", "log-strain"),
        ("empnn", "unrol", 2, "unknown key 'unrol'", "unroll"),
        ("empnn", "model.width", 8, "model: unknown key 'width'", "features"),
        ("empnn", "model.fields", ["edges"], "edges", "edge-ket-bra"),
        ("pes", "data.name", "mp_20", "unknown data set with forces 'mp_20'", "mlearn"),
        ("pes", "loss_weights.energies", 1, "loss_weights: unknown key 'energies'", "virial"),
        ("so3", "model.widht", 8, "model: unknown key 'widht'", "widths"),
        ("so3", "model.target", "band_gap", "model: target must be formation_energy", "band_gap"),
        ("so3", "loss_weights.virial", 1, "loss_weights: unknown key 'virial'", "stress"),
        ("so3", "model.classes", "orbits", "model: classes must be one of", "colours"),
        ("so3", "model.classes", "colours", "classes must be 'none'", "got 'colours'"),
        ("so3", "with_forces", 9, "with_forces must be between 0 and batch_size, 8", "got 9"),
        ("properties", "data.name", "perov_5", "data: unknown data set 'perov_5'", "mp_20"),
        ("properties", "model.target", "potential_energy", "must be formation", "potential_energy"),
        ("properties", "model.crystal_targets", ["hardness"], "property 'hardness'", "band_gap"),
        ("properties", "loss_weights.metal", 1, "property in loss_weights 'metal'", "band_gap"),
        ("properties", "teacher.nam", "x", "teacher: unknown key 'nam'", "validation"),
        ("ecn", "fit.precision", "float16", "unknown precision 'float16'", "float32, bfloat16"),
        ("properties", "fit.precision", "bfloat16", "precision of a fit of 'prop", "are float32$"),
        ("pes", "sampling.bonds", 1, "sampling: unknown key 'bonds'", "bonds_per_batch"),
    ],
)
def test_what_is_unknown_is_named_with_what_is_known(
    network: str, place: str, value: Any, key: str, known: str
) -> None:
    with pytest.raises(OptionError, match=f"(?s){key}.*{known}"):
        CONFIGURATIONS[network].from_dict(changed(network, place, value))


@pytest.mark.parametrize(
    ("network", "place", "value", "message"),
    [
        ("ecn", "fit", "fast", "fit: 'fast' is not a section with keys"),
        ("ecn", "fit.epochs", 2.5, "fit.epochs: 2.5 is not a whole number"),
        ("ecn", "fit.epochs", 0, "fit: epochs is 0; it must be at least 1"),
        ("ecn", "fit.learning_rate", "large", "fit.learning_rate: 'large' is not a number"),
        ("ecn", "fit.learning_rate", 0.0, "learning_rate is 0.0; it must be positive"),
        ("ecn", "fit.ema_decay", 1.0, "ema_decay is 1.0"),
        ("ecn", "fit.compile", "yes", "fit.compile: 'yes' is not true or false"),
        ("ecn", "data.twin_atoms", True, "data.twin_atoms: True is not a whole number"),
        ("ecn", "data.supercell_views", 2, "supercell_views is 2.0; it is a share"),
        ("ecn", "model.crystal_targets", "metal", "'metal' is not a list"),
        ("ecn", "loss_weights", ["metal"], "loss_weights: .* is not a section with keys"),
        ("ecn", "name", None, "name: None is not text"),
        ("empnn", "data.train_crystals", 0, "train_crystals is 0; it must be at least 1"),
        ("empnn", "noise", 0.1, "noise: 0.1 is not a section with keys"),
        ("properties", "with_teacher", -1, "with_teacher is -1; it must not be negative"),
        ("properties", "data.held_out_percent", 100, "held_out_percent is 100"),
        ("properties", "model.dropout", 1, "the dropout must be at least 0 and below 1"),
        ("pes", "data.elements", ["Xy"], "'Xy' is no symbol of an element"),
        ("pes", "sampling.bonds_per_batch", 5, "sampling needs bonds_per_system"),
    ],
)
def test_values_that_cannot_be_are_refused(
    network: str, place: str, value: Any, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        CONFIGURATIONS[network].from_dict(changed(network, place, value))


def test_what_is_not_said_has_its_usual_value() -> None:
    ecn = ECNConfiguration.from_dict(yaml.safe_load(ECN_CONFIG))
    assert (ecn.data.supercell_views, ecn.data.twin_atoms, ecn.version) == (0.5, 0, "v1")
    empnn = EMPNNConfiguration.from_dict(changed("empnn", "noise.kind", "gaussian"))
    assert empnn.noise == GaussianNoise()
    assert EMPNNConfiguration.from_dict(changed("empnn", "unroll", 2)).noise == NoiseSchedule()
    pes = PESConfiguration.from_dict(changed("pes", "loss_weights.forces", 2))
    assert pes.model.crystal_targets == ("potential_energy",)
    assert (pes.loss_weights.energy, pes.loss_weights.forces) == (4.0, 2.0)


def test_files_that_are_no_configurations_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("network: ecn")
    with pytest.raises(OptionError, match=r"c.yaml: the configuration needs name, data, fit"):
        read_config(path, "ecn")
    path.write_text(EMPNN_CONFIG)
    with pytest.raises(OptionError, match="configures 'empnn', not 'ecn'"):
        read_config(path, "ecn")
    path.write_text("network: cgcnn")
    with pytest.raises(OptionError, match="'cgcnn'; known are ecn, empnn, pes"):
        read_config(path, "ecn")
    for text in ("[1, 2]", "a: [", ""):
        path.write_text(text)
        with pytest.raises(OptionError, match=r"c\.yaml"):
            read_config(path, "ecn")
    with pytest.raises(OptionError, match="cannot read"):
        read_config(tmp_path / "none.yaml", "ecn")


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("training/configs/*.yaml"), *ROOT.glob("reproduce/configs/*.yaml")],
    ids=lambda path: f"{path.parents[1].name}-{path.stem}",
)
def test_our_configurations_are_valid(path: Path) -> None:
    config = read_config(path, yaml.safe_load(path.read_text())["network"])
    assert type(config).from_dict(config.to_dict()) == config


@pytest.mark.parametrize("name", bundled_checkpoints())
def test_cards_hold_configurations(name: str) -> None:
    card = read_card(name)
    of_ecn = PESConfiguration if card.forces else ECNConfiguration
    kind = of_ecn if card.network == "ecn" else CONFIGURATIONS[card.network]
    if fitted_to_properties(card.content):
        kind = PropertiesConfiguration
    elif fitted_to_tensors(card.content):
        kind = TensorsConfiguration
    section = {**card.content["configuration"], "network": kind.network}
    config = kind.from_dict(section)
    assert kind.from_dict(config.to_dict()) == config
    # Nothing that the card says is lost.
    said = config.to_dict()
    for key in ("data", "model", "fit"):
        assert {k: said[key][k] for k in section[key]} == section[key]
