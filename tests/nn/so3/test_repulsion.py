"""Repulsion of nuclei that are far too near: its values, derivatives, and where it is nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.data import covalent_radii

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.spheres import sphere_batch
from ase_ecn.nn.registry import build
from ase_ecn.nn.so3.repulsion import FULL, repulsion
from ase_ecn.nn.so3.so3_ecn import SO3ECN, SO3ECNConfig

SHARE = 0.57
SMALL = SO3ECNConfig(widths=(16, 16, 16), layers=2, cutoff=4.0)


def network(share):
    torch.manual_seed(0)
    return SO3ECN(replace(SMALL, repulsion=share)).double().eval()


def squeezed():
    """Crystals whose shortest bonds lie inside the switch, below it, and both."""
    caesium = bulk("CsCl", "cesiumchloride", a=2.2)
    zinc = bulk("ZnS", "wurtzite", a=2.1, c=3.3)
    copper = bulk("Cu", a=2.0)
    for k, atoms in enumerate((caesium, zinc, copper)):
        atoms.rattle(0.03, seed=k)
    return [caesium, zinc, copper]


def batch(*atoms, dtype=torch.float64):
    return sphere_batch([as_crystal(a) for a in atoms], 4.0, dtype=dtype)


def pair(first, second, distance):
    return Atoms([first, second], [[0, 0, 0], [distance, 0, 0]], cell=[12] * 3, pbc=True)


def test_near_nuclei_have_the_published_potential():
    """Silicon and silicon at 0.9 Å: V = 14.4 Z² / r φ(r / a), a = 0.8854 a0 / (2 Z^0.23)."""
    found = repulsion(batch(pair(14, 14, 0.9)), SHARE)
    x = 0.9 / (0.8854 * 0.52917721 / (2 * 14**0.23))
    phi = (
        0.18175 * np.exp(-3.1998 * x)
        + 0.50986 * np.exp(-0.94229 * x)
        + 0.28022 * np.exp(-0.4029 * x)
        + 0.02817 * np.exp(-0.20162 * x)
    )
    assert float(found.energies.sum()) == pytest.approx(14.399645 * 14**2 / 0.9 * phi, rel=1e-6)


def test_nothing_repels_at_the_distances_of_bonds():
    assert repulsion(batch(bulk("NaCl", "rocksalt", a=5.6), bulk("Si"), bulk("Cu")), SHARE) is None
    begin = SHARE * 2 * covalent_radii[29]
    assert repulsion(batch(pair(29, 29, begin + 1e-6)), SHARE) is None
    assert repulsion(batch(Atoms("Xe", cell=[20] * 3, pbc=True)), SHARE) is None


def test_it_rises_without_a_step_as_atoms_approach():
    begin = SHARE * 2 * covalent_radii[29]
    distances = np.linspace(begin + 0.01, FULL * begin - 0.1, 400)
    energies, slopes = [], []
    for distance in distances:
        found = repulsion(batch(pair(29, 29, distance)), SHARE)
        energies.append(0.0 if found is None else float(found.energies.sum()))
        slopes.append(0.0 if found is None else 2 * float(found.pulls[0, 0]))
    assert (np.diff(energies) >= 0).all()
    assert energies[-1] > 10
    numeric = np.gradient(energies, distances)
    np.testing.assert_allclose(slopes[1:-1], numeric[1:-1], atol=2e-3 * np.abs(slopes).max())


def test_forces_and_stress_stay_derivatives():
    model, step = network(SHARE), 1e-6
    rng = np.random.default_rng(0)

    def results(atoms):
        found = model.predict(model.graphs([as_crystal(atoms)]))
        return {name: value.detach().numpy() for name, value in found.items()}

    for atoms in squeezed():
        assert repulsion(batch(atoms), SHARE) is not None
        found = results(atoms)
        move, strain = rng.normal(size=(len(atoms), 3)), rng.normal(size=(3, 3))
        strain = strain + strain.T
        energies = {}
        for sign in (1, -1):
            moved, strained = atoms.copy(), atoms.copy()
            moved.positions += sign * step * move
            strained.set_cell(atoms.cell[:] @ (np.eye(3) + sign * step * strain), scale_atoms=True)
            for name, image in (("moved", moved), ("strained", strained)):
                energies[name, sign] = results(image)["formation_energy"][0] * len(atoms)
        slopes = {n: (energies[n, 1] - energies[n, -1]) / (2 * step) for n in ("moved", "strained")}
        assert (found["forces"] * move).sum() == pytest.approx(-slopes["moved"], rel=1e-6)
        xx, yy, zz, yz, xz, xy = found["stress"][0]
        stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        slope = slopes["strained"] / atoms.get_volume()
        assert (stress * strain).sum() == pytest.approx(slope, rel=1e-6)


def test_energies_with_and_without_forces_and_in_fits_agree():
    model = network(SHARE)
    graph = batch(*squeezed())
    found = model.derivatives(graph)
    torch.testing.assert_close(model.energies(graph), found.energies)
    moves = torch.randn(len(graph.numbers), 3, dtype=torch.float64)
    direction = moves[graph.neighbor.long()] - moves[graph.atom_of_bond]
    energies, rates = model.energies_moving(graph, direction)
    torch.testing.assert_close(energies, found.energies)
    crystal = graph.crystal_of_atom[graph.atom_of_bond]
    along = (found.pulls * direction).sum(dim=1)
    torch.testing.assert_close(rates, torch.zeros(3).double().index_add(0, crystal, along))


def test_it_adds_to_the_same_network_and_only_where_atoms_are_near():
    with_it, without = network(SHARE), network(0.0)
    near, usual = batch(*squeezed()), batch(bulk("NaCl", "rocksalt", a=5.6))
    added = with_it.energies(near) - without.energies(near)
    found = repulsion(near, SHARE)
    torch.testing.assert_close(added, found.of_crystals(near, found.energies))
    assert (added > 1).all()
    assert torch.equal(with_it.energies(usual), without.energies(usual))


def test_older_cards_have_none_and_fits_may_start_from_either():
    old = SMALL.to_dict()
    del old["repulsion"]
    assert build("so3", old).config.repulsion == 0
    assert network(SHARE).takes(network(0.0))
    assert network(0.0).takes(network(SHARE))
    assert not network(SHARE).takes(SO3ECN(replace(SMALL, layers=3)))
    with pytest.raises(OptionError, match="repulsion must be between 0 and 1"):
        SO3ECNConfig(repulsion=1.5)
