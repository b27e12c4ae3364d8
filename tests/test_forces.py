from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.neighborlist import neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondBatch, bond_graph, pack
from ase_ecn.graphs.radial import radial_bonds
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.forces import energy_derivatives
from ase_ecn.nn.layers import cutoff_weight

CUTOFF = 4.0


def small_pes() -> ECN:
    torch.manual_seed(0)
    config = ECNConfig(
        ("potential_energy",),
        group="S_N",
        bonds="radial",
        cutoff=CUTOFF,
        readout="contributions",
        width=16,
        layers=2,
        distance_features=12,
        angular_degree=3,
        angular_channels=4,
    )
    model = ECN(config).double().eval()
    for layer in model.layers:  # angular features start switched off
        torch.nn.init.normal_(layer.extra_edge.weight, std=0.3)
        torch.nn.init.normal_(layer.extra_atom[-1].weight, std=0.3)
    torch.nn.init.normal_(model.element_constants)
    return model.requires_grad_(False)


@pytest.fixture(scope="module")
def pes() -> ECN:
    return small_pes()


def rattled(seed: int = 0) -> Atoms:
    atoms = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
    atoms.rattle(0.1, seed=seed)
    shear = np.random.default_rng(seed).normal(scale=0.05, size=(3, 3))
    atoms.set_cell(atoms.cell[:] @ (np.eye(3) + shear), scale_atoms=True)
    return atoms


def batch_of(*crystals: Atoms) -> tuple[BondBatch, torch.Tensor]:
    packed = pack([bond_graph(as_crystal(c), "radial", CUTOFF) for c in crystals], "S_N")
    volumes = torch.tensor([c.get_volume() for c in crystals], dtype=torch.float64)
    return packed.batch(np.arange(len(crystals)), dtype=torch.float64), volumes


def energy(model: ECN, atoms: Atoms) -> float:
    batch, _ = batch_of(atoms)
    return float(model(batch)["potential_energy"]) * len(atoms)


def derivatives(model: ECN, atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    found = energy_derivatives(model, *batch_of(atoms), "potential_energy")
    return found.forces.numpy(), found.stress[0].numpy()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), cutoff=st.floats(1.5, 7.0))
def test_radial_bonds_are_all_neighbours(seed: int, cutoff: float) -> None:
    rng = np.random.default_rng(seed)
    atoms = rattled(seed)
    # Neither inside of the cell nor with a reduced basis.
    atoms.positions += rng.normal(scale=10, size=3)
    skewed = make_supercell(atoms, [[1, 0, 0], [int(rng.integers(-3, 4)), 1, 0], [1, -2, 1]])
    bonds = radial_bonds(as_crystal(skewed), cutoff)
    i, j, s, d = neighbor_list("ijSd", skewed, cutoff)
    ours = np.column_stack([bonds.source, bonds.target, bonds.image])
    theirs = np.column_stack([i, j, s])
    order, other = np.lexsort(ours.T), np.lexsort(theirs.T)
    np.testing.assert_array_equal(ours[order], theirs[other])
    np.testing.assert_allclose(bonds.distance[order], d[other], atol=1e-10)
    assert (np.diff(bonds.source) >= 0).all()


def test_bonds_fade_with_two_derivatives() -> None:
    at = torch.tensor([1.0, 2.0, 3.0, 4.0, 4.5], dtype=torch.float64, requires_grad=True)
    weight = cutoff_weight(at, 4.0)
    np.testing.assert_allclose(weight.tolist(), [1, 1, 0.5, 0, 0], atol=1e-12)
    just_below = torch.tensor([4 - 1e-4], dtype=torch.float64)
    assert float(cutoff_weight(just_below, 4.0)) < 1e-10


def test_forces_are_the_energy_s_derivatives(pes: ECN) -> None:
    atoms = rattled()
    forces, _ = derivatives(pes, atoms)
    assert np.abs(forces).max() > 0.01
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-10)
    step = 1e-4
    for atom in range(len(atoms)):
        for axis in range(3):
            energies = []
            for sign in (1, -1):
                moved = atoms.copy()
                moved.positions[atom, axis] += sign * step
                energies.append(energy(pes, moved))
            slope = (energies[0] - energies[1]) / (2 * step)
            assert forces[atom, axis] == pytest.approx(-slope, abs=1e-7)


def test_stress_is_the_derivative_by_strain_in_ase_s_order(pes: ECN) -> None:
    atoms = rattled()
    _, stress = derivatives(pes, atoms)
    assert np.abs(stress).min() > 1e-5
    step = 1e-5
    for k, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * step / 2
            strain[b, a] += sign * step / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell[:] @ strain, scale_atoms=True)
            energies.append(energy(pes, strained))
        slope = (energies[0] - energies[1]) / (2 * step) / atoms.get_volume()
        assert stress[k] == pytest.approx(slope, abs=1e-7)


def test_energies_are_extensive_and_turn_with_the_crystal(pes: ECN) -> None:
    atoms = rattled()
    forces, stress = derivatives(pes, atoms)
    skew = [[1, 1, 0], [0, 1, 0], [0, 0, 2]]
    large = make_supercell(atoms, skew)
    large_forces, large_stress = derivatives(pes, large)
    assert energy(pes, large) == pytest.approx(2 * energy(pes, atoms), abs=1e-9)
    np.testing.assert_allclose(large_stress, stress, atol=1e-10)
    np.testing.assert_allclose(
        np.sort(np.linalg.norm(large_forces, axis=1)),
        np.sort(np.tile(np.linalg.norm(forces, axis=1), 2)),
        atol=1e-10,
    )
    turned = atoms.copy()
    turned.rotate(50, (1, 2, 3), rotate_cell=True)
    rotation = np.linalg.solve(atoms.cell[:], turned.cell[:])
    np.testing.assert_allclose(derivatives(pes, turned)[0], forces @ rotation, atol=1e-10)


def test_nothing_jumps_when_neighbours_cross_the_cutoff(pes: ECN) -> None:
    atoms = bulk("Cu")
    bond = atoms.cell.lengths()[0]
    energies = []
    for scale in CUTOFF / (bond * 3**0.5) + np.linspace(-1e-4, 1e-4, 5):
        strained = atoms.copy()
        strained.set_cell(atoms.cell[:] * scale, scale_atoms=True)
        energies.append(energy(pes, strained))
    assert np.abs(np.diff(energies, 2)).max() < 1e-7


def test_crystals_of_a_batch_do_not_mix(pes: ECN) -> None:
    crystals = [rattled(1), bulk("Cu"), rattled(2)]
    together = energy_derivatives(pes, *batch_of(*crystals), "potential_energy")
    first = 0
    for k, atoms in enumerate(crystals):
        forces, stress = derivatives(pes, atoms)
        part = together.forces[first : first + len(atoms)].numpy()
        np.testing.assert_allclose(part, forces, atol=1e-10)
        np.testing.assert_allclose(together.stress[k].numpy(), stress, atol=1e-10)
        first += len(atoms)


def test_colours_and_radial_bonds_exclude_each_other(pes: ECN) -> None:
    with pytest.raises(OptionError, match="S_N"):
        replace(pes.config, group="S_lattice")
