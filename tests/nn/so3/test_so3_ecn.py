"""Energies, forces and stresses of the SO(3)-equivariant network, with random weights."""

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from random_gains import vary_gains
from scipy.spatial.transform import Rotation

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError, OverlappingAtomsError
from ase_ecn.nn.registry import build
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN

CONFIGS = {
    "degree 2": SO3ECNConfig(widths=(32, 16, 16), cutoff=4.5),
    "gains": SO3ECNConfig(widths=(32, 16, 16), cutoff=4.5, element_gains=True),
    "degree 3": SO3ECNConfig(widths=(16, 16, 16, 16), cutoff=4.5),
}


@pytest.fixture(scope="module", params=CONFIGS.values(), ids=CONFIGS.keys())
def network(request):
    torch.manual_seed(0)
    network = SO3ECN(request.param).double().eval()
    vary_gains(network)
    return network


def prototypes():
    atoms = [
        bulk("NaCl", "rocksalt", a=5.6),
        bulk("ZnS", "wurtzite", a=3.8, c=6.2),
        bulk("Ti", "hcp", a=2.95, c=4.7),
        bulk("CsCl", "cesiumchloride", a=4.1),
        Atoms("SrTiO3", np.array([[0, 0, 0], [1, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]) * 1.95,
              cell=[3.9] * 3, pbc=True),
    ]  # fmt: skip
    for k, a in enumerate(atoms):
        a.rattle(0.05, seed=k)
        a.set_cell(a.cell[:] @ (np.eye(3) + 0.03 * np.random.default_rng(k).normal(size=(3, 3))),
                   scale_atoms=True)  # fmt: skip
    return atoms


def results(network, *atoms):
    found = network.predict(network.graphs([as_crystal(a) for a in atoms]))
    return {name: value.detach().numpy() for name, value in found.items()}


@pytest.mark.parametrize("atoms", prototypes(), ids=str)
def test_nothing_depends_on_the_description(network, atoms):
    found = results(network, atoms)
    energy = found["formation_energy"][0]
    rotation = Rotation.random(random_state=1).as_matrix()
    for turn in (rotation, -rotation):  # a mirror too
        turned = Atoms(
            atoms.numbers, atoms.positions @ turn.T, cell=atoms.cell[:] @ turn.T, pbc=True
        )
        other = results(network, turned)
        assert other["formation_energy"][0] == pytest.approx(energy, abs=1e-9)
        np.testing.assert_allclose(other["forces"], found["forces"] @ turn.T, atol=1e-9)
        stress, theirs = tensor(found["stress"][0]), tensor(other["stress"][0])
        np.testing.assert_allclose(theirs, turn @ stress @ turn.T, atol=1e-10)
    order = np.random.default_rng(0).permutation(len(atoms))
    permuted = atoms[order]
    permuted.positions += [0.3, -7.1, 2.2]
    other = results(network, permuted)
    assert other["formation_energy"][0] == pytest.approx(energy, abs=1e-9)
    np.testing.assert_allclose(other["forces"], found["forces"][order], atol=1e-9)
    skewed = make_supercell(atoms, [[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    big = make_supercell(atoms, [[1, 1, 0], [-1, 1, 0], [0, 0, 2]])
    for same in (skewed, big):
        other = results(network, same)
        assert other["formation_energy"][0] == pytest.approx(energy, abs=1e-9)
        np.testing.assert_allclose(other["stress"], found["stress"], atol=1e-10)


def tensor(voigt):
    xx, yy, zz, yz, xz, xy = voigt
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


@pytest.mark.parametrize("atoms", prototypes(), ids=str)
def test_forces_and_stress_are_derivatives(network, atoms):
    found = results(network, atoms)
    step = 1e-5

    def energy(changed):
        return results(network, changed)["formation_energy"][0] * len(atoms)

    rng = np.random.default_rng(0)
    direction = rng.normal(size=(len(atoms), 3))
    ends = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions += sign * step * direction
        ends.append(energy(moved))
    expected = -(ends[0] - ends[1]) / (2 * step)
    assert (found["forces"] * direction).sum() == pytest.approx(expected, abs=1e-7)
    strain = rng.normal(size=(3, 3))
    strain = strain + strain.T
    ends = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.set_cell(atoms.cell[:] @ (np.eye(3) + sign * step * strain), scale_atoms=True)
        ends.append(energy(moved))
    expected = (ends[0] - ends[1]) / (2 * step) / atoms.get_volume()
    assert (tensor(found["stress"][0]) * strain).sum() == pytest.approx(expected, abs=1e-7)


def test_energies_moving_are_the_pulls_along_the_direction(network):
    graph = network.graphs([as_crystal(a) for a in prototypes()]).batch
    found = network.derivatives(graph)
    moves = torch.randn(len(graph.numbers), 3, dtype=torch.float64)
    direction = moves[graph.neighbor.long()] - moves[graph.atom_of_bond]
    energies, rates = network.energies_moving(graph, direction)
    torch.testing.assert_close(energies, found.energies, atol=1e-10, rtol=0)
    along = (found.pulls * direction).sum(dim=1)
    crystal = graph.crystal_of_atom[graph.atom_of_bond]
    expected = torch.zeros(len(rates), dtype=torch.float64).index_add(0, crystal, along)
    torch.testing.assert_close(rates, expected, atol=1e-9, rtol=0)


def test_a_batch_is_its_crystals(network):
    atoms = prototypes()
    together = results(network, *atoms)
    alone = [results(network, a) for a in atoms]
    for name in together:
        np.testing.assert_allclose(
            together[name], np.concatenate([a[name] for a in alone]), atol=1e-10
        )


def test_energy_is_smooth_at_the_cutoff(network):
    """Forces don't jump when a neighbour goes out of the sphere."""
    spacing = network.config.cutoff + np.linspace(-1e-3, 1e-3, 21)
    forces = []
    for d in spacing:
        pair = Atoms("NaCl", [[0, 0, 0], [d, 0, 0]], cell=[30, 30, 30], pbc=True)
        forces.append(results(network, pair)["forces"][0, 0])
    assert np.abs(np.diff(forces)).max() < 1e-7


def test_an_atom_without_neighbours(network):
    lonely = Atoms("Xe", cell=[20, 20, 20], pbc=True)
    found = results(network, lonely)
    assert np.isfinite(found["formation_energy"]).all()
    np.testing.assert_array_equal(found["forces"], 0)
    np.testing.assert_array_equal(found["stress"], 0)


def test_where_the_caller_has_turned_gradients_off(network):
    atoms = prototypes()[0]
    expected = results(network, atoms)
    for mode in (torch.inference_mode, torch.no_grad):
        with mode():
            found = results(network, atoms)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, atol=1e-12)


def test_energies_alone_are_the_same(network):
    graphs = network.graphs([as_crystal(a) for a in prototypes()])
    both, alone = network.predict(graphs), network.predict_without_forces(graphs)
    assert set(both) - set(alone) == {"forces", "stress"}
    torch.testing.assert_close(both["formation_energy"].detach(), alone["formation_energy"])


def test_atoms_on_top_of_each_other_are_refused(network):
    numbers, cell = np.array([3, 3]), np.eye(3) * 5.0
    close = Crystal(numbers, cell, np.array([[0, 0, 0], [0.11, 0, 0]]))
    with pytest.raises(OverlappingAtomsError, match=r"atoms 0 and 1 are 0.55 Å apart"):
        network.graphs([close])


@pytest.mark.parametrize(
    "options",
    [{"widths": (32, 16)}, {"widths": (32, 16, 20)}, {"layers": 1}, {"target": "band_gap"},
     {"cutoff": 0.5}],
)  # fmt: skip
def test_impossible_architectures_are_refused(options):
    with pytest.raises(OptionError):
        SO3ECNConfig(**options)


def test_the_architecture_survives_json():
    config = SO3ECNConfig(widths=(16, 16, 16, 16), target="potential_energy")
    assert build("so3", config.to_dict()).config == config


@pytest.mark.slow
def test_twenty_thousand_atoms():
    torch.manual_seed(0)
    network = SO3ECN(SO3ECNConfig(widths=(32, 16, 16), cutoff=4.5))
    big = bulk("NaCl", "rocksalt", a=5.6, cubic=True) * (14, 14, 13)
    assert len(big) > 20_000
    small = results(network, bulk("NaCl", "rocksalt", a=5.6))
    found = results(network, big)
    assert found["formation_energy"][0] == pytest.approx(small["formation_energy"][0], abs=1e-5)
    np.testing.assert_allclose(found["stress"], small["stress"], atol=1e-6)
