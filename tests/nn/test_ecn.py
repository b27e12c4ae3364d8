from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from small_ecns import ecn, outputs

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondGraph, bond_graph, pack
from ase_ecn.graphs.supercell import supercell
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.symmetry.colours import GROUPS, MOTIFS, Group, Motif
from ase_ecn.symmetry.primitive import primitive_cell, to_standard_primitive
from ase_ecn.testing import random_equivalent


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("motif", MOTIFS)
def test_quotient_gives_what_the_full_supercell_gives(
    group: Group, motif: Motif, prototypes: dict[str, Atoms]
) -> None:
    model = ecn(group=group, motif=motif)
    # P-1 averages over up to 24 views of a lattice.
    names = ("hcp", "triclinic") if group == "P-1" else tuple(prototypes)
    for name in names:
        atoms = prototypes[name]
        crystal = primitive_cell(as_crystal(atoms), motif).crystal
        batch = pack([bond_graph(crystal)], group).batch(np.array([0]), dtype=torch.float64)
        with torch.inference_mode():
            quotient, full = model(batch), model(supercell(batch))
        for target in ("formation_energy", "metal"):
            np.testing.assert_allclose(quotient[target], full[target], atol=1e-10, err_msg=name)
        np.testing.assert_allclose(
            np.tile(quotient["site_moments"], 8), full["site_moments"], atol=1e-10
        )


def test_ecn_is_invariant(small_ecn: ECN, prototypes: dict[str, Atoms]) -> None:
    rng = np.random.default_rng(1)
    for name, atoms in prototypes.items():
        other = random_equivalent(atoms, rng)
        cells = [as_crystal(a).primitive.crystal for a in (atoms, other.atoms)]
        result = outputs(small_ecn, [bond_graph(c) for c in cells])
        for target in ("formation_energy", "metal"):
            np.testing.assert_allclose(
                result[target][0], result[target][1], atol=1e-8, err_msg=name
            )


@pytest.mark.parametrize("messages", ["gated", "coloured"])
@pytest.mark.parametrize("group", GROUPS)
def test_every_group_is_invariant_with_a_free_motif(
    group: Group, messages: str, prototypes: dict[str, Atoms]
) -> None:
    """Also P-1, whose output is averaged over the names of the axes."""
    angular = 3 if messages == "gated" else 0
    model = ecn(group=group, messages=messages, angular_degree=angular)
    rng = np.random.default_rng(1)
    for name in ("rocksalt", "triclinic"):
        atoms = prototypes[name]
        other = random_equivalent(atoms, rng, max_atoms=16).atoms
        graphs = [bond_graph(as_crystal(a).primitive.crystal) for a in (atoms, other)]
        batch = pack(graphs, group).batch(np.arange(2), dtype=torch.float64)
        energy = model(batch)["formation_energy"].numpy()
        np.testing.assert_allclose(energy[0], energy[1], atol=1e-8, err_msg=name)


def test_a_fixed_motif_depends_on_what_counts_as_inside_the_cell() -> None:
    """The paper's colours change when an atom is called by another of its images."""
    crystal = as_crystal(bulk("ZnO", "wurtzite", a=3.25, c=5.2))
    energies = {}
    for motif in MOTIFS:
        model = ecn(motif=motif)
        moved = crystal.scaled_positions + np.array([[1, 0, 0], *3 * [[0, 0, 0]]])
        graphs = [bond_graph(crystal), bond_graph(replace(crystal, scaled_positions=moved))]
        energies[motif] = outputs(model, graphs)["formation_energy"]
    assert abs(np.diff(energies["free"])) < 1e-10
    assert abs(np.diff(energies["fixed"])) > 1e-4


def test_cell_encoding_tells_cells_apart_and_a_fixed_motif_is_deterministic(
    prototypes: dict[str, Atoms],
) -> None:
    model = ecn(motif="fixed", cell_encoding=True)
    crystal = as_crystal(prototypes["wurtzite"])
    primitives = [to_standard_primitive(c).crystal for c in (crystal, crystal)]
    result = outputs(model, [bond_graph(p) for p in primitives])
    assert abs(np.diff(result["formation_energy"])) < 1e-12
    assert len(result["site_moments"]) == 2 * len(crystal)
    batch = pack([bond_graph(primitives[0])]).batch(np.array([0]), dtype=torch.float64)
    features = model.atom_features(batch).reshape(8, len(crystal), -1)
    assert (features[1:] - features[0]).abs().max() > 1e-3


def test_dropout_is_for_training_only(prototypes: dict[str, Atoms]) -> None:
    model = ecn(dropout=0.5)
    batch = pack([bond_graph(as_crystal(prototypes["wurtzite"]))]).batch(
        np.array([0]), dtype=torch.float64
    )
    plain = ecn()(batch)["formation_energy"]
    assert torch.equal(model(batch)["formation_energy"], plain)
    assert not torch.equal(model.train()(batch)["formation_energy"], plain)
    with pytest.raises(OptionError, match="dropout"):
        ECNConfig(("a",), dropout=1.0)


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
