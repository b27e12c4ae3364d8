from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondGraph, bond_graph, pack
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.graphs.supercell import supercell
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.empnn import EMPNN, bound_norm
from ase_ecn.nn.layers import GaussianBasis, scatter_mean, smooth_step
from ase_ecn.symmetry.colours import GROUPS, MOTIFS, Group, Motif
from ase_ecn.symmetry.primitive import primitive_cell, to_primitive
from ase_ecn.testing import random_equivalent


def ecn(**options: Any) -> ECN:
    """A small network with random weights, none of them zero."""
    torch.manual_seed(0)
    targets = {"crystal_targets": ("formation_energy", "metal"), "site_targets": ("site_moments",)}
    config = ECNConfig(**targets, **options, width=16, layers=3)
    model = ECN(config).double().eval()
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    return model.requires_grad_(False)


def outputs(model: ECN, graphs: list[BondGraph]) -> dict[str, np.ndarray]:
    batch = pack(graphs).batch(np.arange(len(graphs)), dtype=torch.float64)
    with torch.inference_mode():
        return {k: v.numpy() for k, v in model(batch).items()}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("motif", MOTIFS)
def test_quotient_gives_what_the_full_supercell_gives(
    group: Group, motif: Motif, prototypes: dict[str, Atoms]
) -> None:
    model = ecn(group=group, motif=motif)
    for name, atoms in prototypes.items():
        crystal = primitive_cell(as_crystal(atoms), motif).crystal
        batch = pack([bond_graph(crystal)], group).batch(np.array([0]), dtype=torch.float64)
        with torch.inference_mode():
            quotient, full = model(batch), model(supercell(batch))
        for target in ("formation_energy", "metal"):
            np.testing.assert_allclose(quotient[target], full[target], atol=1e-10, err_msg=name)
        np.testing.assert_allclose(
            np.tile(quotient["site_moments"], 8), full["site_moments"], atol=1e-10
        )


def explicit_supercell(crystal: Crystal) -> Crystal:
    """The 2x2x2 supercell atom by atom, in the order of the network's nodes."""
    cells = np.array(list(itertools.product((0, 1), repeat=3)))
    scaled = (crystal.scaled_positions[None] + cells[:, None]).reshape(-1, 3) / 2
    return Crystal(np.tile(crystal.numbers, 8), 2 * crystal.cell, scaled)


def test_supercell_batch_is_the_graph_of_the_supercell(prototypes: dict[str, Atoms]) -> None:
    """Folded bonds are those that the Voronoi tessellation of 8 N real atoms has."""
    for name in ("rocksalt", "perovskite", "hcp"):
        crystal = to_primitive(as_crystal(prototypes[name])).crystal
        folded = supercell(pack([bond_graph(crystal)]).batch(np.array([0]), dtype=torch.float64))
        real = bond_graph(explicit_supercell(crystal))

        def rows(source: Any, target: Any, vector: Any) -> np.ndarray:
            table = np.column_stack([source, target, np.round(np.asarray(vector), 6) + 0.0])
            return table[np.lexsort(table.T[::-1])]

        np.testing.assert_allclose(
            rows(folded.source, folded.target, folded.vector),
            rows(real.source, real.target, real.vector),
            atol=1e-5,
            err_msg=name,
        )


def test_ecn_is_invariant(small_ecn: ECN, prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(1)
    for name, atoms in prototypes.items():
        other = random_equivalent(atoms, rng)
        cells = [to_primitive(as_crystal(a)).crystal for a in (atoms, other.atoms)]
        result = outputs(small_ecn, [bond_graph(c) for c in cells])
        for target in ("formation_energy", "metal"):
            np.testing.assert_allclose(
                result[target][0], result[target][1], atol=1e-8, err_msg=name
            )


def test_batching_changes_nothing(small_ecn: ECN, prototypes: dict[str, Atoms]) -> None:
    graphs = [bond_graph(as_crystal(atoms)) for atoms in prototypes.values()]
    together = outputs(small_ecn, graphs)["formation_energy"]
    alone = np.concatenate([outputs(small_ecn, [g])["formation_energy"] for g in graphs])
    np.testing.assert_allclose(together, alone, atol=1e-12)


def test_colours_matter_to_the_network(small_ecn: ECN, prototypes: dict[str, Atoms]) -> None:
    batch = pack([bond_graph(as_crystal(prototypes["fcc"]))]).batch(
        np.array([0]), dtype=torch.float64
    )
    other = replace(batch, own_image=torch.zeros_like(batch.own_image))
    result = [small_ecn(b)["formation_energy"].item() for b in (batch, other)]
    assert abs(result[0] - result[1]) > 1e-6


def test_a_face_at_the_threshold_has_no_weight(small_ecn: ECN) -> None:
    """A bond whose face crosses the threshold comes and goes without a jump."""
    axes = np.eye(3)
    graph = BondGraph(
        numbers=np.array([11, 17]),
        cell=6 * axes,
        source=np.array([0, 1, 0, 1]),
        target=np.array([1, 0, 1, 0]),
        image=np.zeros((4, 3), dtype=np.int64),
        vector=np.array([2.8 * axes[0], -2.8 * axes[0], 3.9 * axes[1], -3.9 * axes[1]]),
        face_share=np.array([0.5, 0.5, 0.0100001, 0.0100001]),
    )
    bonds = ("source", "target", "image", "vector", "face_share")
    without = replace(graph, **{name: getattr(graph, name)[:2] for name in bonds})
    result = outputs(small_ecn, [graph, without])["formation_energy"]
    assert abs(result[0] - result[1]) < 1e-9


def test_ecn_config_refuses_nonsense() -> None:
    with pytest.raises(OptionError, match="at least one target"):
        ECNConfig(())
    with pytest.raises(OptionError, match="cordero"):
        ECNConfig(("a",), bonds="crystalnn")


def deformed(model: EMPNN, crystals: list[Crystal]) -> np.ndarray:
    batch = lattice_batch(crystals, model.config.neighbors, dtype=torch.float64)
    with torch.inference_mode():
        return model(batch)[-1].numpy()


def test_empnn_turns_with_the_crystal(small_empnn: EMPNN, prototypes: dict[str, Atoms]) -> None:
    """Rotation, lattice basis, order, translation and supercell, in float64 to 1e-8."""
    rng = np.random.default_rng(2)
    shear = np.array([[1.05, 0.02, 0], [0, 0.97, 0.03], [0.01, 0, 1.02]])
    for name, atoms in prototypes.items():
        atoms = atoms.copy()
        atoms.set_cell(atoms.cell[:] @ shear, scale_atoms=True)
        other = random_equivalent(atoms, rng, max_atoms=40)
        first, second = as_crystal(atoms), as_crystal(other.atoms)
        one, two = (np.linalg.solve(c.cell, deformed(small_empnn, [c])[0]) for c in (first, second))
        assert np.abs(one - np.eye(3)).max() > 1e-4, "the network does nothing"
        turned = other.rotation.T @ one @ other.rotation
        np.testing.assert_allclose(turned, two, atol=1e-8, err_msg=name)


def test_empnn_keeps_cubic_cells_cubic(small_empnn: EMPNN, prototypes: dict[str, Atoms]) -> None:
    for name in ("fcc", "bcc", "sc", "diamond", "rocksalt", "perovskite"):
        crystal = as_crystal(prototypes[name])
        strain = np.linalg.solve(crystal.cell, deformed(small_empnn, [crystal])[0])
        np.testing.assert_allclose(strain, strain[0, 0] * np.eye(3), atol=1e-10)


def test_bounded_strain_keeps_direction_and_limit() -> None:
    strain = torch.randn(5, 3, 3, dtype=torch.float64) * 10
    bounded = bound_norm(strain, 0.5)
    assert (bounded.norm(dim=(1, 2)) < 0.5).all()
    small = strain * 1e-6
    torch.testing.assert_close(bound_norm(small, 0.5), small, rtol=1e-8, atol=0)


def test_scatter_mean_and_smooth_step() -> None:
    values = torch.tensor([[1.0], [3.0], [5.0]])
    mean = scatter_mean(values, torch.tensor([0, 0, 2]), torch.tensor([2, 0, 1]))
    assert mean.squeeze().tolist() == [2.0, 0.0, 5.0]
    x = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert smooth_step(x).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_gaussian_basis_peaks_at_its_centres() -> None:
    basis = GaussianBasis(1.0, 5.0, 9)
    features = basis(torch.linspace(1, 5, 9, dtype=torch.float64))
    assert (features.argmax(dim=1) == torch.arange(9)).all()
    assert torch.allclose(features.diagonal(), torch.ones(9, dtype=torch.float64))
