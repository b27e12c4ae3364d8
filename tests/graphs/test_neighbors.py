from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.geometry.pairs import can_find_shells
from ase_ecn.graphs import neighbors
from ase_ecn.graphs.neighbors import SHELL_TOLERANCE, nearest_shells
from ase_ecn.testing import random_equivalent

Edge = tuple[int, int, int, int, int]


def edges_of(crystals: list[Crystal], k: int, device: str = "cpu") -> list[set[Edge]]:
    counts = [len(c) for c in crystals]
    found = nearest_shells(crystals, k, device)
    assert (torch.diff(found.source) >= 0).all()
    table = torch.cat([found.source[:, None], found.target[:, None], found.image], dim=1).tolist()
    first = np.cumsum([0, *counts])
    result: list[set[Edge]] = [set() for _ in crystals]
    for i, j, *image in table:
        owner = int(np.searchsorted(first, i, side="right")) - 1
        result[owner].add((i - first[owner], j - first[owner], *image))
    assert sum(map(len, result)) == len(table), "an edge occurs twice"
    return result


def brute_force(crystal: Crystal, k: int) -> set[Edge]:
    """By all distances up to one that grows until it holds whole shells."""
    cutoff = 4.0
    limits = np.full(len(crystal), np.inf)
    while not (limits < cutoff).all():
        cutoff *= 1.5
        found = [neighbors_of(crystal, i, cutoff) for i in range(len(crystal))]
        limits = np.array([np.sort(np.append(d, [np.inf] * k))[k - 1] for _, _, d in found])
        limits += SHELL_TOLERANCE
    edges: set[Edge] = set()
    for i, (j, images, d) in enumerate(found):
        near = d <= limits[i]
        table = np.column_stack([j, images])[near].tolist()
        edges |= {(i, b, x, y, z) for b, x, y, z in table}
    return edges


def neighbors_of(crystal: Crystal, i: int, cutoff: float) -> tuple[np.ndarray, ...]:
    """Places (E,) of neighbours of an atom, their cells (E, 3) and distances (E,)."""
    apart = crystal.scaled_positions - crystal.scaled_positions[i]
    # Planes of lattice points are as far apart as the columns of the inverse cell are short.
    reach = cutoff * np.linalg.norm(np.linalg.inv(crystal.cell), axis=0)
    steps = [
        np.arange(np.floor(-r - far), np.ceil(r - near) + 1)
        for r, near, far in zip(reach, apart.min(axis=0), apart.max(axis=0), strict=True)
    ]
    images = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    d = np.linalg.norm((images[:, None] + apart) @ crystal.cell, axis=2)
    near = d < cutoff
    near &= (images != 0).any(axis=1)[:, None] | (np.arange(len(crystal)) != i)
    image, j = np.nonzero(near)
    return j, images[image].astype(int), d[near]


@pytest.mark.parametrize(
    ("name", "k", "expected"), [("fcc", 8, 12), ("fcc", 13, 18), ("bcc", 3, 8)]
)
def test_shells_stay_whole(prototypes: dict[str, Atoms], name: str, k: int, expected: int) -> None:
    assert len(edges_of([as_crystal(prototypes[name])], k)[0]) == expected


def test_a_batch_equals_brute_force(prototypes: dict[str, Atoms]) -> None:
    crystals = [as_crystal(atoms) for atoms in prototypes.values()]
    for crystal, edges in zip(crystals, edges_of(crystals, 12), strict=True):
        assert edges == brute_force(crystal, 12)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_skewed_cells_equal_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(3, 8, size=3)) + rng.normal(size=(3, 3)) * 0.5
    shear = np.array([[1, 0, 0], [3, 1, 0], [-2, 2, 1]])
    crystal = Crystal(np.full(3, 29), shear @ cell, rng.normal(size=(3, 3)))
    assert edges_of([crystal], 9)[0] == brute_force(crystal, 9)


def test_large_cells_equal_brute_force(prototypes: dict[str, Atoms]) -> None:
    """Large cells are searched with a tree; perfect crystals have ties, rattled ones none."""
    for name, repeat, rattle in (("diamond", (6, 6, 6), 0.05), ("perovskite", (4, 4, 5), 0.0)):
        atoms = prototypes[name] * repeat
        atoms.rattle(rattle)
        small = as_crystal(prototypes["fcc"])
        both = edges_of([small, as_crystal(atoms)], 12)
        assert both[0] == brute_force(small, 12)
        assert both[1] == brute_force(as_crystal(atoms), 12)


@pytest.mark.skipif(not can_find_shells(), reason="no compiled search")
def test_the_compiled_search_finds_what_tensors_find(
    prototypes: dict[str, Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a large crystal, and of a chain whose atoms see their shells late."""
    chain = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 2.6]], cell=[30, 24, 5.2], pbc=True)
    large = prototypes["perovskite"] * (3, 3, 3)
    large.rattle(0.05)
    slab = prototypes["fcc"] * (4, 4, 5)
    slab.cell[2] *= 4
    crystals = [as_crystal(a) for a in (*prototypes.values(), chain, large, slab)]
    found = edges_of(crystals, 12)
    order = nearest_shells(crystals, 12)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        again = nearest_shells(crystals, 12)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(order.target, again.target)
    assert torch.equal(order.image, again.image)
    monkeypatch.setattr(neighbors, "can_find_shells", lambda: False)
    assert edges_of(crystals, 12) == found
    assert [edges_of([crystal], 12)[0] for crystal in crystals] == found


def test_every_description_has_the_same_shells(prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(0)
    for atoms in prototypes.values():
        other = random_equivalent(atoms, rng, max_atoms=40)
        reference, edges = edges_of([as_crystal(atoms), as_crystal(other.atoms)], 12)
        for k, source in enumerate(other.source):
            degree = sum(e[0] == k for e in edges)
            assert degree == sum(e[0] == source for e in reference)


def test_k_below_one_is_refused() -> None:
    with pytest.raises(OptionError, match="at least 1"):
        nearest_shells([as_crystal(bulk("Cu"))], 0)


@pytest.mark.gpu
def test_gpu_equals_cpu(prototypes: dict[str, Atoms]) -> None:
    crystals = [as_crystal(atoms) for atoms in prototypes.values()]
    assert edges_of(crystals, 12, "cuda") == edges_of(crystals, 12)
