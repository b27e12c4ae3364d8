from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondGraph, bond_graph, pack
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.graphs.voronoi import voronoi_bonds
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.empnn import EMPNN, bound_norm
from ase_ecn.nn.layers import GaussianBasis, scatter_mean, smooth_step
from ase_ecn.symmetry.colours import bond_colours
from ase_ecn.symmetry.primitive import to_primitive
from ase_ecn.testing import random_equivalent


def outputs(model: ECN, graphs: list[BondGraph]) -> dict[str, np.ndarray]:
    batch = pack(graphs).batch(np.arange(len(graphs)), dtype=torch.float64)
    with torch.inference_mode():
        return {k: v.numpy() for k, v in model(batch).items()}


def full_supercell(crystal: Crystal) -> BondGraph:
    """The paper's 2x2x2 supercell, edge by edge, with the colours of the quotient's edges."""
    bonds = voronoi_bonds(crystal)
    colours = bond_colours(bonds.source, bonds.target, bonds.image)
    cells = list(itertools.product((0, 1), repeat=3))
    size = len(crystal)
    source, target, distance, share, colour = [], [], [], [], []
    for a, cell in enumerate(cells):
        for e in range(len(bonds)):
            other = cells.index(tuple((np.array(cell) + bonds.image[e]) % 2))
            source.append(a * size + bonds.source[e])
            target.append(other * size + bonds.target[e])
            distance.append(bonds.distance[e])
            share.append(bonds.face_share[e])
            colour.append(colours[e])
    return BondGraph(
        np.tile(crystal.numbers, 8),
        np.array(source),
        np.array(target),
        np.array(distance),
        np.array(share),
        np.array(colour),
    )


def test_quotient_gives_what_the_full_supercell_gives(
    small_ecn: ECN, prototypes: dict[str, Atoms]
) -> None:
    for name, atoms in prototypes.items():
        crystal = as_crystal(atoms)
        quotient = outputs(small_ecn, [bond_graph(crystal)])
        full = outputs(small_ecn, [full_supercell(crystal)])
        for target in ("formation_energy", "metal"):
            np.testing.assert_allclose(quotient[target], full[target], atol=1e-10, err_msg=name)
        np.testing.assert_allclose(
            np.tile(quotient["site_moments"], 8), full["site_moments"], atol=1e-10
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
    graph = bond_graph(as_crystal(prototypes["fcc"]))
    other = replace(graph, colour=np.zeros_like(graph.colour))
    result = outputs(small_ecn, [graph, other])["formation_energy"]
    assert abs(result[0] - result[1]) > 1e-6


def test_a_face_at_the_threshold_has_no_weight(small_ecn: ECN) -> None:
    """A bond whose face crosses the threshold comes and goes without a jump."""
    graph = BondGraph(
        np.array([11, 17]),
        np.array([0, 1, 0, 1]),
        np.array([1, 0, 1, 0]),
        np.array([2.8, 2.8, 3.9, 3.9]),
        np.array([0.5, 0.5, 0.0100001, 0.0100001]),
        np.zeros(4, dtype=np.int64),
    )
    without = BondGraph(
        *(
            getattr(graph, n)[: 2 if n != "numbers" else None]
            for n in ("numbers", "source", "target", "distance", "face_share", "colour")
        )
    )
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
