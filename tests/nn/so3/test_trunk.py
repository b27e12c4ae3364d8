"""Layers and heads without gradients give what those with gradients give."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from random_gains import vary_gains

from ase_ecn.crystal import as_crystal
from ase_ecn.nn.so3 import heads, library, so3_ecn
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN

pytestmark = pytest.mark.skipif(
    not library.has_products(library.library()), reason="no compiler made the C functions"
)
CONFIGS = {
    "degree 2": SO3ECNConfig(
        widths=(48, 32, 16),
        cutoff=4.5,
        crystal_targets=("band_gap", "metal", "magnetization"),
        site_targets=("site_moments",),
        uncertainties=("formation_energy",),
        repulsion=0.57,
    ),
    "gains": SO3ECNConfig(
        widths=(32, 32, 16), cutoff=4.5, crystal_targets=("band_gap",), element_gains=True
    ),
    "degree 3, no heads": SO3ECNConfig(widths=(16, 16, 16, 16), layers=2, cutoff=4.5),
    "classes, sites alone": SO3ECNConfig(
        widths=(16, 16, 16), cutoff=4.5, classes="colours", site_targets=("site_moments",)
    ),
}


def network_of(config: SO3ECNConfig, dtype: torch.dtype) -> SO3ECN:
    torch.manual_seed(0)
    network = SO3ECN(config).to(dtype).eval()
    network.element_energies.normal_()
    vary_gains(network)
    return network


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS.keys())
def network(request: pytest.FixtureRequest) -> SO3ECN:
    return network_of(request.param, torch.float64)


def crystals() -> list[Atoms]:
    made = [
        bulk("NaCl", "rocksalt", a=5.6, cubic=True),
        bulk("ZnS", "wurtzite", a=3.8, c=6.2),
        bulk("Cu", a=3.6),
        Atoms("Xe", cell=[20, 20, 20], pbc=True),
    ]
    for k, atoms in enumerate(made):
        atoms.rattle(0.05, seed=k)
    return made


def outputs(network: SO3ECN, forces: bool = True) -> dict[str, np.ndarray]:
    graphs = network.graphs([as_crystal(atoms) for atoms in crystals()])
    run = network.predict if forces else network.predict_without_forces
    return {name: value.numpy() for name, value in run(graphs).items()}


def without_preparation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations of PyTorch do all."""
    for module in (heads, so3_ecn):
        monkeypatch.setattr(module, "prepared", lambda *_: None)


def compare(one: dict[str, np.ndarray], other: dict[str, np.ndarray], **bounds: float) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], err_msg=name, **bounds)


@pytest.mark.parametrize("forces", [True, False])
def test_the_same_results(network: SO3ECN, forces: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = outputs(network, forces)
    without_preparation(monkeypatch)
    compare(found, outputs(network, forces), rtol=1e-10, atol=1e-12)


def test_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of(CONFIGS["degree 2"], torch.float32)
    found = outputs(network)
    without_preparation(monkeypatch)
    compare(found, outputs(network), rtol=2e-5, atol=2e-5)


def test_the_number_of_threads_changes_no_bit() -> None:
    network = network_of(CONFIGS["degree 2"], torch.float32)
    graph = network.graphs([as_crystal(crystals()[0] * (6, 6, 6))]).batch.to("cpu", torch.float32)
    allowed, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            with torch.no_grad():
                found.append(network.features(graph).scalars)
    finally:
        torch.set_num_threads(allowed)
    assert torch.equal(*found)


def test_weights_that_have_changed_count() -> None:
    network = network_of(CONFIGS["degree 2"], torch.float64)
    before = outputs(network)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.01)
    changed = outputs(network)
    assert abs(changed["forces"] - before["forces"]).max() > 1e-6
    assert abs(changed["band_gap"] - before["band_gap"]).max() > 1e-6
    fresh = SO3ECN(network.config).double().eval()
    fresh.load_state_dict(network.state_dict())
    compare(changed, outputs(fresh), rtol=1e-12, atol=1e-13)
    compare(outputs(network.float()), changed, rtol=1e-3, atol=1e-3)
    assert outputs(network)["forces"].dtype == np.float32


def test_copies_and_pickles_have_their_own() -> None:
    network = network_of(CONFIGS["degree 2"], torch.float64)
    found = outputs(network)
    size = len(pickle.dumps(network_of(CONFIGS["degree 2"], torch.float64)))
    assert len(pickle.dumps(network)) == size
    copied = copy.deepcopy(network)
    with torch.no_grad():
        network.head.weight.zero_()
    compare(outputs(copied), found, rtol=0, atol=0)


def test_fits_are_differentiated_as_before() -> None:
    network = network_of(CONFIGS["degree 2"], torch.float64)
    outputs(network)
    graph = network.graphs([as_crystal(atoms) for atoms in crystals()]).batch
    network.properties(graph)["band_gap"].sum().backward()
    for layer in network.interactions:
        assert layer.table.grad.abs().max() > 0
