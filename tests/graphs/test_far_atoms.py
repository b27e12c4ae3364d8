"""An atom far from all others has neighbours too, and costs no more than its like."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, surface

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.geometry.pairs import Pairs, pairs_within
from ase_ecn.graphs import far_atoms, neighbors
from ase_ecn.graphs.neighbors import SHELL_TOLERANCE, nearest_shells


def cluster(side: int, box: float) -> Atoms:
    """A piece of MgO and an atom of argon, as far from each other as the box allows."""
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True) * (side, side, side)
    atoms.rattle(0.02, seed=0)
    atoms.set_cell([[box, 0, 0], [0.1 * box, box, 0], [0, 0.2 * box, box]])
    return atoms + Atoms("Ar", [atoms.positions.mean(axis=0) + atoms.cell.sum(axis=0) / 2])


def over_a_slab(height: float) -> Atoms:
    atoms = surface(bulk("MgO", "rocksalt", a=4.21, cubic=True), (1, 0, 0), 2, vacuum=height)
    atoms.pbc = True
    atoms.rattle(0.02, seed=0)
    return atoms + Atoms("He", [atoms.cell.sum(axis=0) * [0.3, 0.4, 0.99]])


def by_distances(crystal: Crystal, atom: int, k: int, reach: list[int]) -> set[tuple[int, ...]]:
    grids = np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij")
    images = np.stack(grids, axis=-1).reshape(-1, 3)
    apart = crystal.scaled_positions - crystal.scaled_positions[atom]
    distance = np.linalg.norm((images[:, None] + apart) @ crystal.cell, axis=2)
    distance[len(images) // 2, atom] = np.inf
    image, target = np.nonzero(distance <= np.sort(distance.ravel())[k - 1] + SHELL_TOLERANCE)
    return {(int(j), *map(int, images[n])) for n, j in zip(image, target, strict=True)}


@pytest.mark.parametrize(
    ("atoms", "reach"),
    [(cluster(2, 40.0), [2, 2, 2]), (over_a_slab(30.0), [8, 8, 1]), (cluster(2, 300.0), [1, 1, 1])],
    ids=["cluster", "slab", "large box"],
)
@pytest.mark.parametrize("with_others", [False, True])
def test_neighbours_of_a_far_atom_are_all_distances(
    atoms: Atoms, reach: list[int], with_others: bool
) -> None:
    crystals = [as_crystal(a) for a in ([bulk("Cu"), atoms] if with_others else [atoms])]
    crystal, first = crystals[-1], len(crystals) - 1
    found = nearest_shells(crystals, 12)
    atom = len(crystal) - 1
    rows = (found.source == atom + first).nonzero()[:, 0].tolist()
    edges = {(int(found.target[e]) - first, *found.image[e].tolist()) for e in rows}
    assert edges == by_distances(crystal, atom, 12, reach)
    assert (found.source.diff() >= 0).all()


def test_all_atoms_may_ask_alone() -> None:
    """What is found for one atom is what is found for all together."""
    crystal = as_crystal(bulk("Si") * (2, 1, 1))
    reduced = crystal.reduced
    found = nearest_shells([crystal], 12)
    for atom in range(len(crystal)):
        target, image, distance = far_atoms.nearest_of_atom(
            reduced.cell, reduced.scaled, atom, 12, SHELL_TOLERANCE
        )
        assert len(target) == int((found.source == atom).sum()) == 16
        assert (np.diff(distance) >= 0).all()
        vector = (reduced.scaled[target] + image - reduced.scaled[atom]) @ reduced.cell
        np.testing.assert_allclose(np.linalg.norm(vector, axis=1), distance)


@pytest.mark.parametrize("with_others", [False, True])
def test_pairs_grow_with_the_atoms(monkeypatch: pytest.MonkeyPatch, with_others: bool) -> None:
    """Pairs that are looked at, of each atom, are no more in a larger piece."""
    looked_at = []

    def counted(cell: np.ndarray, scaled: np.ndarray, radius: float) -> Pairs:
        pairs = pairs_within(cell, scaled, radius)
        looked_at.append(len(pairs.source))
        return pairs

    monkeypatch.setattr(neighbors, "pairs_within", counted)
    each = []
    for side in (2, 4, 6):
        looked_at.clear()
        crystals = [as_crystal(cluster(side, 120.0))]
        nearest_shells([as_crystal(bulk("Cu")), *crystals] if with_others else crystals, 12)
        each.append(sum(looked_at) / len(crystals[0]))
    assert max(each) < 1000
    assert each[2] < 2 * each[1]
