from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from ase import Atoms

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.lattice import LatticeBatch, lattice_batch
from ase_ecn.nn.empnn import EMPNN, EMPNNConfig
from ase_ecn.nn.lattice_pass.compiled_empnn import CompiledEMPNN, can_compile, library
from ase_ecn.nn.so3.library import instructions

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled pass")
CONFIG = EMPNNConfig(features=32, plain_layers=1, deforming_layers=2, distance_features=24)


@pytest.fixture
def network() -> EMPNN:
    torch.manual_seed(3)
    network = EMPNN(CONFIG).double()
    for parameter in network.parameters():  # normalisations too, which begin as ones and zeros
        torch.nn.init.normal_(parameter, std=0.2)
    return network


@pytest.fixture
def batch(prototypes: dict[str, Atoms]) -> LatticeBatch:
    """Deformed crystals of several sizes, one of more atoms than a part has."""
    crystals = []
    for atoms in [*prototypes.values(), prototypes["fcc"] * (5, 5, 5)]:
        deformed = atoms.copy()
        deformed.set_cell(atoms.cell[:] * [1.03, 1, 0.98], scale_atoms=True)
        crystals.append(as_crystal(deformed))
    return lattice_batch(crystals, 12, dtype=torch.float64)


def single(batch: LatticeBatch) -> LatticeBatch:
    return replace(batch, cells=batch.cells.float(), fraction=batch.fraction.float())


@torch.no_grad()
def test_cells_are_those_of_the_network(network: EMPNN, batch: LatticeBatch) -> None:
    expected = network(batch)[-1]
    assert (expected - batch.cells).abs().amax(dim=(1, 2)).min() > 1e-3
    torch.testing.assert_close(CompiledEMPNN(network)(batch), expected, rtol=0, atol=1e-10)
    # Sums in another order differ by the precision, relative to the cells.
    found = CompiledEMPNN(network.float())(single(batch)).double()
    assert ((found - expected).abs() / expected.abs().max()).max() < 1e-5


@torch.no_grad()
@pytest.mark.parametrize("name", ["plain", "avx2", "avx512"])
def test_every_set_of_instructions(
    network: EMPNN, batch: LatticeBatch, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = network(batch)[-1]
    monkeypatch.setenv("ASE_ECN_INSTRUCTIONS", name)
    instructions.cache_clear()
    try:
        found = CompiledEMPNN(network)(batch)
        rough = CompiledEMPNN(network.float())(single(batch)).double()
    finally:
        monkeypatch.undo()
        instructions.cache_clear()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    assert ((rough - expected).abs() / expected.abs().max()).max() < 1e-5


@torch.no_grad()
def test_threads_and_other_crystals_change_no_bit(
    network: EMPNN, batch: LatticeBatch, prototypes: dict[str, Atoms]
) -> None:
    compiled = CompiledEMPNN(network.float())
    together = compiled(single(batch))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert torch.equal(compiled(single(batch)), together)
    finally:
        torch.set_num_threads(threads)
    for name in ("fcc", "rocksalt"):
        k = list(prototypes).index(name)
        edges = batch.crystal_of_edge == k
        first = int(batch.source[edges].min())
        count = int(batch.source[edges].max()) + 1 - first
        alone = LatticeBatch(
            batch.cells[k : k + 1],
            batch.numbers[first : first + count],
            batch.source[edges] - first,
            batch.target[edges] - first,
            batch.fraction[edges],
            torch.zeros_like(batch.source[edges]),
            edges.sum()[None],
        )
        assert torch.equal(compiled(single(alone))[0], together[k])


@torch.no_grad()
def test_bonds_longer_than_the_last_gaussian(network: EMPNN, prototypes: dict[str, Atoms]) -> None:
    atoms = prototypes["rocksalt"].copy()
    atoms.set_cell(atoms.cell[:] * 4, scale_atoms=True)
    batch = lattice_batch([as_crystal(atoms)], 12, dtype=torch.float64)
    expected = network(batch)[-1]
    torch.testing.assert_close(CompiledEMPNN(network)(batch), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "options",
    [
        {"features": 24},
        {"distance_features": 12},
        {"fields": ("edge-ket-bra", "edge-length")},
        {"expansion": "first-order"},
        {"positions": True},
    ],
)
def test_networks_of_other_kinds_are_left_to_pytorch(options: dict[str, Any]) -> None:
    assert can_compile(EMPNN(CONFIG))
    assert not can_compile(EMPNN(replace(CONFIG, **options)))
