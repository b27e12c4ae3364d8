"""Ensembles of SO(3)-equivariant networks, with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from scipy.spatial.transform import Rotation

from ase_ecn import ECNCalculator
from ase_ecn.checkpoint import load_checkpoint, save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.agreement import in_agreement
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble, SO3EnsembleConfig
from ase_ecn.response import moduli

TRUNK = {"widths": (32, 16, 16), "layers": 2, "cutoff": 4.5}
FIRST = SO3ECNConfig(**TRUNK, crystal_targets=("band_gap", "metal"), repulsion=0.57)
SECOND = SO3ECNConfig(
    widths=(16, 16, 16),
    cutoff=4.5,
    crystal_targets=("band_gap", "metal", "magnetization"),
    site_targets=("site_moments",),
)
STATED = ("formation_energy", "band_gap")


def member(config: SO3ECNConfig, seed: int) -> SO3ECN:
    torch.manual_seed(seed)
    return SO3ECN(config).double().eval()


@pytest.fixture(scope="module")
def members() -> list[SO3ECN]:
    return [member(FIRST, 0), member(SECOND, 1)]


def joined(members: list[SO3ECN], energy: tuple[float, float]) -> SO3Ensemble:
    torch.manual_seed(2)
    weights = {"formation_energy": energy, "band_gap": (0.25, 0.75)}
    return SO3Ensemble(members, weights, STATED).double().eval()


def wurtzite() -> Atoms:
    atoms = bulk("ZnS", "wurtzite", a=3.8, c=6.2)
    atoms.rattle(0.1, seed=3)
    return atoms


def results(network: SO3ECN | SO3Ensemble, atoms: Atoms) -> dict[str, np.ndarray]:
    found = network.predict(network.graphs([as_crystal(atoms)]))
    return {name: value.detach().numpy() for name, value in found.items()}


@pytest.mark.parametrize("energy", [(0.6, 0.4), (1.0, 0.0)])
def test_outputs_are_weighted_means(members: list[SO3ECN], energy: tuple[float, float]) -> None:
    one, two = (results(network, wurtzite()) for network in members)
    both = results(joined(members, energy), wurtzite())
    for name in ("formation_energy", "forces", "stress"):
        expected = energy[0] * one[name] + energy[1] * two[name]
        np.testing.assert_allclose(both[name], expected, atol=1e-12)
    for name in ("magnetization", "site_moments"):
        np.testing.assert_array_equal(both[name], two[name])


def test_the_mean_gap_agrees_with_the_mean_probability_of_a_metal(members: list[SO3ECN]) -> None:
    graph = members[0].graphs([as_crystal(wurtzite())]).batch
    one, two = (member.outputs_of(graph, member.scalars(graph)) for member in members)
    both = joined(members, (1.0, 0.0)).properties(graph)
    mean = (torch.sigmoid(one["metal"]) + torch.sigmoid(two["metal"])) / 2
    torch.testing.assert_close(torch.sigmoid(both["metal"]), mean)
    gap = 0.25 * one["band_gap"] + 0.75 * two["band_gap"]
    expected = in_agreement({"band_gap": gap, "metal": torch.logit(mean)})["band_gap"]
    torch.testing.assert_close(both["band_gap"], expected)


def test_forces_are_derivatives_of_the_mean(members: list[SO3ECN]) -> None:
    network = joined(members, (0.6, 0.4))
    forces = results(network, wurtzite())["forces"]
    energies = []
    for shift in (1e-4, -1e-4):
        moved = wurtzite()
        moved.positions[1, 2] += shift
        energies.append(results(network, moved)["formation_energy"][0] * len(moved))
    assert forces[1, 2] == pytest.approx((energies[1] - energies[0]) / 2e-4, abs=1e-6)
    surface = network.surface([as_crystal(wurtzite())])
    np.testing.assert_allclose(surface[1].numpy(), forces, atol=1e-12)


def test_a_member_without_share_in_the_energy_is_not_differentiated(
    members: list[SO3ECN], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = joined(members, (1.0, 0.0))
    expected = results(network, wurtzite())
    monkeypatch.setattr(members[1], "derivatives", None)
    for name, value in results(network, wurtzite()).items():
        np.testing.assert_array_equal(value, expected[name])


def test_results_belong_to_the_crystal(members: list[SO3ECN]) -> None:
    """Not to its cell, its orientation or the order of its atoms; alone or in a batch."""
    network, atoms = joined(members, (0.6, 0.4)), wurtzite()
    found = results(network, atoms)
    assert {"formation_energy_std", "band_gap_std"} <= set(found)
    order = [2, 0, 3, 1]
    turned = atoms[order]
    rotation = Rotation.random(random_state=1).as_matrix()
    turned.set_cell(turned.cell[:] @ rotation, scale_atoms=True)
    big = make_supercell(atoms, [[1, 1, 0], [-1, 1, 0], [0, 0, 2]])
    numbers = [n for n in found if n not in ("forces", "stress", "site_moments")]
    for other in (turned, big):
        again = results(network, other)
        for name in numbers:
            assert again[name][0] == pytest.approx(found[name][0], abs=1e-9), name
    np.testing.assert_allclose(
        results(network, turned)["forces"], found["forces"][order] @ rotation, atol=1e-9
    )
    graphs = network.graphs([as_crystal(a) for a in (big, atoms)])
    batch = network.predict_without_forces(graphs)
    for name in numbers:
        assert float(batch[name][1]) == pytest.approx(float(found[name][0]), abs=1e-9)


def test_disagreement_is_an_input_of_uncertainties(members: list[SO3ECN]) -> None:
    network = joined(members, (0.6, 0.4))
    graph = network.graphs([as_crystal(wurtzite())]).batch
    outputs, features = network.properties_and_pooled(graph)
    assert features.shape == (1, 32 + 16 + len(STATED))
    energies = [float(m.properties(graph)["formation_energy"][0].detach()) for m in members]
    assert float(features[0, -2].detach()) == pytest.approx(np.log(np.std(energies) + 1e-3))
    assert set(outputs) == {*network.targets, "formation_energy_std", "band_gap_std"}


TENSORS = ("dielectric_tensor", "dielectric_tensor_total", "elastic_tensor")
NUMBERS = ("bulk_modulus", "refractive_index")


def with_tensors(members: list[SO3ECN]) -> SO3Ensemble:
    """The energies of one network, and the tensors of two others."""
    config = SO3ECNConfig(widths=(16, 16, 16), cutoff=4.5, tensor_targets=TENSORS)
    others = [member(config, seed) for seed in (3, 4)]
    torch.manual_seed(5)
    network = SO3Ensemble([members[0], *others], {"formation_energy": (1.0, 0.0, 0.0)}, NUMBERS)
    return network.double().eval()


def test_tensors_are_means_of_the_members_that_have_them(members: list[SO3ECN]) -> None:
    network = with_tensors(members)
    assert set(TENSORS) < set(network.targets)
    found = results(network, wurtzite())
    first, *others = [results(one, wurtzite()) for one in network.networks]
    for name in TENSORS:
        one, two = (other[name] for other in others)
        assert abs(one - two).max() > 1e-3
        np.testing.assert_allclose(found[name], (one + two) / 2, atol=1e-12)
    for name in ("formation_energy", "forces", "stress"):
        np.testing.assert_allclose(found[name], first[name], atol=1e-12)
    alone = network.predict_without_forces(network.graphs([as_crystal(wurtzite())]))
    for name in (*TENSORS, *(f"{number}_std" for number in NUMBERS)):
        np.testing.assert_allclose(alone[name].detach().numpy(), found[name], rtol=1e-9)


def test_uncertainties_of_moduli_know_how_the_members_differ(members: list[SO3ECN]) -> None:
    network = with_tensors(members)
    graph = network.graphs([as_crystal(wurtzite())]).batch
    with torch.no_grad():
        outputs, features = network.properties_and_pooled(graph)
    assert features.shape == (1, 32 + 16 + 16 + len(NUMBERS))
    moduli_of = [
        moduli(results(one, wurtzite())["elastic_tensor"][0]) for one in network.networks[1:]
    ]
    bulk_moduli = np.array([one["bulk_modulus"] for one in moduli_of])
    expected = np.log(bulk_moduli.std() / bulk_moduli.mean() + 1e-3)
    assert float(features[0, -2]) == pytest.approx(expected)
    found = results(network, wurtzite())
    mean = moduli(found["elastic_tensor"][0])["bulk_modulus"]
    share = float(outputs["bulk_modulus_std"][0])
    assert found["bulk_modulus_std"][0] == pytest.approx(mean * share)


def test_it_is_saved_loaded_and_calculates(members: list[SO3ECN], tmp_path: Path) -> None:
    network = joined(members, (0.6, 0.4))
    path = tmp_path / "both.safetensors"
    units = {"formation_energy": "eV/atom", "forces": "eV/Å", "stress": "eV/Å³"}
    content = {"name": "both", "version": "v1", "elements": [16, 30], "properties": units}
    card = save_checkpoint(path, network, content)
    assert card.content["forces"]
    assert load_checkpoint(path).model.config == network.config
    atoms = wurtzite()
    atoms.calc = ECNCalculator(path, dtype="float64")
    expected = results(network, wurtzite())
    np.testing.assert_allclose(atoms.get_forces(), expected["forces"], atol=1e-5)
    energy = expected["formation_energy"][0] * len(atoms)
    assert atoms.get_potential_energy() == pytest.approx(energy, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"members": (FIRST,)}, "at least two"),
        ({"members": (FIRST, SO3ECNConfig(cutoff=5.0))}, "same cutoff"),
        ({"members": (FIRST, SO3ECNConfig(**TRUNK, uncertainties=STATED[:1]))}, "uncertainties"),
        ({"members": (FIRST, SECOND), "weights": {"band_gap": (1.0,)}}, "1 weights of band_gap"),
        ({"members": (FIRST, SECOND), "weights": {"band_gap": (0.5, 0.6)}}, "sum up to 1"),
        (
            {"members": (FIRST, SECOND), "weights": {"magnetization": (0.5, 0.5)}},
            "doesn't predict it",
        ),
        ({"members": (FIRST, SECOND), "uncertainties": ("site_moments",)}, "of the crystal"),
        ({"members": (FIRST, SECOND), "uncertainties": ("bulk_modulus",)}, "of the crystal"),
    ],
)
def test_what_does_not_fit_together_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        SO3EnsembleConfig(**arguments)
