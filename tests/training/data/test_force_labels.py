"""DFT sets of forces as labels in the Materials Project's convention."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ase_ecn.corrections import reference_energy
from ase_ecn.crystal import as_crystal
from ase_ecn.readers.json_lines import write_json_lines
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.force_labels import element_shifts, labelled_rows
from ase_ecn.training.data.force_sets import read_mlearn, read_monbtaw
from ase_ecn.training.data.labels import read_labels, smooth_constant

ENERGIES = np.array([-4.4, -4.0, -5.0, -3.1])


def dataset() -> Dataset:
    atoms = [bulk("Ge"), bulk("Ge", a=5.9), bulk("GeSi", "zincblende", a=5.5), bulk("Cu")]
    sizes = [len(a) for a in atoms]
    rng = np.random.default_rng(0)
    return Dataset(
        "set",
        ["one", "two", "relaxations-7-0", "relaxations-8-12"],
        [as_crystal(a) for a in atoms],
        {"potential_energy": ENERGIES, "stress": rng.normal(size=(4, 6))},
        {"forces": rng.normal(size=(sum(sizes), 3))},
    )


def test_the_most_stable_pure_crystal_gets_the_reference_energy() -> None:
    shifts = element_shifts([dataset()])
    assert set(shifts) == {29, 32}  # of silicon there is no pure crystal
    assert shifts[32] == pytest.approx(reference_energy(np.array([32])) + 4.4)
    other = Dataset("other", ["a"], [as_crystal(bulk("Ge"))], {"potential_energy": np.array([-9])})
    assert element_shifts([dataset(), other])[32] == pytest.approx(shifts[32] + 4.6)


def test_rows_are_labels_that_can_be_fitted_to(tmp_path: Path) -> None:
    given, shifts = dataset(), {32: 0.2, 29: -0.1}
    write_json_lines(tmp_path / "labels.jsonl.gz", labelled_rows(given, shifts))
    read = list(read_labels(tmp_path / "labels.jsonl.gz"))
    np.testing.assert_allclose(
        [row.energy for row in read], ENERGIES + np.array([0.2, 0.2, 0.1, -0.1]), atol=1e-8
    )
    assert [row.source for row in read] == ["one", "two", "relaxations-7", "relaxations-8"]
    np.testing.assert_allclose(
        np.concatenate([row.forces for row in read]), given.site_targets["forces"], atol=1e-8
    )
    np.testing.assert_allclose([r.stress for r in read], given.targets["stress"], atol=1e-8)
    for row, crystal in zip(read, given.crystals, strict=True):
        np.testing.assert_array_equal(row.numbers, crystal.numbers)
        np.testing.assert_allclose(row.cell, crystal.cell, atol=1e-7)


def test_shifted_elements_have_formation_energies_from_zero() -> None:
    given = dataset()
    rows = list(labelled_rows(given, element_shifts([given])))
    constants = [smooth_constant(crystal.numbers) for crystal in given.crystals]
    formation = [
        row["energy_eV_per_atom"] + constant for row, constant in zip(rows, constants, strict=True)
    ]
    assert formation[0] == pytest.approx(0, abs=1e-7)
    assert formation[1] == pytest.approx(0.4, abs=1e-7)


@pytest.mark.data
def test_most_constants_are_small(data: Path) -> None:
    """Germanium's pseudopotential differs from the Materials Project's, others agree."""
    shifts = element_shifts([read_mlearn(data, "train")])
    assert shifts.pop(32) == pytest.approx(-0.1305, abs=1e-3)
    shifts |= element_shifts([read_monbtaw(data, "train")])
    assert set(shifts) == {3, 14, 28, 29, 41, 42, 73, 74}
    assert max(abs(shift) for shift in shifts.values()) < 0.011
