"""Energies of small batches by a few calls of C give what PyTorch's operations give."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from random_gains import vary_gains

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.spheres import SphereArrays, sphere_arrays
from ase_ecn.nn.so3 import library
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.energy_pass import forces_and_stress_by_c, mean_energies_and_pulls
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble
from ase_ecn.nn.so3.so3_network import SO3Network, forces_and_stress

pytestmark = pytest.mark.skipif(
    not library.has_sequences(library.library()), reason="no compiler made the C functions"
)
CONFIGS = {
    "degree 2": SO3ECNConfig(widths=(48, 32, 16), cutoff=4.5, repulsion=0.57),
    "gains": SO3ECNConfig(widths=(32, 32, 16), cutoff=4.5, element_gains=True),
    "degree 3": SO3ECNConfig(widths=(16, 16, 16, 16), layers=2, cutoff=4.5),
}


def network_of(config: SO3ECNConfig, seed: int = 0) -> SO3ECN:
    torch.manual_seed(seed)
    network = SO3ECN(config).double().eval()
    network.element_energies.normal_()
    network.scale.fill_(0.7)
    vary_gains(network)
    return network


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS.keys())
def network(request: pytest.FixtureRequest) -> SO3ECN:
    return network_of(request.param)


def crystals() -> list[Atoms]:
    made = [
        bulk("NaCl", "rocksalt", a=5.6, cubic=True),
        bulk("ZnS", "wurtzite", a=3.8, c=6.2),
        bulk("CsCl", "cesiumchloride", a=3.0),  # so near that atoms repel
        Atoms("Xe", cell=[20, 20, 20], pbc=True),  # without neighbours
    ]
    for k, atoms in enumerate(made):
        atoms.rattle(0.05, seed=k)
    return made


def arrays_of(many: Sequence[Atoms], network: SO3Network) -> SphereArrays:
    config = network.architecture
    found = [as_crystal(atoms) for atoms in many]
    return sphere_arrays(found, config.cutoff, shortest=config.first_knot)


def assert_same(network: SO3Network, arrays: SphereArrays) -> None:
    """Energies, pulls, forces and stresses, by both ways."""
    passes = network.energy_passes()
    assert passes is not None
    energies, pulls = mean_energies_and_pulls(passes, arrays)
    graph = arrays.batch(dtype=torch.float64)
    expected, by_bonds = network.energies_and_pulls(graph)
    np.testing.assert_allclose(energies, expected.numpy(), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(pulls, by_bonds.numpy(), rtol=1e-9, atol=1e-10)
    by_c = forces_and_stress_by_c(arrays, pulls)
    for found, wanted in zip(by_c, forces_and_stress(graph, by_bonds), strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-9, atol=1e-10)


def test_batches_of_any_size_and_order(network: SO3ECN) -> None:
    """Arrays are kept, so what a large batch has left there must not matter."""
    many = crystals()
    for batch in (many[:1], many, many[1:3], [many[0] * (2, 2, 2)], many[3:], many[::-1]):
        assert_same(network, arrays_of(batch, network))


def test_members_of_an_ensemble_that_count(network: SO3ECN) -> None:
    other = network_of(network.config, seed=1)
    for weights in ((1.0, 0.0), (0.3, 0.7)):
        ensemble = SO3Ensemble([network, other], {"formation_energy": weights}).double().eval()
        passes = ensemble.energy_passes()
        assert passes is not None
        assert len(passes) == sum(weight > 0 for weight in weights)
        assert_same(ensemble, arrays_of(crystals(), ensemble))


def test_weights_that_change_are_seen(network: SO3ECN) -> None:
    arrays = arrays_of(crystals(), network)
    assert_same(network, arrays)
    with torch.no_grad():
        network.hidden.weight.mul_(1.1)
        network.element_energies.add_(0.5)
    assert_same(network, arrays)


def test_threads_do_not_disturb_each_other(network: SO3ECN) -> None:
    batches = [arrays_of([atoms], network) for atoms in crystals()] * 8
    passes = network.energy_passes()
    assert passes is not None
    alone = [mean_energies_and_pulls(passes, arrays) for arrays in batches]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda one: mean_energies_and_pulls(passes, one), batches))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("forces", [False, True])
def test_what_is_too_large_goes_the_usual_way(
    network: SO3ECN, forces: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    crystal = [as_crystal(crystals()[0])]
    small = network.energies_alone(crystal, forces=forces)
    monkeypatch.setattr("ase_ecn.nn.so3.so3_network.MOST_ATOMS", 1)
    large = network.energies_alone(crystal, forces=forces)
    assert small is not None
    assert large is not None
    np.testing.assert_allclose(small.values, large.values, rtol=1e-10)
    if forces:
        assert small.forces is not None
        assert large.forces is not None
        np.testing.assert_allclose(small.forces, large.forces, rtol=1e-9, atol=1e-10)
