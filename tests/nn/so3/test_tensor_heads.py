"""Response tensors turn with the crystal, and are all that its point group allows, and no more."""

import numpy as np
import pytest
import spglib
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.io import read
from ase.spacegroup import crystal
from scipy.spatial.transform import Rotation

from ase_ecn import ECNCalculator
from ase_ecn.checkpoint import load_checkpoint, save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.nn.registry import build
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.cartesian import DIELECTRIC, ELASTIC, PIEZOELECTRIC, harmonic_tensors
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.tensor_heads import BASES, TensorHeads, harmonics_of
from ase_ecn.properties import (
    DIELECTRIC_TENSOR,
    DIELECTRIC_TENSOR_TOTAL,
    ELASTIC_TENSOR,
    PIEZOELECTRIC_TENSOR,
)
from ase_ecn.response import rotated
from ase_ecn.testing import random_equivalent
from ase_ecn.training.fits.start import start_from

TRUNK = {"widths": (32, 16, 16), "layers": 2, "cutoff": 6.0}
NETWORKS = 24
GENERAL = (0.13, 0.22, 0.31)


def of_group(number, cell):
    """A silicate of a space group, with oxygen in general positions."""
    return crystal(["Si", "O"], [(0, 0, 0), GENERAL], spacegroup=number, cellpar=cell)


def triclinic():
    """Four atoms, so that there are bonds of enough lengths."""
    places = np.random.default_rng(1).random((4, 3))
    cell = [[4.5, 0.2, 0.1], [-0.6, 5.0, 0.3], [0.4, 0.7, 4.8]]
    return Atoms("SiO2N", scaled_positions=places, cell=cell, pbc=True)


# Numbers of independent components: of tensors of rank two, elastic, and piezoelectric (Nye 1957).
CRYSTALS = {
    "triclinic 1": (triclinic(), 6, 21, 18),
    "triclinic -1": (of_group(2, [4.2, 4.5, 5, 80, 95, 100]), 6, 21, 0),
    "monoclinic 2": (of_group(3, [5, 4.5, 5.5, 90, 105, 90]), 4, 13, 8),
    "monoclinic m": (of_group(6, [5, 5.5, 5.2, 90, 105, 90]), 4, 13, 10),
    "orthorhombic 222": (of_group(16, [5, 5.5, 6, 90, 90, 90]), 3, 9, 3),
    "orthorhombic mmm": (of_group(47, [6, 6.5, 7, 90, 90, 90]), 3, 9, 0),
    "tetragonal -4": (of_group(81, [5, 5, 6, 90, 90, 90]), 2, 7, 4),
    "tetragonal 422": (of_group(89, [6, 6, 7, 90, 90, 90]), 2, 6, 1),
    "trigonal 3": (of_group(143, [5.5, 5.5, 6, 90, 90, 120]), 2, 7, 6),
    "trigonal 32": (of_group(150, [6.5, 6.5, 6, 90, 90, 120]), 2, 6, 2),
    "hexagonal 622": (of_group(177, [8, 8, 7, 90, 90, 120]), 2, 5, 1),
    "hexagonal 6mm": (bulk("ZnS", "wurtzite", a=3.8, c=6.2, u=0.37), 2, 5, 3),
    "cubic 23": (of_group(195, [6.5, 6.5, 6.5, 90, 90, 90]), 1, 3, 1),
    "cubic 432": (of_group(207, [8, 8, 8, 90, 90, 90]), 1, 3, 0),
    # All features of these atoms but scalars vanish in the trunk.
    "cubic -43m": (bulk("ZnS", "zincblende", a=5.4), 1, 3, 1),
    "cubic m-3m": (bulk("NaCl", "rocksalt", a=5.6), 1, 3, 0),
}


def network_of(seed):
    torch.manual_seed(seed)
    made = SO3ECN(SO3ECNConfig(**TRUNK, tensor_targets=tuple(BASES)))
    with torch.no_grad():
        for head in made.tensor_heads.heads.values():
            head.size.fill_(3.0)  # so that nothing that may be there is small
    return made.double().eval()


@pytest.fixture(scope="module")
def networks():
    return [network_of(seed) for seed in range(NETWORKS)]


@pytest.fixture(scope="module")
def network(networks):
    return networks[0]


def tensors(network, atoms):
    found = network.predict(network.graphs([as_crystal(atoms)]))
    return {name: found[name][0].detach().numpy() for name in BASES}


def operations(atoms: Atoms):
    """Point group in Cartesian form, for rows."""
    cell = (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers)
    turns = spglib.get_symmetry(cell, symprec=1e-6)["rotations"]
    basis = atoms.cell[:].T
    return [(basis @ turn @ np.linalg.inv(basis)).T for turn in turns]


@pytest.mark.parametrize("name", CRYSTALS)
def test_a_tensor_is_all_that_the_point_group_allows_and_no_more(networks, name):
    atoms, rank_two, elastic, piezoelectric = CRYSTALS[name]
    found = [tensors(network, atoms) for network in networks[: elastic + 3]]
    expected = {
        DIELECTRIC_TENSOR: rank_two,
        DIELECTRIC_TENSOR_TOTAL: rank_two,
        ELASTIC_TENSOR: elastic,
        PIEZOELECTRIC_TENSOR: piezoelectric,
    }
    turns = operations(atoms)
    for tensor, independent in expected.items():
        for one in found[:3]:
            value = one[tensor]
            for turn in turns:
                error = np.abs(rotated(value, turn) - value).max()
                assert error <= 1e-9 * max(1, np.abs(value).max()), (tensor, error)
        rows = np.stack([one[tensor].ravel() for one in found])
        sizes = np.linalg.norm(rows, axis=1, keepdims=True)
        if independent == 0:
            assert sizes.max() < 1e-9, tensor
            continue
        assert sizes.min() > 1e-6, tensor
        singular = np.linalg.svd(rows / sizes, compute_uv=False)
        assert (singular > 1e-8).sum() == independent, (tensor, singular)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["monoclinic 2", "trigonal 32", "cubic -43m"])
def test_tensors_turn_with_the_crystal_and_know_no_cell(network, name, seed):
    atoms = CRYSTALS[name][0]
    other = random_equivalent(atoms, np.random.default_rng(seed), max_atoms=60)
    found, again = tensors(network, atoms), tensors(network, other.atoms)
    for tensor, value in found.items():
        difference = np.abs(rotated(value, other.rotation) - again[tensor]).max()
        assert difference <= 1e-8 * max(1, np.linalg.norm(value)), tensor


def test_the_mirror_image_has_the_other_sign(network):
    quartz = CRYSTALS["trigonal 32"][0]
    other = quartz.copy()
    other.set_cell(-quartz.cell[:], scale_atoms=True)
    found, again = tensors(network, quartz), tensors(network, other)
    np.testing.assert_allclose(again[PIEZOELECTRIC_TENSOR], -found[PIEZOELECTRIC_TENSOR], atol=1e-9)
    np.testing.assert_allclose(again[ELASTIC_TENSOR], found[ELASTIC_TENSOR], rtol=1e-9, atol=1e-7)


def test_what_must_be_positive_is(networks):
    for network in networks:
        found = tensors(network, CRYSTALS["triclinic 1"][0])
        assert np.linalg.eigvalsh(found[ELASTIC_TENSOR])[0] > 0
        electronic = found[DIELECTRIC_TENSOR]
        assert np.linalg.eigvalsh(electronic)[0] > 1
        assert np.linalg.eigvalsh(found[DIELECTRIC_TENSOR_TOTAL] - electronic)[0] > 0


@pytest.mark.parametrize("basis", [DIELECTRIC, ELASTIC, PIEZOELECTRIC])
def test_bases_are_independent_and_whole(basis):
    rows = np.concatenate([ways.reshape(-1, ways[0, 0].size) for ways in basis.values()])
    whole = {9: 6, 36: 21, 18: 18}[rows.shape[1]]
    assert len(rows) == whole == np.linalg.matrix_rank(rows)


@pytest.mark.parametrize("degree", range(5))
def test_harmonic_tensors_have_no_traces_and_norm_two_l_plus_one(degree):
    found = harmonic_tensors(degree)
    if degree > 1:
        assert np.abs(np.einsum("mii...->m...", found)).max() < 1e-12
    unit = np.array([0.48, -0.6, 0.64])
    values = found
    for _ in range(degree):
        values = values @ unit
    assert (values**2).sum() == pytest.approx(2 * degree + 1)


def test_heads_do_not_touch_what_the_trunk_gives():
    source = load_checkpoint("ecn-universal", SO3ECN).model
    trunk = {k: getattr(source.config, k) for k in ("widths", "layers", "cutoff", "neighbors")}
    network = SO3ECN(SO3ECNConfig(**trunk, tensor_targets=tuple(BASES))).eval()
    start_from(network, "ecn-universal")
    graphs = source.graphs([as_crystal(bulk("ZnS", "wurtzite", a=3.8, c=6.2))])
    expected, found = source.predict(graphs), network.predict(graphs)
    assert set(found) - set(expected) == set(BASES)
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values, rtol=0, atol=0)
    again = network.predict_without_forces(graphs)
    for name in BASES:
        torch.testing.assert_close(found[name], again[name])


def test_the_architecture_survives_json_and_unknown_tensors_are_refused():
    config = SO3ECNConfig(**TRUNK, tensor_targets=(ELASTIC_TENSOR,))
    assert build("so3", config.to_dict()).config == config
    assert config.trunk == SO3ECNConfig(**TRUNK)
    with pytest.raises(OptionError, match="known are dielectric_tensor"):
        TensorHeads(("hardness",), (32, 16, 16), 6.0, 30.0, 0.0)


def test_calculator_and_files_have_tensors(network, tmp_path):
    card = {
        "name": "toy",
        "elements": [8, 14],
        "properties": {"formation_energy": "eV/atom", **dict.fromkeys(BASES, "1")},
    }
    save_checkpoint(tmp_path / "toy.safetensors", network, card)
    calculator = ECNCalculator(tmp_path / "toy.safetensors", device="cpu", dtype="float64")
    atoms = CRYSTALS["trigonal 32"][0]
    turned = atoms.copy()
    rotation = Rotation.random(random_state=2).as_matrix()
    turned.set_cell(atoms.cell[:] @ rotation, scale_atoms=True)
    atoms.calc = turned.calc = calculator
    tensor = calculator.get_property("dielectric_tensor", atoms)
    assert tensor.shape == (3, 3)
    again = calculator.get_property("dielectric_tensor", turned)
    np.testing.assert_allclose(again, rotation.T @ tensor @ rotation, atol=1e-8)
    big = make_supercell(atoms, [[1, 1, 0], [-1, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(calculator.get_property("dielectric_tensor", big), tensor, atol=1e-8)
    assert calculator.get_property("refractive_index", atoms) ** 2 == pytest.approx(
        np.trace(tensor) / 3
    )
    annotated = calculator.annotate(atoms)
    assert annotated.info["ecn_elastic_tensor"].shape == (6, 6)
    annotated.calc = None
    annotated.write(tmp_path / "quartz.extxyz")
    stored = read(tmp_path / "quartz.extxyz").info["ecn_elastic_tensor"]
    np.testing.assert_allclose(stored, annotated.info["ecn_elastic_tensor"], atol=1e-6)
    row = calculator.db_row(atoms)
    assert row["bulk_modulus"] > 0
    assert "elastic_tensor" not in row


def test_harmonics_are_those_of_e3nn():
    """Up to a rotation of the components of a degree: so products of two directions agree."""
    pytest.importorskip("e3nn", reason="e3nn isn't installed")
    from e3nn.o3 import spherical_harmonics

    unit = torch.nn.functional.normalize(torch.randn(12, 3, dtype=torch.float64), dim=1)
    mine = harmonics_of(unit).split([2 * degree + 1 for degree in range(5)], dim=1)
    for degree, ours in enumerate(mine):
        theirs = spherical_harmonics(degree, unit, normalize=False, normalization="component")
        torch.testing.assert_close(ours @ ours.T, theirs @ theirs.T, rtol=0, atol=1e-9)
