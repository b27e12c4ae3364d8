from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers
from ase.spacegroup import crystal as from_spacegroup
from toys import rocksalts

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.training.data.cache import cached_dataset
from ase_ecn.training.data.datasets import Dataset, read_mp20, reduced_formula
from ase_ecn.training.data.substitution import SubstitutedPair, substituted_pairs, training_pairs
from ase_ecn.training.fits.config import EMPNNConfiguration
from ase_ecn.training.fits.fit_empnn import (
    fit_empnn,
)
from ase_ecn.training.fits.metrics import relative_length_errors


def dataset(name: str, structures: dict[str, Atoms]) -> Dataset:
    return Dataset(name, list(structures), [as_crystal(atoms) for atoms in structures.values()])


def perovskite(a_site: str, b_site: str, anion: str, a: float) -> Atoms:
    return Atoms(
        [a_site, b_site, anion, anion, anion],
        scaled_positions=[[0, 0, 0], [0.5] * 3, [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
        cell=[a] * 3,
        pbc=True,
    )


def layered(first: str, second: str, a: float, c: float) -> Atoms:
    """The tetragonal AuCu type, P4/mmm."""
    return Atoms([first, second], scaled_positions=[[0, 0, 0], [0.5] * 3], cell=[a, a, c], pbc=True)


def fluorite(single: str, double: str, a: float) -> Atoms:
    conventional = from_spacegroup(
        [single, double],
        [(0, 0, 0), (0.25, 0.25, 0.25)],
        spacegroup=225,
        cellpar=[a, a, a, 90, 90, 90],
        primitive_cell=True,
    )
    assert isinstance(conventional, Atoms)
    return conventional


KNOWN = dataset(
    "known",
    {
        "rocksalt": bulk("NaCl", "rocksalt", a=5.64),
        "cesium-chloride": bulk("CsCl", "cesiumchloride", a=4.12),
        "zincblende": bulk("ZnS", "zincblende", a=5.41),
        "wurtzite": bulk("ZnO", "wurtzite", a=3.25, c=5.21, u=0.382),
        "perovskite": perovskite("Sr", "Ti", "O", 3.905),
        "fluorite": fluorite("Ca", "F", 5.46),
    },
)
WANTED = dataset(
    "wanted",
    {
        "MgO": bulk("MgO", "rocksalt", a=4.21),
        "TlBr": bulk("TlBr", "cesiumchloride", a=3.99),
        "AsGa": bulk("AsGa", "zincblende", a=5.65),
        "NAl": bulk("NAl", "wurtzite", a=3.11, c=4.98, u=0.382),
        "KMgF3": perovskite("K", "Mg", "F", 4.0),
        "ZrO2": fluorite("Zr", "O", 5.09),
        "Li2O": fluorite("O", "Li", 4.62),
    },
)
SAME_TYPE = {
    "MgO": "rocksalt",
    "TlBr": "cesium-chloride",
    "AsGa": "zincblende",
    "NAl": "wurtzite",
    "KMgF3": "perovskite",
    "ZrO2": "fluorite",
    "Li2O": "fluorite",
}
# Which element takes the place of which; the others follow from the counts.
REPLACES = {
    "MgO": {"Mg": "Na", "O": "Cl"},
    "TlBr": {"Tl": "Cs", "Br": "Cl"},
    "AsGa": {"Ga": "Zn", "As": "S"},
    "NAl": {"Al": "Zn", "N": "O"},
    "KMgF3": {"K": "Sr", "Mg": "Ti", "F": "O"},
    "ZrO2": {"Zr": "Ca", "O": "F"},
    "Li2O": {"O": "Ca", "Li": "F"},
}


@pytest.fixture(scope="module")
def pairs() -> dict[str, SubstitutedPair]:
    return {pair.test_id: pair for pair in substituted_pairs(KNOWN, WANTED, count=len(WANTED))}


def one_pair(prototype: Atoms, target: Atoms) -> SubstitutedPair:
    (pair,) = substituted_pairs(
        dataset("known", {"prototype": prototype}), dataset("wanted", {"target": target}), 1
    )
    return pair


def crystal_of(data: Dataset, identifier: str) -> Crystal:
    return data.crystals[data.ids.index(identifier)]


def check_pair(pair: SubstitutedPair, prototype: Crystal, target: Crystal) -> None:
    """What holds for every pair, whatever the structures."""
    np.testing.assert_array_equal(pair.crystal.cell, prototype.cell)
    np.testing.assert_array_equal(pair.crystal.scaled_positions, prototype.scaled_positions)
    np.testing.assert_array_equal(np.sort(pair.crystal.numbers), np.sort(target.numbers))
    assert reduced_formula(prototype.numbers) != reduced_formula(target.numbers)
    # One element of the prototype is one element of the pair, and the reverse.
    both = set(zip(prototype.numbers.tolist(), pair.crystal.numbers.tolist()))
    assert len(both) == len(set(prototype.numbers.tolist())) == len(set(target.numbers.tolist()))
    volume = abs(np.linalg.det(pair.true_cell))
    assert volume / len(pair.crystal) == pytest.approx(target.volume / len(target), rel=1e-6)
    strain = np.linalg.solve(pair.crystal.cell, pair.true_cell)
    np.testing.assert_allclose(strain, strain.T, atol=1e-8)
    assert np.linalg.eigvalsh(strain).min() > 0


def test_every_target_goes_into_the_structure_of_its_type(
    pairs: dict[str, SubstitutedPair],
) -> None:
    assert {name: pair.prototype_id for name, pair in pairs.items()} == SAME_TYPE


@pytest.mark.parametrize("name", SAME_TYPE)
def test_composition_geometry_and_volume(pairs: dict[str, SubstitutedPair], name: str) -> None:
    check_pair(pairs[name], crystal_of(KNOWN, SAME_TYPE[name]), crystal_of(WANTED, name))


@pytest.mark.parametrize("name", SAME_TYPE)
def test_species_take_the_sites_of_their_counterparts(
    pairs: dict[str, SubstitutedPair], name: str
) -> None:
    old = crystal_of(KNOWN, SAME_TYPE[name]).numbers
    new = pairs[name].crystal.numbers
    for substitute, replaced in REPLACES[name].items():
        np.testing.assert_array_equal(
            new == atomic_numbers[substitute], old == atomic_numbers[replaced]
        )


def test_start_error_is_the_ratio_of_the_lattice_constants(
    pairs: dict[str, SubstitutedPair],
) -> None:
    cubic = {"MgO": 5.64 / 4.21, "TlBr": 4.12 / 3.99, "Li2O": 5.46 / 4.62}
    start = np.stack([pairs[name].crystal.cell for name in cubic])
    true = np.stack([pairs[name].true_cell for name in cubic])
    np.testing.assert_allclose(
        relative_length_errors(start, true), np.array(list(cubic.values())) - 1, rtol=1e-9
    )


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [0, 2, 1]])
def test_unique_axis_stays_the_unique_axis(order: list[int]) -> None:
    prototype, target = layered("Cu", "Au", 2.8, 3.3), layered("Ni", "Pt", 2.9, 3.3)
    prototype.set_cell(prototype.cell[order])
    np.testing.assert_allclose(
        one_pair(prototype, target).true_cell,
        np.diag([2.9, 2.9, 3.3])[order],
        atol=1e-9,
    )


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [0, 2, 1]])
def test_axes_are_not_swapped_to_make_the_strain_small(order: list[int]) -> None:
    # By lengths alone, the short axis of one would go with one of the two long ones of the other.
    # Such a pair may be left out, but must not come in another setting.
    prototype, target = layered("Cu", "Au", 2.8, 3.3), layered("Ni", "Pt", 3.1, 2.7)
    prototype.set_cell(prototype.cell[order])
    known, wanted = dataset("known", {"c/a > 1": prototype}), dataset("wanted", {"< 1": target})
    for pair in substituted_pairs(known, wanted, count=1):
        np.testing.assert_allclose(pair.true_cell, np.diag([3.1, 3.1, 2.7])[order], atol=1e-9)


@pytest.mark.parametrize(
    "basis",
    [
        [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
        [[-1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 1, 0], [0, 1, 0], [0, -1, 1]],
    ],
)
def test_basis_origin_and_orientation_of_the_target_do_not_matter(
    rng: np.random.Generator, basis: list[list[int]]
) -> None:
    prototype = bulk("ZnO", "wurtzite", a=3.25, c=5.21, u=0.382)
    target = bulk("AlN", "wurtzite", a=3.11, c=4.98, u=0.382)
    plain = one_pair(prototype, target)
    np.testing.assert_allclose(
        np.linalg.norm(plain.true_cell, axis=1), [3.11, 3.11, 4.98], rtol=1e-9
    )
    changed = target.copy()
    changed.set_cell(np.array(basis) @ target.cell[:])
    changed.rotate(33.0, "y", rotate_cell=True)
    changed.positions += rng.uniform(size=3)
    changed.wrap()
    pair = one_pair(prototype, changed[rng.permutation(len(changed))])
    np.testing.assert_array_equal(pair.crystal.numbers, plain.crystal.numbers)
    np.testing.assert_allclose(pair.true_cell, plain.true_cell, atol=1e-7)


def test_left_handed_prototypes_keep_their_handedness() -> None:
    prototype = bulk("ZnO", "wurtzite", a=3.25, c=5.21, u=0.382)
    prototype.set_cell(prototype.cell[[1, 0, 2]])
    target = bulk("AlN", "wurtzite", a=3.11, c=4.98, u=0.382)
    pair = one_pair(prototype, target)
    check_pair(pair, as_crystal(prototype), as_crystal(target))
    assert np.linalg.det(pair.true_cell) < 0


@pytest.mark.parametrize("shuffled", [False, True])
def test_atoms_are_told_where_the_target_has_them(rng: np.random.Generator, shuffled: bool) -> None:
    """Distances along the axis tell the internal coordinate, whatever the origin of the target."""
    prototype = bulk("ZnO", "wurtzite", a=3.25, c=5.21, u=0.382)
    target = bulk("AlN", "wurtzite", a=3.11, c=4.98, u=0.37)
    if shuffled:
        target.positions += rng.uniform(size=3)
        target.wrap()
        target = target[rng.permutation(len(target))]
    pair = one_pair(prototype, target)
    assert pair.end.numbers.tolist() == pair.crystal.numbers.tolist()
    apart = pair.end.to_atoms().get_all_distances(mic=True)
    wanted = target.get_all_distances(mic=True)
    np.testing.assert_allclose(np.sort(apart, axis=None), np.sort(wanted, axis=None), atol=1e-6)
    moved = pair.true_positions - pair.crystal.scaled_positions
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.abs(moved[:, 2]), 0.006, atol=1e-6)
    np.testing.assert_allclose(moved[:, :2], 0, atol=1e-6)


def test_a_seed_fixes_the_pairs() -> None:
    def drawn(seed: int) -> list[tuple[str, str, bytes, bytes]]:
        known = dataset(
            "known",
            {f"{a:.2f}": bulk("NaCl", "rocksalt", a=a) for a in np.arange(5.0, 6.0, 0.2)},
        )
        return [
            (p.test_id, p.prototype_id, p.crystal.numbers.tobytes(), p.true_cell.tobytes())
            for p in substituted_pairs(known, WANTED, count=3, seed=seed)
        ]

    assert drawn(0) == drawn(0)
    assert len({tuple(drawn(seed)) for seed in range(4)}) > 1


def test_no_more_pairs_than_wanted() -> None:
    few = substituted_pairs(KNOWN, WANTED, count=2)
    assert [p.test_id for p in few] == [p.test_id for p in substituted_pairs(KNOWN, WANTED, 9)][:2]
    assert substituted_pairs(KNOWN, WANTED, count=0) == []
    with pytest.raises(ValueError, match="negative"):
        substituted_pairs(KNOWN, WANTED, count=-1)


def test_targets_without_a_prototype_are_skipped(caplog: pytest.LogCaptureFixture) -> None:
    targets = dataset(
        "wanted",
        {
            "same composition": bulk("NaCl", "rocksalt", a=5.5),
            "other number of atoms": bulk("MgO", "rocksalt", a=4.21, cubic=True),
            "other space group": layered("Ni", "Pt", 2.7, 3.1),
            "other formula": perovskite("K", "Mg", "F", 4.0),
            "with a prototype": bulk("MgO", "rocksalt", a=4.21),
        },
    )
    known = dataset("known", {"rocksalt": bulk("NaCl", "rocksalt", a=5.64)})
    found = substituted_pairs(known, targets, count=5)
    assert [pair.test_id for pair in found] == ["with a prototype"]
    assert "only 1 of 5" in caplog.text
    assert substituted_pairs(dataset("none", {}), targets, count=5) == []


def test_another_structure_of_the_same_space_group_is_no_prototype() -> None:
    # Both are Pm-3m with one atom at the corner; the three others lie on edges or on faces.
    rhenium_oxide = perovskite("Re", "X", "O", 3.75)[[0, 2, 3, 4]]
    rhenium_oxide.set_scaled_positions([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
    auricupride = bulk("Cu", "fcc", a=3.75, cubic=True)
    auricupride.symbols[0] = "Au"
    known = dataset("known", {"D0_9": rhenium_oxide})
    assert substituted_pairs(known, dataset("wanted", {"L1_2": auricupride}), count=1) == []
    rhenium_oxide.symbols[:] = ["W", "N", "N", "N"]
    assert len(substituted_pairs(known, dataset("wanted", {"D0_9": rhenium_oxide}), count=1)) == 1


@pytest.mark.data
def test_pairs_of_real_crystals(data: Path) -> None:
    known, wanted = (
        cached_dataset(f"mp_20-{split}", lambda split=split: read_mp20(data, split))
        for split in ("val", "test")
    )
    found = substituted_pairs(known, wanted, count=40, seed=3)
    assert len(found) == 40 == len({pair.test_id for pair in found})
    for pair in found:
        check_pair(pair, crystal_of(known, pair.prototype_id), crystal_of(wanted, pair.test_id))
    errors = relative_length_errors(
        np.stack([pair.crystal.cell for pair in found]),
        np.stack([pair.true_cell for pair in found]),
    )
    assert 0.04 < errors.mean() < 0.2
    assert errors.max() < 1.0


def configuration(**options: object) -> EMPNNConfiguration:
    section = {
        "name": "toy",
        "model": {"features": 16, "plain_layers": 1, "deforming_layers": 2},
        "data": {"name": "perov_5"},
        "fit": {"epochs": 2, "batch_size": 8, "learning_rate": 0.01, "ema_decay": 0.5},
    }
    return EMPNNConfiguration.from_dict({**section, **options})


def test_substituted_pairs_are_made_of_training_crystals_once(halides: Path) -> None:
    pairs = training_pairs(halides, "perov_5", 6)
    assert len(pairs.crystals) == len(pairs.true_cells) == 6
    known = {tuple(np.sort(c.numbers)): c.volume for c in rocksalts().crystals}
    for crystal, true in zip(pairs.crystals, pairs.true_cells):
        composition = tuple(np.sort(crystal.numbers))
        assert abs(np.linalg.det(true)) == pytest.approx(known[composition], rel=1e-6)
        assert crystal.volume != pytest.approx(known[composition], rel=1e-3)
    again = training_pairs(halides, "perov_5", 6)
    np.testing.assert_array_equal(again.true_cells, pairs.true_cells)
    assert len(list((halides / "cache").glob("*substituted*"))) == 1
    data = {"name": "perov_5", "substituted_share": 0.5, "substituted_pairs": 6}
    _, result = fit_empnn(configuration(data=data), halides, halides / "out", "cpu")
    assert np.isfinite(result.validation["lengths_improvement"])
