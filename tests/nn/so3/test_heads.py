"""Properties besides the energy of the SO(3)-equivariant network, with random weights."""

import numpy as np
import pytest
import torch
from ase.build import bulk, make_supercell
from scipy.spatial.transform import Rotation

from ase_ecn import ECNCalculator
from ase_ecn.checkpoint import load_checkpoint, save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.nn.registry import build
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.heads import PropertyHeads, weighted_mean
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.training.fits.start import start_from

TRUNK = {"widths": (32, 16, 16), "layers": 2, "cutoff": 4.5}
HEADS = {
    "crystal_targets": ("band_gap", "metal", "magnetization", "fermi_level"),
    "site_targets": ("site_moments",),
    "uncertainties": ("formation_energy", "band_gap"),
}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return SO3ECN(SO3ECNConfig(**TRUNK, **HEADS)).double().eval()


def crystals():
    atoms = [bulk("NaCl", "rocksalt", a=5.6), bulk("ZnS", "wurtzite", a=3.8, c=6.2)]
    for k, a in enumerate(atoms):
        a.rattle(0.1, seed=k)
    return atoms


def results(network, *atoms):
    found = network.predict(network.graphs([as_crystal(a) for a in atoms]))
    return {name: value.detach().numpy() for name, value in found.items()}


@pytest.mark.parametrize("atoms", crystals(), ids=str)
def test_properties_belong_to_the_crystal(network, atoms):
    """Not to its cell, its orientation or the order of its atoms."""
    found = results(network, atoms)
    expected = {*network.targets, "formation_energy_std", "band_gap_std", "forces", "stress"}
    assert set(found) == expected
    numbers = [n for n in found if n not in ("forces", "stress", "site_moments")]
    order = np.random.default_rng(0).permutation(len(atoms))
    turned = atoms[order]
    rotation = Rotation.random(random_state=1).as_matrix()
    turned.set_cell(turned.cell[:] @ rotation, scale_atoms=True)
    big = make_supercell(atoms, [[1, 1, 0], [-1, 1, 0], [0, 0, 2]])
    for other in (turned, big):
        again = results(network, other)
        for name in numbers:
            assert again[name][0] == pytest.approx(found[name][0], abs=1e-9), name
    moments = results(network, turned)["site_moments"]
    np.testing.assert_allclose(moments, found["site_moments"][order], atol=1e-9)


def test_a_batch_is_its_crystals(network):
    together = results(network, *crystals())
    alone = [results(network, a) for a in crystals()]
    for name, values in together.items():
        np.testing.assert_allclose(values, np.concatenate([a[name] for a in alone]), atol=1e-10)


def test_without_forces_the_rest_is_the_same(network):
    graphs = network.graphs([as_crystal(a) for a in crystals()])
    both, alone = network.predict(graphs), network.predict_without_forces(graphs)
    assert set(both) - set(alone) == {"forces", "stress"}
    for name, value in alone.items():
        torch.testing.assert_close(both[name].detach(), value)


def test_the_mean_is_weighted_by_a_softmax_in_each_crystal():
    rng = torch.Generator().manual_seed(0)
    h, scores = torch.randn(2, 5, 3, generator=rng, dtype=torch.float64)
    counts = torch.tensor([2, 3])
    # Also where exponentials alone would overflow.
    found = weighted_mean(h, scores + 2000, torch.tensor([0, 0, 1, 1, 1]), counts)
    parts = zip(h.split([2, 3]), scores.split([2, 3]), strict=True)
    expected = torch.stack([(p * torch.softmax(s, dim=0)).sum(dim=0) for p, s in parts])
    torch.testing.assert_close(found, expected)


def test_the_gap_of_a_hybrid_functional_is_added_to_the_other():
    torch.manual_seed(0)
    gaps = ("band_gap", "band_gap_hse")
    both = PropertyHeads(8, gaps, (), (), 0.0).double().eval()
    alone = PropertyHeads(8, gaps[1:], (), (), 0.0).double().eval()
    alone.readouts.load_state_dict(
        {k: v for k, v in both.readouts.state_dict().items() if "hse" in k}
    )
    both.shift[0], both.scale[0] = 1.5, 0.7
    both.shift[1], both.scale[1] = alone.shift[0], alone.scale[0] = 0.8, 0.3
    arguments = torch.randn(5, 8).double(), torch.tensor([0, 0, 1, 1, 1]), torch.tensor([2, 3])
    found, difference = both(*arguments), alone(*arguments)["band_gap_hse"]
    torch.testing.assert_close(found["band_gap_hse"], found["band_gap"] + difference)
    assert found["band_gap_hse"].ne(difference).all()


def test_the_energy_alone_has_no_heads():
    """So checkpoints of before have the same weights."""
    plain = SO3ECN(SO3ECNConfig(**TRUNK))
    assert not [name for name in plain.state_dict() if name.startswith("heads.")]
    assert plain.targets == ("formation_energy",)


@pytest.mark.parametrize(
    "options",
    [{"crystal_targets": ("metal", "metal")}, {"crystal_targets": ("formation_energy",)},
     {"site_targets": ("site_moments",), "uncertainties": ("site_moments",)}, {"dropout": 1.0}],
)  # fmt: skip
def test_impossible_heads_are_refused(options):
    with pytest.raises(OptionError):
        SO3ECNConfig(**TRUNK, **options)


def test_the_architecture_survives_json():
    config = SO3ECNConfig(**TRUNK, **HEADS, dropout=0.1)
    assert build("so3", config.to_dict()).config == config


def test_heads_are_put_on_a_trunk_that_was_fitted():
    """Energies, forces and stresses are those of the checkpoint."""
    source = load_checkpoint("ecn-universal", SO3ECN).model
    trunk = {k: getattr(source.config, k) for k in ("widths", "layers", "cutoff", "neighbors")}
    network = SO3ECN(SO3ECNConfig(**trunk, **HEADS)).eval()
    start_from(network, "ecn-universal")
    expected, found = results(source, *crystals()), results(network, *crystals())
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


def test_the_calculator_gives_all_and_all_agrees(network, tmp_path):
    card = {
        "name": "toy",
        "elements": [11, 17],
        "properties": {"formation_energy": "eV/atom", "magnetization": "µB/cell"},
    }
    save_checkpoint(tmp_path / "toy.safetensors", network, card)
    atoms = crystals()[0]
    atoms.calc = ECNCalculator(tmp_path / "toy.safetensors", device="cpu", dtype="float64")
    energy = atoms.get_potential_energy()
    assert atoms.calc.get_formation_energy() == pytest.approx(energy / 2, abs=1e-12)
    step = 1e-4
    forces = atoms.get_forces()
    ends = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions[0, 1] += sign * step
        ends.append(atoms.calc.get_potential_energy(moved))
    assert forces[0, 1] == pytest.approx(-(ends[0] - ends[1]) / (2 * step), abs=1e-6)
    assert 0 <= atoms.calc.get_metal_probability(atoms) <= 1
    assert atoms.calc.get_band_gap(atoms) >= 0
    double = atoms.calc.get_property("magmom", atoms * (2, 1, 1))
    assert double == pytest.approx(2 * atoms.get_magnetic_moment(), abs=1e-9)
    assert atoms.get_magnetic_moments().shape == (2,)
    assert atoms.calc.get_property("formation_energy_std", atoms) > 0
    assert atoms.get_stress().shape == (6,)
