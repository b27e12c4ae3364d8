from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list

from ase_ecn.crystal import as_crystal
from ase_ecn.geometry import pairs
from ase_ecn.geometry.pairs import pairs_within, periodic_points

RADIUS = 4.7


@pytest.mark.parametrize("limit", [None, 0, 10**9], ids=["in C", "by tree", "by force"])
def test_pairs_are_those_of_ase_in_the_order_of_images(
    limit: int | None, prototypes: dict[str, Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    if limit is None and pairs.compiled is None:
        pytest.skip("no compiler made the C functions")
    if limit is not None:
        monkeypatch.setattr(pairs, "compiled", None)
        monkeypatch.setattr(pairs, "_BRUTE_FORCE_DISTANCES", limit)
    for name, atoms in prototypes.items():
        reduced = as_crystal(atoms).reduced
        found = pairs_within(reduced.cell, reduced.scaled, RADIUS)
        wrapped = Atoms(atoms.numbers, scaled_positions=reduced.scaled, cell=reduced.cell, pbc=True)
        i, j, images, vectors = neighbor_list("ijSD", wrapped, RADIUS)
        expected = sorted(zip(i.tolist(), j.tolist(), images.tolist()))
        mine = list(zip(found.source.tolist(), found.target.tolist(), found.image.tolist()))
        assert mine == expected, name
        lengths = np.sort(np.linalg.norm(vectors, axis=1))
        np.testing.assert_allclose(np.sort(np.linalg.norm(found.vector, axis=1)), lengths)


def test_points_of_a_layer_are_images_of_their_owners() -> None:
    cell = np.array([[3.0, 0, 0], [0.5, 4, 0], [0, 1, 5]])
    scaled = np.array([[0.05, 0.5, 0.9], [0.4, 0.4, 0.4]])
    points, owners, images = periodic_points(scaled, cell, 1.0)
    np.testing.assert_allclose(points, (scaled[owners] + images) @ cell)
    assert (owners[(images == 0).all(axis=1)] == [0, 1]).all()
    # The first atom is within 1 Å of two faces, the second of none.
    assert np.bincount(owners).tolist() == [4, 1]
