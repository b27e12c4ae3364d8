"""Errors of a potential on sets of forces, with labels whose errors are known."""

from pathlib import Path

import numpy as np
import pytest
from ase import units
from ase.build import bulk

from ase_ecn.corrections import reference_energy
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.data.labels import read_labels
from reproduce.reports.force_errors import prediction_errors, report, together, write_labels


def labelled(predictor: PropertyPredictor, shift: float) -> Dataset:
    """Energies 10 meV/atom too low, forces 0.1 eV/Å and stresses 1 GPa too large."""
    atoms = [bulk("Ge"), bulk("Ge", cubic=True)]
    for k, image in enumerate(atoms):
        image.rattle(0.05, seed=k)
    crystals = [as_crystal(a) for a in atoms]
    found = predictor.predict(crystals)
    energies = [p[predictor.model.targets[0]] - shift - 0.01 for p in found]
    return Dataset(
        "set",
        ["one", "two"],
        crystals,
        {
            "potential_energy": np.array(energies),
            "stress": np.array([p.stress + units.GPa for p in found]),
        },
        {"forces": np.concatenate([p.forces + 0.1 for p in found])},
    )


@pytest.mark.parametrize("name", ["ecn-universal", "ecn-pes"])
def test_errors_are_those_of_energies_forces_and_stresses(name: str) -> None:
    predictor = PropertyPredictor(name, device="cpu", dtype="float64")
    universal = name == "ecn-universal"
    # Formation energies are compared after the constant of the element; others as they are.
    constant = -0.13 - reference_energy(np.array([32])) if universal else 0.0
    dataset = labelled(predictor, constant)
    errors = together(prediction_errors(predictor, dataset, {32: -0.13}))
    assert errors is not None
    assert errors.cells() == "2 | 10.0 | +10.0 | 0.100 | 1.00"


def test_refused_elements_have_no_errors() -> None:
    predictor = PropertyPredictor("ecn-pes", device="cpu")
    crystals = [as_crystal(bulk("NaCl", "rocksalt", a=5.6)), as_crystal(bulk("Si"))]
    labels = {"potential_energy": np.zeros(2), "stress": np.zeros((2, 6))}
    dataset = Dataset("set", ["a", "b"], crystals, labels, {"forces": np.zeros((4, 3))})
    refused, known = prediction_errors(predictor, dataset, {})
    assert refused is None
    assert known is not None
    assert known.forces.shape == (2, 3)
    assert together([refused]) is None


def test_a_checkpoint_without_forces_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="gives no forces"):
        next(report(PropertyPredictor("ecn-mp20", device="cpu"), tmp_path))


@pytest.mark.data
def test_training_splits_become_labels(data: Path, tmp_path: Path) -> None:
    count = write_labels(tmp_path / "labels.jsonl.gz", data)
    rows = list(read_labels(tmp_path / "labels.jsonl.gz"))
    assert len(rows) == count > 3000
    germanium = [row.energy for row in rows if (row.numbers == 32).all()]
    assert min(germanium) == pytest.approx(reference_energy(np.array([32])), abs=1e-6)
