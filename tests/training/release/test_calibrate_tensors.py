"""Uncertainties of numbers of response tensors, from crystals that were held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.response import STATED, moduli
from ase_ecn.training.data.labels import LabelledCrystal, packed_labels
from ase_ecn.training.data.tensor_rows import SHAPES, TensorRows
from ase_ecn.training.release.calibrate_tensors import (
    labelled_numbers,
    pooled_and_numbers,
    with_tensor_spreads,
)
from ase_ecn.training.release.evaluate_tensors import stated_reliability

NAMES = tuple(name for names in STATED.values() for name in names)
CRYSTALS = 240


def network() -> SO3ECN:
    torch.manual_seed(0)
    return SO3ECN(SO3ECNConfig(widths=(16, 16, 16), layers=2, tensor_targets=tuple(STATED))).eval()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> TensorRows:
    """Salts whose labels are what the network predicts, off by a part that grows with volume."""
    folder: Path = tmp_path_factory.mktemp("labels")
    crystals = [as_crystal(bulk("NaCl", "rocksalt", a=5.0 + k / CRYSTALS)) for k in range(CRYSTALS)]
    labelled = (
        LabelledCrystal(
            c.numbers, c.cell, c.scaled_positions, 0.0, np.zeros((2, 3)), np.zeros(6), f"x{k}"
        )
        for k, c in enumerate(crystals)
    )
    packed = packed_labels("salts", labelled, 5.0, "potential_energy", folder)
    labels = {name: np.full((CRYSTALS, *shape), np.nan) for name, shape in SHAPES.items()}
    _, numbers = pooled_and_numbers(network(), TensorRows(packed, labels))
    rng = np.random.default_rng(1)
    # Of crystals in any order, each third is like the others.
    sizes = 0.05 + 0.4 * np.arange(CRYSTALS) / CRYSTALS
    for label, number, power in (
        ("bulk_modulus", "bulk_modulus", 1),
        ("shear_modulus", "shear_modulus", 1),
        ("mean_dielectric", "refractive_index", 2),
        ("mean_dielectric_total", "dielectric_constant", 1),
    ):
        off = 1 + np.clip(sizes * rng.laplace(size=CRYSTALS), -0.9, None)
        labels[label] = (numbers[number] * off) ** power
    labels["shear_modulus"][::2] = np.nan
    return TensorRows(packed, labels)


def test_nine_in_ten_errors_are_in_their_intervals(rows: TensorRows) -> None:
    calibrated, coverage = with_tensor_spreads(network(), rows, NAMES)
    assert coverage == pytest.approx(dict.fromkeys(NAMES, 0.9), abs=0.02)
    curves = stated_reliability(calibrated, rows)
    for name in NAMES:
        assert curves[name]["0.9"] == pytest.approx(0.9, abs=0.06)
        assert curves[name]["0.5"] < curves[name]["0.7"] < curves[name]["0.9"]
    again, _ = with_tensor_spreads(calibrated, rows, NAMES)
    for one, two in zip(again.parameters(), calibrated.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)
    assert stated_reliability(network(), rows) == {}


def test_outputs_are_in_the_unit_of_the_number(rows: TensorRows) -> None:
    """Also with forces; and the tensors are what they were."""
    calibrated, _ = with_tensor_spreads(network(), rows, NAMES)
    graphs = calibrated.graphs([as_crystal(bulk("NaCl", "rocksalt", a=a)) for a in (5.1, 5.9)])
    found, without = calibrated.predict(graphs), network().predict(graphs)
    for name, values in without.items():
        torch.testing.assert_close(found[name], values)
    assert set(found) - set(without) == {f"{name}_std" for name in NAMES}
    alone = calibrated.predict_without_forces(graphs)
    with torch.no_grad():
        features = calibrated.features(graphs.batch.to("cpu", torch.float32)).scalars
        relative = calibrated.properties_of(graphs.batch.to("cpu", torch.float32), features)
    for k in range(2):
        numbers = moduli(found["elastic_tensor"][k].double().numpy())
        means = {n: float(found[n][k].trace()) / 3 for n in tuple(STATED)[1:]}
        numbers["refractive_index"] = means["dielectric_tensor"] ** 0.5
        numbers["dielectric_constant"] = means["dielectric_tensor_total"]
        for name in NAMES:
            stated = float(found[f"{name}_std"][k])
            assert stated == pytest.approx(float(alone[f"{name}_std"][k]), rel=1e-4)
            share = float(relative[f"{name}_std"][k])
            assert stated == pytest.approx(numbers[name] * share, rel=1e-3)
            assert 0.01 < share < 1


def test_labels_are_of_the_tensors_or_their_own(rows: TensorRows) -> None:
    labels = {name: values.copy() for name, values in rows.labels.items()}
    labels["dielectric_tensor"][0] = np.diag([2.0, 3.0, 4.0])
    found = labelled_numbers(TensorRows(rows.packed, labels))
    assert found["refractive_index"][0] == pytest.approx(3**0.5)
    expected = labels["mean_dielectric"][1:] ** 0.5
    np.testing.assert_allclose(found["refractive_index"][1:], expected)
    np.testing.assert_array_equal(np.isnan(found["shear_modulus"]), np.arange(CRYSTALS) % 2 == 0)


def test_too_few_labels_are_said(rows: TensorRows) -> None:
    none = {name: np.full_like(values, np.nan) for name, values in rows.labels.items()}
    with pytest.raises(OptionError, match="0 held-out crystals have a bulk_modulus"):
        with_tensor_spreads(network(), TensorRows(rows.packed, none), ("bulk_modulus",))


def test_uncertainties_are_of_numbers_that_follow() -> None:
    with pytest.raises(OptionError, match="uncertainties are of targets of the crystal"):
        SO3ECNConfig(tensor_targets=("dielectric_tensor",), uncertainties=("bulk_modulus",))
