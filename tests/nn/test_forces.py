from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.fd import calculate_numerical_stress
from ase.filters import FrechetCellFilter
from ase.io import read, write
from ase.neighborlist import neighbor_list
from ase.optimize import BFGS
from hypothesis import given, settings
from hypothesis import strategies as st

from ase_ecn import ECNCalculator, predict
from ase_ecn.checkpoint import read_card, save_checkpoint
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError, UnsupportedElementError
from ase_ecn.graphs.batch import BondBatch, bond_graph, pack
from ase_ecn.graphs.radial import radial_bonds
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.forces import energy_derivatives
from ase_ecn.nn.layers import cutoff_weight
from ase_ecn.selftest import make_references, selftest

CUTOFF = 4.0


def small_pes() -> ECN:
    torch.manual_seed(0)
    config = ECNConfig(
        ("potential_energy",),
        group="S_N",
        bonds="radial",
        cutoff=CUTOFF,
        readout="contributions",
        width=16,
        layers=2,
        distance_features=12,
        angular_degree=3,
        angular_channels=4,
    )
    model = ECN(config).eval()
    for layer in model.layers:  # angular features start switched off
        torch.nn.init.normal_(layer.extra_edge.weight, std=0.3)
        torch.nn.init.normal_(layer.extra_atom[-1].weight, std=0.3)
    torch.nn.init.normal_(model.element_constants)
    return model.double().requires_grad_(False)


@pytest.fixture(scope="module")
def pes() -> ECN:
    return small_pes()


def rattled(seed: int = 0) -> Atoms:
    atoms = bulk("ZnO", "wurtzite", a=3.25, c=5.2)
    atoms.rattle(0.1, seed=seed)
    shear = np.random.default_rng(seed).normal(scale=0.05, size=(3, 3))
    atoms.set_cell(atoms.cell[:] @ (np.eye(3) + shear), scale_atoms=True)
    return atoms


def batch_of(*crystals: Atoms) -> tuple[BondBatch, torch.Tensor]:
    packed = pack([bond_graph(as_crystal(c), "radial", CUTOFF) for c in crystals], "S_N")
    volumes = torch.tensor([c.get_volume() for c in crystals], dtype=torch.float64)
    return packed.batch(np.arange(len(crystals)), dtype=torch.float64), volumes


def energies(model: ECN, crystals: list[Atoms]) -> np.ndarray:
    batch, _ = batch_of(*crystals)
    return model(batch)["potential_energy"].numpy() * [len(c) for c in crystals]


def energy(model: ECN, atoms: Atoms) -> float:
    return float(energies(model, [atoms])[0])


def derivatives(model: ECN, atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    found = energy_derivatives(model, *batch_of(atoms), "potential_energy")
    return found.forces.numpy(), found.stress[0].numpy()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), cutoff=st.floats(1.5, 7.0))
def test_radial_bonds_are_all_neighbours(seed: int, cutoff: float) -> None:
    rng = np.random.default_rng(seed)
    atoms = rattled(seed)
    # Neither inside of the cell nor with a reduced basis.
    atoms.positions += rng.normal(scale=10, size=3)
    skewed = make_supercell(atoms, [[1, 0, 0], [int(rng.integers(-3, 4)), 1, 0], [1, -2, 1]])
    bonds = radial_bonds(as_crystal(skewed), cutoff)
    i, j, s, d = neighbor_list("ijSd", skewed, cutoff)
    ours = np.column_stack([bonds.source, bonds.target, bonds.image])
    theirs = np.column_stack([i, j, s])
    order, other = np.lexsort(ours.T), np.lexsort(theirs.T)
    np.testing.assert_array_equal(ours[order], theirs[other])
    np.testing.assert_allclose(bonds.distance[order], d[other], atol=1e-10)
    assert (np.diff(bonds.source) >= 0).all()


def test_bonds_fade_with_two_derivatives() -> None:
    at = torch.tensor([1.0, 2.0, 3.0, 4.0, 4.5], dtype=torch.float64, requires_grad=True)
    weight = cutoff_weight(at, 4.0)
    np.testing.assert_allclose(weight.tolist(), [1, 1, 0.5, 0, 0], atol=1e-12)
    just_below = torch.tensor([4 - 1e-4], dtype=torch.float64)
    assert float(cutoff_weight(just_below, 4.0)) < 1e-10


def test_forces_are_the_energy_s_derivatives(pes: ECN) -> None:
    atoms = rattled()
    forces, _ = derivatives(pes, atoms)
    assert np.abs(forces).max() > 0.01
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-10)
    step = 1e-4
    moved = []
    for atom, axis, sign in itertools.product(range(len(atoms)), range(3), (1, -1)):
        moved.append(atoms.copy())
        moved[-1].positions[atom, axis] += sign * step
    found = energies(pes, moved)
    slopes = (found[::2] - found[1::2]).reshape(-1, 3) / (2 * step)
    np.testing.assert_allclose(forces, -slopes, atol=1e-7)


def test_stress_is_the_derivative_by_strain_in_ase_s_order(pes: ECN) -> None:
    atoms = rattled()
    _, stress = derivatives(pes, atoms)
    assert np.abs(stress).min() > 1e-5
    step = 1e-5
    strained = []
    for a, b in [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]:
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * step / 2
            strain[b, a] += sign * step / 2
            strained.append(atoms.copy())
            strained[-1].set_cell(atoms.cell[:] @ strain, scale_atoms=True)
    found = energies(pes, strained)
    slopes = (found[::2] - found[1::2]) / (2 * step) / atoms.get_volume()
    np.testing.assert_allclose(stress, slopes, atol=1e-7)


def test_energies_are_extensive_and_turn_with_the_crystal(pes: ECN) -> None:
    atoms = rattled()
    forces, stress = derivatives(pes, atoms)
    skew = [[1, 1, 0], [0, 1, 0], [0, 0, 2]]
    large = make_supercell(atoms, skew)
    large_forces, large_stress = derivatives(pes, large)
    assert energy(pes, large) == pytest.approx(2 * energy(pes, atoms), abs=1e-9)
    np.testing.assert_allclose(large_stress, stress, atol=1e-10)
    np.testing.assert_allclose(
        np.sort(np.linalg.norm(large_forces, axis=1)),
        np.sort(np.tile(np.linalg.norm(forces, axis=1), 2)),
        atol=1e-10,
    )
    turned = atoms.copy()
    turned.rotate(50, (1, 2, 3), rotate_cell=True)
    rotation = np.linalg.solve(atoms.cell[:], turned.cell[:])
    np.testing.assert_allclose(derivatives(pes, turned)[0], forces @ rotation, atol=1e-10)


def test_nothing_jumps_when_neighbours_cross_the_cutoff(pes: ECN) -> None:
    atoms = bulk("Cu")
    bond = atoms.cell.lengths()[0]
    strained = []
    for scale in CUTOFF / (bond * 3**0.5) + np.linspace(-1e-4, 1e-4, 5):
        strained.append(atoms.copy())
        strained[-1].set_cell(atoms.cell[:] * scale, scale_atoms=True)
    assert np.abs(np.diff(energies(pes, strained), 2)).max() < 1e-7


def test_crystals_of_a_batch_do_not_mix(pes: ECN) -> None:
    crystals = [rattled(1), bulk("Cu"), rattled(2)]
    together = energy_derivatives(pes, *batch_of(*crystals), "potential_energy")
    first = 0
    for k, atoms in enumerate(crystals):
        forces, stress = derivatives(pes, atoms)
        part = together.forces[first : first + len(atoms)].numpy()
        np.testing.assert_allclose(part, forces, atol=1e-10)
        np.testing.assert_allclose(together.stress[k].numpy(), stress, atol=1e-10)
        first += len(atoms)


def test_colours_and_radial_bonds_exclude_each_other(pes: ECN) -> None:
    with pytest.raises(OptionError, match="S_N"):
        replace(pes.config, group="S_lattice")


# The calculator


@pytest.fixture(scope="module")
def checkpoint(pes: ECN, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card that says that the network knows Zn-O and Cu."""
    path = tmp_path_factory.mktemp("pes") / "pes.safetensors"
    card = {
        "name": "pes",
        "elements": [8, 29, 30],
        "systems": [[8, 30], [29]],
        "forces": True,
        "references": [],
    }
    save_checkpoint(path, pes, card)
    card["references"] = make_references(path)
    save_checkpoint(path, pes, card)
    return path


def test_calculator_gives_forces_and_stress_in_the_user_s_frame(pes: ECN, checkpoint: Path) -> None:
    inherited = list(ECNCalculator.implemented_properties)
    atoms = make_supercell(rattled(), [[1, 1, 0], [0, 1, 0], [0, 0, 2]])
    forces, stress = derivatives(pes, atoms)
    atoms.calc = ECNCalculator(checkpoint, dtype="float64")
    assert {"energy", "free_energy", "forces", "stress"} == set(atoms.calc.implemented_properties)
    assert ECNCalculator.implemented_properties == inherited
    assert atoms.get_potential_energy() == pytest.approx(energy(pes, atoms), abs=1e-9)
    np.testing.assert_allclose(atoms.get_forces(), forces, atol=1e-10)
    np.testing.assert_allclose(atoms.get_stress(), stress, atol=1e-10)
    np.testing.assert_allclose(
        calculate_numerical_stress(atoms, eps=1e-5), atoms.get_stress(), atol=1e-7
    )
    assert atoms.calc.get_property("potential_energy", atoms) * len(atoms) == pytest.approx(
        atoms.get_potential_energy()
    )


def test_float32_forces_are_close(pes: ECN, checkpoint: Path) -> None:
    (prediction,) = predict([rattled()], checkpoint=checkpoint)
    forces, stress = derivatives(pes, rattled())
    np.testing.assert_allclose(prediction.forces, forces, atol=1e-4)
    np.testing.assert_allclose(prediction.stress, stress, atol=1e-5)
    assert "forces=<array (4, 3)>" in repr(prediction)


def test_ase_relaxes_positions_and_cell(checkpoint: Path) -> None:
    atoms = rattled()
    atoms.calc = ECNCalculator(checkpoint, dtype="float64")
    before = atoms.get_potential_energy()
    begin = np.linalg.norm(atoms.get_forces())
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-3, steps=20)
    assert atoms.get_potential_energy() < before
    assert np.linalg.norm(atoms.get_forces()) < begin


def test_files_keep_forces(checkpoint: Path, tmp_path: Path) -> None:
    atoms = rattled()
    atoms.calc = ECNCalculator(checkpoint)
    forces = atoms.get_forces()
    assert not {"ecn_forces", "ecn_stress"} & set(atoms.calc.annotate(atoms).arrays)
    assert "potential_energy" in atoms.calc.db_row(atoms)
    write(tmp_path / "a.extxyz", atoms)
    np.testing.assert_allclose(read(tmp_path / "a.extxyz").get_forces(), forces, atol=1e-7)


def test_what_was_never_together_is_refused(checkpoint: Path) -> None:
    with pytest.raises(UnsupportedElementError, match="Mg"):
        bulk("Mg").calc = ECNCalculator(checkpoint)
    alloy = bulk("CuZn", "cesiumchloride", a=2.95)
    with pytest.raises(UnsupportedElementError, match=r"fitted to O-Zn, Cu; .* Cu-Zn"):
        alloy.calc = ECNCalculator(checkpoint)
    with pytest.raises(UnsupportedElementError, match="Cu-Zn"):
        predict([alloy], checkpoint=checkpoint)
    with pytest.raises(UnsupportedElementError, match="has no data for Zn"):  # only with O
        predict([bulk("Zn")], checkpoint=checkpoint)


def test_alloys_of_known_pairs_are_known(pes: ECN, tmp_path: Path) -> None:
    path = tmp_path / "alloys.safetensors"
    pairs = [[41, 42], [42, 74], [41, 74], [42, 73]]
    card = {"name": "alloys", "elements": [41, 42, 73, 74], "systems": pairs, "forces": True}
    save_checkpoint(path, pes, {**card, "references": []})
    ternary, other = bulk("Mo", cubic=True) * (2, 1, 1), bulk("Mo", cubic=True) * (2, 1, 1)
    ternary.numbers[:2] = 41, 74
    other.numbers[:2] = 73, 74
    assert predict([ternary], checkpoint=path)[0].forces.shape == (4, 3)
    with pytest.raises(UnsupportedElementError, match="no data for Mo-Ta-W"):
        predict([other], checkpoint=path)


def test_other_checkpoints_explain_why_there_are_no_forces() -> None:
    atoms = bulk("Si")
    atoms.calc = ECNCalculator("ecn-mp20")
    for get in (atoms.get_forces, atoms.get_stress):
        with pytest.raises(PropertyNotImplementedError, match="not fitted to forces"):
            get()


def test_selftest_covers_forces(checkpoint: Path) -> None:
    references = read_card(checkpoint).content["references"]
    assert {r["name"] for r in references} == {"Cu", "ZnO"}
    assert {"potential_energy", "forces", "stress"} == set(references[0]["results"])
    assert selftest(checkpoint, dtype="float64").largest_difference < 1e-8
