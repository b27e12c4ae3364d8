"""Moduli and other numbers agree with pymatgen's, whose conventions these are."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ase_ecn.errors import OptionError, PropertyUnavailableError
from ase_ecn.response import (
    ResponseScalars,
    along,
    averages,
    moduli,
    response_scalars,
    rotated,
)


def elastic_tensor(matrix):
    from pymatgen.analysis.elasticity.elastic import ElasticTensor  # takes a second

    return ElasticTensor.from_voigt(matrix)


def piezo_tensor(matrix):
    from pymatgen.analysis.piezo import PiezoTensor

    return PiezoTensor.from_vasp_voigt(matrix[:, [0, 1, 2, 5, 3, 4]])


def stiffness(seed=0):
    """Any positive matrix, all of whose elements differ."""
    root = np.random.default_rng(seed).normal(size=(6, 6))
    return root @ root.T * 20 + np.diag([150, 140, 160, 60, 50, 70.0])


@pytest.mark.parametrize("seed", range(3))
def test_moduli_are_pymatgens(seed):
    tensor = stiffness(seed)
    other, found = elastic_tensor(tensor), moduli(tensor)
    assert found["bulk_modulus"] == pytest.approx(other.k_vrh)
    assert found["shear_modulus"] == pytest.approx(other.g_vrh)
    assert found["young_modulus"] == pytest.approx(other.y_mod / 1e9)
    assert found["poisson_ratio"] == pytest.approx(other.homogeneous_poisson)
    assert found["universal_anisotropy"] == pytest.approx(other.universal_anisotropy)


def test_factors_of_two_are_those_of_pymatgens_compliance():
    tensor = stiffness()
    compliance = elastic_tensor(tensor).compliance_tensor.voigt
    np.testing.assert_allclose(np.linalg.inv(tensor), compliance, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("sign", [1, -1])
def test_tensors_turn_as_pymatgens_do(sign):
    rotation = sign * Rotation.random(random_state=4).as_matrix()
    tensor = stiffness()
    expected = elastic_tensor(tensor).rotate(rotation.T, tol=1e-6).voigt
    np.testing.assert_allclose(rotated(tensor, rotation), expected, rtol=1e-9, atol=1e-9)
    piezo = np.random.default_rng(1).normal(size=(3, 6))
    expected = piezo_tensor(piezo)
    np.testing.assert_allclose(expected.voigt, piezo)
    expected = expected.rotate(rotation.T, tol=1e-6).voigt
    np.testing.assert_allclose(rotated(piezo, rotation), expected, rtol=1e-9, atol=1e-9)
    dielectric = piezo[:, :3]
    np.testing.assert_allclose(rotated(dielectric, rotation), rotation.T @ dielectric @ rotation)


def test_numbers_know_no_frame():
    rotation = Rotation.random(random_state=5).as_matrix()
    elastic, piezo = stiffness(), np.random.default_rng(1).normal(size=(3, 6))
    tensors = {
        "elastic_tensor": elastic,
        "piezoelectric_tensor": piezo,
        "dielectric_tensor": elastic[:3, :3],
        "dielectric_tensor_total": elastic[:3, :3],
    }
    turned = {name: rotated(tensor, rotation) for name, tensor in tensors.items()}
    numbers = np.array([14])
    for derivation in response_scalars():
        found = derivation.values(numbers, tensors)
        assert tuple(found) == derivation.names(tensors)
        assert derivation.values(numbers, turned) == pytest.approx(found)
        assert derivation.names(["band_gap"]) == ()


def test_the_refractive_index_is_the_root_of_the_mean():
    made = ResponseScalars("dielectric_tensor").values(
        np.array([14]), {"dielectric_tensor": np.diag([2.0, 3.0, 4.0])}
    )
    assert made == {"refractive_index": pytest.approx(3**0.5)}


def test_a_crystal_that_is_not_stable_has_no_moduli():
    with pytest.raises(PropertyUnavailableError, match="lowest eigenvalue is -5 GPa"):
        moduli(np.diag([100, 100, 100, 50, 50, -5.0]))


def test_averages_are_the_same_of_tensors_of_torch():
    tensors = np.stack([stiffness(seed) for seed in range(4)])
    inverse = np.linalg.inv(tensors)
    found = averages(torch.as_tensor(tensors), torch.as_tensor(inverse))
    expected = averages(tensors, inverse)
    np.testing.assert_allclose(found.bulk.numpy(), expected.bulk)
    np.testing.assert_allclose(found.shear.numpy(), expected.shear)
    assert expected.bulk_voigt[0] > expected.bulk_reuss[0]


def directions(count=20):
    rows = np.random.default_rng(7).normal(size=(count, 3))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_along_a_direction_is_the_first_component_of_the_turned_tensor():
    """Of the compliance, so Young's modulus; of the others, the component itself."""
    elastic, piezo = stiffness(), np.random.default_rng(1).normal(size=(3, 6))
    for n in directions():
        turn = Rotation.align_vectors([[1, 0, 0]], [n])[0].as_matrix().T
        np.testing.assert_allclose(n @ turn, [1, 0, 0], atol=1e-12)
        young = 1 / np.linalg.inv(rotated(elastic, turn))[0, 0]
        np.testing.assert_allclose(along(elastic, n[None]), [young], rtol=1e-9)
        for tensor in (piezo, elastic[:3, :3]):
            np.testing.assert_allclose(along(tensor, n[None]), [rotated(tensor, turn)[0, 0]])


def test_along_a_direction_as_pymatgens_full_tensors_have_it():
    elastic, piezo = stiffness(), np.random.default_rng(1).normal(size=(3, 6))
    compliance = np.asarray(elastic_tensor(elastic).compliance_tensor)
    full = np.asarray(piezo_tensor(piezo))
    n = directions()
    expected = 1 / np.einsum("ijkl,di,dj,dk,dl->d", compliance, n, n, n, n)
    np.testing.assert_allclose(along(elastic, n), expected, rtol=1e-9)
    expected = np.einsum("ijk,di,dj,dk->d", full, n, n, n)
    np.testing.assert_allclose(along(piezo, n), expected, rtol=1e-9, atol=1e-12)


def test_along_refuses_what_has_no_surface():
    with pytest.raises(PropertyUnavailableError, match="not positive"):
        along(-stiffness(), directions())
    with pytest.raises(OptionError, match="3x3, 6x6 or 3x6"):
        along(np.eye(4), directions())


_WHERE = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("formula", "shape"),
    [("ijkl=jikl=klij", (6, 6)), ("ijk=ikj", (3, 6)), ("ij=ji", (3, 3))],
)
def test_tensors_turn_as_irreducible_parts_of_e3nn_do(formula, shape, sign):
    """Voigt's order and factors, by a library that knows nothing of Voigt."""
    pytest.importorskip("e3nn", reason="e3nn isn't installed")
    from e3nn.io import CartesianTensor

    tensor = np.random.default_rng(3).normal(size=shape)
    if shape[0] == shape[1]:
        tensor = tensor + tensor.T
    full = tensor if shape == (3, 3) else tensor[..., _WHERE]
    full = full[_WHERE] if shape == (6, 6) else full
    turn = sign * Rotation.random(random_state=4).as_matrix()  # of columns, as e3nn has it
    irreps = CartesianTensor(formula)
    parts = irreps.from_cartesian(torch.as_tensor(full).float()).double()
    matrix = irreps.D_from_matrix(torch.as_tensor(turn).float()).double()
    again = irreps.to_cartesian((matrix @ parts).float()).double().numpy()
    found = rotated(tensor, turn.T)
    found = found if shape == (3, 3) else found[..., _WHERE]
    found = found[_WHERE] if shape == (6, 6) else found
    np.testing.assert_allclose(found, again, atol=1e-4)  # single precision of e3nn
