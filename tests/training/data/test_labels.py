"""Packed labels give back what went in."""

import json

import numpy as np
import pytest
import torch
from emt_labels import alloys, row, write

from ase_ecn.errors import DatasetError
from ase_ecn.graphs.spheres import sphere
from ase_ecn.training.data.labels import (
    LabelledCrystal,
    joined,
    packed_labels,
    read_labels,
    smooth_constant,
)


def test_labels_are_packed_once_and_come_back(tmp_path):
    rows = [row(atoms, f"source-{k}") for k, atoms in enumerate(alloys(5))]
    path = write(tmp_path / "labels.jsonl.gz", rows)
    packed = packed_labels("a", read_labels(path), 4.0, "potential_energy", tmp_path)
    again = packed_labels("a", iter(()), 4.0, "potential_energy", tmp_path)
    assert len(packed) == len(again) == 5
    batch = again.batch(np.array([3, 1]))
    for place, k in enumerate((3, 1)):
        assert batch.energy[place] == pytest.approx(rows[k]["energy_eV_per_atom"])
        part = slice(4 * place, 4 * place + 4)
        np.testing.assert_allclose(batch.forces[part], rows[k]["forces_eV_A"], atol=1e-6)
        np.testing.assert_allclose(batch.stress[place], rows[k]["stress_eV_A3"], atol=1e-7)
        cell = np.array(rows[k]["cell"])
        found = sphere(cell, np.array(rows[k]["frac"]) @ cell, 4.0)
        start, stop = batch.graph.row[4 * place], batch.graph.row[4 * place + 4]
        np.testing.assert_allclose(batch.graph.vector[start:stop], found.vector, atol=1e-5)
        np.testing.assert_array_equal(batch.graph.neighbor[start:stop] - 4 * place, found.neighbor)


def test_joined_batches_are_one_batch(tmp_path):
    rows = [row(atoms, f"source-{k}") for k, atoms in enumerate(alloys(5))]
    path = write(tmp_path / "labels.jsonl.gz", rows)
    packed = packed_labels("a", read_labels(path), 4.0, "potential_energy", tmp_path)
    whole = packed.batch(np.array([3, 1, 0]))
    parts = joined([packed.batch(np.array([3])), packed.batch(np.array([1, 0]))])
    for name in ("energy", "forces", "stress"):
        assert torch.equal(getattr(parts, name), getattr(whole, name))
    for name in ("numbers", "row", "neighbor", "vector", "atom_counts", "volumes"):
        assert torch.equal(getattr(parts.graph, name), getattr(whole.graph, name)), name


def test_energies_become_formation_energies(tmp_path):
    crystal = LabelledCrystal(
        np.array([11, 17]), np.eye(3) * 4.0, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), -3.4,
        np.zeros((2, 3)), np.zeros(6), "one",
    )  # fmt: skip
    packed = packed_labels("b", [crystal], 4.0, "formation_energy", tmp_path)
    assert packed.energy[0] == pytest.approx(-3.4 + smooth_constant(np.array([11, 17])))
    # Chlorine's correction, and the elements' energies of -1.3 and -1.85 eV.
    assert smooth_constant(np.array([11, 17])) == pytest.approx(1.27, abs=0.05)


def test_crystals_that_the_calculator_failed_on_and_overlapping_atoms_are_left_out(tmp_path):
    good, bad = alloys(2)
    rows = [
        row(good, "good"),
        {**row(bad, "failed"), "error": "no convergence"},
        row(bad, "close", frac=[[0, 0, 0], [0.1, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]]),
    ]
    path = write(tmp_path / "labels.jsonl.gz", rows)
    assert len(packed_labels("c", read_labels(path), 4.0, "potential_energy", tmp_path)) == 1


def test_a_bad_line_is_named(tmp_path):
    path = write(tmp_path / "labels.jsonl.gz", [row(alloys(1)[0], "a"), {"species": ["Cu"]}])
    with pytest.raises(DatasetError, match="line 2 of"):
        list(read_labels(path))
    with pytest.raises(DatasetError, match="does not exist"):
        list(read_labels(tmp_path / "nothing.jsonl.gz"))


def test_missing_stress_is_not_a_number_and_plain_files_are_read(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps(row(alloys(1)[0], "a", stress_eV_A3=None)) + "\n")
    (found,) = read_labels(path)
    assert np.isnan(found.stress).all()
    assert found.stress.shape == (6,)
