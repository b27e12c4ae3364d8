from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ase_ecn.crystal import Crystal
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.force_sets import (
    ForceData,
    chemical_systems,
    load_force_data,
    read_mlearn,
    read_monbtaw,
    read_pes,
    read_vasp_steps,
)

PAIRS = [(1, 2), (0, 2), (0, 1)]  # yz, xz, xy


@pytest.mark.data
def test_labels_have_ase_s_signs_and_order(data: Path) -> None:
    test = read_mlearn(data, "test")
    sizes = [len(read_mlearn(data, split)) for split in ("train", "val")]
    assert (*sizes, len(test)) == (1268, 67, 164)
    assert chemical_systems(test.crystals) == [[3], [14], [28], [29], [32], [42]]
    silicon = ForceData("mlearn", ("Si",))
    assert chemical_systems(load_force_data(data, silicon, "test").crystals) == [[14]]
    train = read_mlearn(data, "train")
    assert_pulled_crystals_have_positive_stress(train, 42, atoms=54)
    for element in (14, 28, 29, 32, 42):
        assert_shear_stress_follows_shear(train, element)


@pytest.mark.data
def test_alloys_have_published_test_groups(data: Path) -> None:
    parts = {split: read_monbtaw(data, split) for split in ("train", "val", "test")}
    assert [len(part) for part in parts.values()] == [1636, 85, 368]
    systems = {tuple(s) for s in chemical_systems(parts["train"].crystals)}
    assert {tuple(s) for s in chemical_systems(parts["test"].crystals)} == systems
    assert len(systems) == 4 + 6 + 1
    ids = [set(part.ids) for part in parts.values()]
    assert not ids[0] & ids[1] | ids[0] & ids[2] | ids[1] & ids[2]
    for element in (41, 42, 73, 74):
        assert_shear_stress_follows_shear(parts["train"], element)


@pytest.mark.data
def test_steps_of_a_relaxation_stay_in_one_split(data: Path) -> None:
    runs: dict[str, str] = {}
    for split in ("train", "val", "test"):
        part = read_vasp_steps(data, split)
        assert max(map(len, part.crystals)) <= 100
        assert np.abs(part.site_targets["forces"]).max() < 15
        for name in part.ids:
            assert runs.setdefault(name.rsplit("-", 1)[0], split) == split
    train = read_vasp_steps(data, "train")
    assert chemical_systems(train.crystals) == [[6, 39, 53], [8, 12, 15, 39], [8, 14], [14]]
    # Compressed crystals push outwards.
    assert_pulled_crystals_have_positive_stress(train, 8, atoms=72)
    assert len(read_pes(data, "val")) == sum(
        len(reader(data, "val")) for reader in (read_mlearn, read_monbtaw, read_vasp_steps)
    )


def assert_pulled_crystals_have_positive_stress(train: Dataset, number: int, atoms: int) -> None:
    """As in ASE; ``number`` is the lightest element."""
    chosen = [
        k for k, c in enumerate(train.crystals) if c.numbers.min() == number and len(c) == atoms
    ]
    volumes = np.array([train.crystals[k].volume for k in chosen])
    assert np.corrcoef(volumes, train.targets["stress"][chosen, :3].mean(axis=1))[0, 1] > 0.5


def assert_shear_stress_follows_shear(train: Dataset, element: int) -> None:
    """A cell sheared along two axes has a stress of the same sign in that component."""
    right = [
        component == expected and sign > 0
        for k, crystal in enumerate(train.crystals)
        if set(crystal.numbers.tolist()) == {element}
        for component, expected, sign in sheared(crystal, train.targets["stress"][k])
    ]
    assert len(right) > 20
    assert np.mean(right) > 0.9


def sheared(crystal: Crystal, stress: np.ndarray) -> list[tuple[int, int, float]]:
    """The largest shear stress and strain of a cell that is nearly orthorhombic, if sheared."""
    cell = crystal.cell
    metric = cell @ cell.T
    lengths = np.sqrt(np.diag(metric))
    cosines = np.array([metric[p] / lengths[p[0]] / lengths[p[1]] for p in PAIRS])
    off_axes = np.abs(cell - np.diag(np.diag(cell))).max() / np.diag(cell).min()
    if not 0 < off_axes < 0.3 or not 0.02 < np.abs(cosines).max() < 0.3:
        return []
    component, expected = np.abs(stress[3:]).argmax(), np.abs(cosines).argmax()
    return [(int(component), int(expected), stress[3 + component] * cosines[expected])]
