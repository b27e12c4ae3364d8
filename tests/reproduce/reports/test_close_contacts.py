"""Which energies count as falling when atoms come too near."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.data import covalent_radii

from ase_ecn import ECNCalculator
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.labels import LabelledCrystal, packed_labels
from reproduce.reports.close_contacts import (
    Approach,
    approaches,
    compressed,
    paired,
    repulsion_on_labels,
)


def test_a_well_that_rises_does_not_fall_and_one_that_turns_down_does() -> None:
    ratios = np.array([1.2, 1.0, 0.8, 0.6, 0.5])
    rising = Approach("rising", ratios, np.array([0.0, -2.0, -1.0, 3.0, 9.0]))
    turning = Approach("turning", ratios, np.array([0.0, -2.0, -1.0, 3.0, -5.0]))
    assert (rising.turns_at, rising.depth) == (None, 0.0)
    assert (turning.turns_at, turning.depth) == (0.6, 8.0)


def test_crystals_are_scaled_to_the_ratio_of_their_shortest_bond() -> None:
    ratios, images = compressed(bulk("Cu"))
    for ratio, atoms in zip(ratios, images, strict=True):
        bond = atoms.cell.lengths().min()
        assert bond / (2 * covalent_radii[29]) == pytest.approx(ratio)
    distances = [atoms.get_distance(0, 1) for atoms in paired(1, 8)[1]]
    assert min(distances) > 0.62  # nearer ones would be refused


def test_energies_are_of_the_cell() -> None:
    predictor = PropertyPredictor("ecn-universal", device="cpu", dtype="float64")
    ratios, images = compressed(bulk("NaCl", "rocksalt", a=5.69))
    found = approaches(predictor, [("NaCl", ratios[:2], images[:2])])[0]
    images[1].calc = ECNCalculator("ecn-universal", device="cpu", dtype="float64")
    assert found.energies[1] == pytest.approx(images[1].get_potential_energy())


def test_labels_at_usual_distances_stay_as_they_are(tmp_path: Path) -> None:
    images = [bulk("Cu"), bulk("NaCl", "rocksalt", a=5.6), bulk("Cu", a=2.0)]
    rows = (
        LabelledCrystal(
            a.numbers.astype(np.int64),
            a.cell[:],
            a.get_scaled_positions(),
            0.0,
            np.zeros((len(a), 3)),
            np.zeros(6),
            "source",
        )
        for a in images
    )
    labels = packed_labels("three", rows, 5.0, "potential_energy", tmp_path)
    added = repulsion_on_labels(labels, 0.57, count=3)
    assert added[:2].tolist() == [0, 0]
    assert added[2] > 0.1
