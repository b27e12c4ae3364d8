from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn.crystal import as_crystal
from ase_ecn.geometry import repetition
from ase_ecn.geometry.repetition import SYMPREC, find_repetition
from ase_ecn.geometry.space_groups import spglib_dataset
from ase_ecn.symmetry.primitive import near_repetition
from ase_ecn.testing import random_equivalent


def sites_by_spglib(atoms: Atoms) -> np.ndarray:
    """The site of each atom in the primitive cell, by the first atom of it."""
    crystal = as_crystal(atoms)
    reduced = crystal.reduced
    dataset = spglib_dataset(reduced.cell, reduced.scaled, crystal.numbers, SYMPREC)
    return np.asarray(dataset.mapping_to_primitive)


def agrees_with_spglib(atoms: Atoms) -> int:
    """Compare sites and volume; number of sites."""
    expected = sites_by_spglib(atoms)
    primitive = as_crystal(atoms).primitive
    _, first = np.unique(expected, return_index=True)
    sites = np.searchsorted(np.sort(first), first[expected])
    np.testing.assert_array_equal(primitive.site_of_atom, sites)
    share = len(primitive.crystal) / len(atoms)
    assert primitive.crystal.volume == pytest.approx(atoms.get_volume() * share)
    return len(primitive.crystal)


def test_primitive_cell_is_found_in_any_description(prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(0)
    for name, atoms in prototypes.items():
        other = random_equivalent(atoms, rng)
        primitive = as_crystal(other.atoms).primitive
        assert len(primitive.crystal) == len(atoms), name
        assert primitive.crystal.volume == pytest.approx(atoms.get_volume())
        assert (primitive.crystal.numbers[primitive.site_of_atom] == other.atoms.numbers).all()
        # Atoms that repeat the same original atom are the same site.
        assert len({*zip(other.source, primitive.site_of_atom, strict=True)}) == len(atoms)


def test_small_noise_is_averaged_and_large_noise_is_kept(prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(0)
    for size, expected in ((1e-5, 2), (0.05, 16)):
        atoms = prototypes["rocksalt"] * (2, 2, 2)
        atoms.positions += rng.normal(size=atoms.positions.shape) * size
        assert len(as_crystal(atoms).primitive.crystal) == expected


def test_prototypes_and_their_supercells_as_spglib_has_them(prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(1)
    for atoms in prototypes.values():
        for shape in ((1, 1, 1), (2, 1, 1), (1, 2, 2), (3, 1, 2)):
            other = random_equivalent(atoms.repeat(shape), rng, max_atoms=150).atoms
            assert agrees_with_spglib(other) == len(atoms)


@settings(deadline=None, max_examples=60)
@given(
    structure=st.sampled_from(["rocksalt", "fcc", "cscl", "diamond", "hcp"]),
    shape=st.tuples(*[st.integers(1, 3)] * 3),
    defects=st.lists(st.tuples(st.sampled_from(["gone", "swapped", "moved"]), st.integers(0, 99))),
    period=st.integers(1, 2),
    noise=st.sampled_from([0.0, 0.05]),
)
def test_cells_with_defects_as_spglib_has_them(
    structure: str,
    shape: tuple[int, int, int],
    defects: list[tuple[str, int]],
    period: int,
    noise: float,
) -> None:
    """Vacancies, swapped and displaced atoms, once or repeated with a period of their own."""
    formulas = {"rocksalt": "NaCl", "cscl": "CsCl", "fcc": "Cu", "diamond": "Si", "hcp": "Mg"}
    crystal = {"cscl": "cesiumchloride"}.get(structure, structure)
    atoms = bulk(formulas[structure], crystal, a=4.0).repeat(shape)
    for kind, place in defects:
        atom = place % len(atoms)
        if kind == "gone" and len(atoms) > 2:
            del atoms[atom]
        elif kind == "swapped":
            atoms.numbers[[atom, 0]] = atoms.numbers[[0, atom]]
        elif kind == "moved":
            atoms.positions[atom, place % 3] += 0.2
    atoms = atoms.repeat((1, 1, period))
    rng = np.random.default_rng(len(atoms))
    atoms.positions += noise * SYMPREC * rng.uniform(-1, 1, size=atoms.positions.shape)
    agrees_with_spglib(atoms)


def test_what_is_found_of_a_crystal_with_noise(prototypes: dict[str, Atoms]) -> None:
    """All that is off by a quarter of the tolerance, nothing that is off by more than all."""
    rng = np.random.default_rng(0)
    found_at = dict.fromkeys((0.1, 0.24, 0.5, 1, 3), 0)
    for atoms, shape, noise in product(
        prototypes.values(), ((2, 1, 1), (1, 2, 2), (3, 1, 1)), found_at
    ):
        supercell = atoms.repeat(shape)
        offsets = rng.normal(size=supercell.positions.shape)
        offsets *= noise * SYMPREC / np.linalg.norm(offsets, axis=1)[:, None]
        supercell.positions += offsets
        found = find_repetition(supercell.numbers, as_crystal(supercell).reduced)
        found_at[noise] += found is not None
        if found is not None:
            assert np.linalg.norm(found.offsets, axis=1).max() <= SYMPREC
        assert found is not None or noise > 0.2
    assert found_at[0.24] == 3 * len(prototypes)
    assert found_at[3] == 0
    supercell = prototypes["rocksalt"].repeat((1, 1, 2))
    supercell.positions[0] += 0.1
    # The element that is not displaced repeats, but not the crystal.
    assert find_repetition(supercell.numbers, as_crystal(supercell).reduced) is None


def test_a_slow_modulation_does_not_hide_what_repeats() -> None:
    """Each cell is nearly like the next, but after some cells they differ; the whole repeats."""
    wave = Atoms("Cu200", [[2 * k, 0, 0] for k in range(200)], cell=[400, 4, 4], pbc=True)
    wave.positions[:, 1] += 0.02 * np.sin(2 * np.pi * wave.positions[:, 0] / 400)
    assert len(as_crystal(wave).primitive.crystal) == 200
    assert len(as_crystal(wave.repeat((1, 2, 1))).primitive.crystal) == 200


def test_a_long_chain_has_its_exact_lattice() -> None:
    """The number of repetitions is large, and the noise more than their distance over it."""
    rng = np.random.default_rng(0)
    chain = Atoms("Cu", cell=[2.5, 4, 4], pbc=True).repeat((3000, 1, 1))
    chain.positions += 1e-4 * rng.uniform(-1, 1, size=chain.positions.shape)
    primitive = as_crystal(chain).primitive
    assert len(primitive.crystal) == 1
    np.testing.assert_allclose(primitive.crystal.cell[0], [2.5, 0, 0], atol=1e-12)


class Work:
    """Counts atoms and points that are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.points = 0
        images = repetition._Atoms.images

        def counted(atoms: repetition._Atoms, points: np.ndarray, kinds: np.ndarray) -> np.ndarray:
            self.points += len(points)
            return images(atoms, points, kinds)

        monkeypatch.setattr(repetition._Atoms, "images", counted)


def defective(size: int, name: str) -> Atoms:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True) * (size, size, size)
    if name == "vacancy":
        del atoms[0]
    elif name == "pair of vacancies":  # as many atoms of both elements are left
        del atoms[[0, len(atoms) // 2 + 1]]
    elif name == "swapped":
        atoms.numbers[:2] = atoms.numbers[1::-1]
    elif name == "interstitial pair":
        atoms += Atoms("MgO", [[1.05, 1.05, 1.05], [1.05 + 4.21, 1.05, 1.05]])
    elif name == "relaxed pair":
        vacant = atoms.positions[0].copy()
        del atoms[[0, 1]]
        away = atoms.get_positions() - vacant
        far = np.linalg.norm(away, axis=1)[:, None]
        atoms.positions += 0.3 * away / far**3
    elif name == "rattled":
        atoms.rattle(0.02, seed=0)
    return atoms


@pytest.mark.parametrize(
    "name",
    [
        "perfect",
        "vacancy",
        "pair of vacancies",
        "swapped",
        "interstitial pair",
        "relaxed pair",
        "rattled",
    ],
)
def test_the_search_is_linear_for_any_crystal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    for size in (4, 6):
        atoms = defective(size, name)
        crystal = as_crystal(atoms)
        work.points = 0
        primitive = crystal.primitive
        assert len(primitive.crystal) == (2 if name == "perfect" else len(atoms))
        near_repetition(crystal)
        assert work.points <= 50 * len(atoms)
