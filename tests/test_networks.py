from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers
from scipy.special import eval_legendre

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.graphs.batch import BondGraph, bond_graph, bond_graphs, pack
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.graphs.supercell import supercell
from ase_ecn.nn.angular import AngularDensity, spherical_harmonics
from ase_ecn.nn.atoms import group_and_period, hubbard_flag
from ase_ecn.nn.ecn import ECN, ECNConfig
from ase_ecn.nn.ecn_en import EquivariantECN
from ase_ecn.nn.empnn import EMPNN, bound_norm
from ase_ecn.nn.ensemble import ECNEnsemble
from ase_ecn.nn.fused import FusedECN, can_fuse
from ase_ecn.nn.layers import GaussianBasis, scatter_mean, scatter_sum, smooth_step
from ase_ecn.symmetry.colours import GROUPS, MOTIFS, Group, Motif
from ase_ecn.symmetry.primitive import primitive_cell, to_standard_primitive
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


def explicit_supercell(crystal: Crystal) -> Crystal:
    """The 2x2x2 supercell atom by atom, in the order of the network's nodes."""
    cells = np.array(list(itertools.product((0, 1), repeat=3)))
    scaled = (crystal.scaled_positions[None] + cells[:, None]).reshape(-1, 3) / 2
    return Crystal(np.tile(crystal.numbers, 8), 2 * crystal.cell, scaled)


def test_supercell_batch_is_the_graph_of_the_supercell(prototypes: dict[str, Atoms]) -> None:
    """Folded bonds are those that the Voronoi tessellation of 8 N real atoms has."""
    for name in ("rocksalt", "perovskite", "hcp"):
        crystal = as_crystal(prototypes[name]).primitive.crystal
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
        cells = [as_crystal(a).primitive.crystal for a in (atoms, other.atoms)]
        result = outputs(small_ecn, [bond_graph(c) for c in cells])
        for target in ("formation_energy", "metal"):
            np.testing.assert_allclose(
                result[target][0], result[target][1], atol=1e-8, err_msg=name
            )


def test_displacements_turn_with_the_crystal(prototypes: dict[str, Atoms]) -> None:
    """E(n) equivariance of the moved coordinates (eq. 27), and invariant predictions."""
    torch.manual_seed(0)
    config = ECNConfig(("formation_energy",), messages="coloured", width=16, layers=3)
    model = EquivariantECN(config).double().eval().requires_grad_(False)
    rng = np.random.default_rng(5)
    atoms = prototypes["triclinic"].copy()
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(len(atoms))
    turned = Atoms(
        atoms.numbers[order],
        cell=atoms.cell[:] @ rotation,
        positions=atoms.positions[order] @ rotation + [0.3, 5.0, -2.0],
        pbc=True,
    )
    batches = [
        pack([bond_graph(as_crystal(a))]).batch(np.array([0]), dtype=torch.float64)
        for a in (atoms, turned)
    ]
    one, two = (model.displacements(b).numpy() for b in batches)
    assert np.abs(one).max() > 1e-3
    np.testing.assert_allclose(one[order] @ rotation, two, atol=1e-10)
    energies = [model(b)["formation_energy"].item() for b in batches]
    assert abs(energies[0] - energies[1]) < 1e-10


def test_sites_of_high_symmetry_do_not_move(prototypes: dict[str, Atoms]) -> None:
    torch.manual_seed(0)
    config = ECNConfig(("formation_energy",), messages="coloured", group="P-1", width=8, layers=2)
    model = EquivariantECN(config).double().requires_grad_(False)
    for name in ("rocksalt", "fluorite"):
        crystal = as_crystal(prototypes[name]).primitive.crystal
        batch = pack([bond_graph(crystal)], "P-1").batch(np.array([0]), dtype=torch.float64)
        assert model.displacements(batch).abs().max() < 1e-12, name


def test_equivariant_ecn_needs_coloured_messages() -> None:
    with pytest.raises(OptionError, match="coloured"):
        EquivariantECN(ECNConfig(("formation_energy",)))


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


def test_standard_primitive_cell_is_the_crystal(prototypes: dict[str, Atoms]) -> None:
    """Same volume per atom, same bond lengths, and every atom of a supercell has its site."""
    rng = np.random.default_rng(4)
    for name, atoms in prototypes.items():
        crystal = as_crystal(random_equivalent(atoms, rng, max_atoms=40).atoms)
        standard, free = to_standard_primitive(crystal), crystal.primitive
        assert len(standard.crystal) == len(free.crystal), name
        sites = standard.crystal.numbers[standard.site_of_atom]
        np.testing.assert_array_equal(sites, crystal.numbers, err_msg=name)
        lengths = [
            np.sort(np.linalg.norm(bond_graph(p.crystal).vector, axis=1)) for p in (standard, free)
        ]
        np.testing.assert_allclose(*lengths, atol=5e-3, err_msg=name)


def test_group_and_period_follow_the_periodic_table() -> None:
    table = {"H": (1, 1), "He": (18, 1), "B": (13, 2), "Cl": (17, 3), "Sc": (3, 4), "Zn": (12, 4)}
    table |= {
        "La": (19, 6),
        "Ac": (19, 7),
        "Yb": (32, 6),
        "Lu": (3, 6),
        "Hf": (4, 6),
        "Pb": (14, 6),
    }
    for symbol, expected in table.items():
        assert group_and_period(atomic_numbers[symbol]) == expected, symbol


def test_hubbard_flag_follows_the_rule() -> None:
    crystals = [
        bulk("MnO", "rocksalt", a=4.4),
        bulk("MgO", "rocksalt", a=4.2),
        bulk("MnS", "rocksalt", a=5.2),
    ]
    graphs = [bond_graph(as_crystal(atoms)) for atoms in crystals]
    flags = hubbard_flag(pack(graphs).batch(np.arange(3)))
    assert flags.tolist() == [True, False, False]
    model = ecn(hubbard=True, features="group_period")
    plain = ecn(features="group_period")
    plain.load_state_dict({k: v for k, v in model.state_dict().items() if k != "embedding.hubbard"})
    with_flag, without = (outputs(m, graphs)["formation_energy"] for m in (model, plain))
    assert abs(with_flag[0] - without[0]) > 1e-6
    np.testing.assert_allclose(with_flag[1:], without[1:], atol=1e-12)


def test_unseen_elements_are_told_by_their_properties() -> None:
    """Two elements with equal weights of their own differ by what is tabulated."""
    graphs = [bond_graph(as_crystal(bulk(name, "fcc", a=4.0))) for name in ("Cu", "Ag", "Pd")]
    model = ecn(features="properties")
    model.embedding.number.weight.zero_()
    model.embedding.table[47] = model.embedding.table[29] = 1.0
    copper, silver, palladium = outputs(model, graphs)["formation_energy"]
    assert abs(copper - silver) > 1e-6  # another period
    assert abs(silver - palladium) > 1e-6
    model.embedding.periods[47] = model.embedding.periods[29]
    assert outputs(model, graphs)["formation_energy"][1] == pytest.approx(copper, abs=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_harmonics_multiply_to_legendre_polynomials(degree: int) -> None:
    unit = torch.nn.functional.normalize(torch.randn(7, 3, dtype=torch.float64), dim=1)
    y = spherical_harmonics(unit, degree)[degree - 1]
    expected = eval_legendre(degree, (unit @ unit.T).numpy())
    np.testing.assert_allclose((y @ y.T).numpy(), expected, atol=1e-12)


def test_angular_features_are_the_sum_over_pairs_of_bonds(prototypes: dict[str, Atoms]) -> None:
    """Against the plain quadratic sum over pairs of bonds of an atom."""
    torch.manual_seed(1)
    layer = AngularDensity(6, 5, channels=3, degree=2).double()
    batch = pack([bond_graph(as_crystal(prototypes["triclinic"]))]).batch(
        np.array([0]), dtype=torch.float64
    )
    h = torch.randn(len(batch.numbers), 6, dtype=torch.float64)
    edges = torch.randn(len(batch.source), 5, dtype=torch.float64)
    weight = torch.rand(len(batch.source), dtype=torch.float64)
    unit = batch.vector / batch.distance[:, None]
    with torch.no_grad():
        found, _ = layer(h, edges, spherical_harmonics(unit, 2), batch.source, batch.target, weight)
        v = layer.value(h)[batch.target] * layer.radial(edges) * weight[:, None]
    same = (batch.source[:, None] == batch.source[None]).double().numpy()
    cosine = (unit @ unit.T).numpy()
    plain = np.hstack([(eval_legendre(d, cosine) * same) @ v.numpy() for d in (1, 2)])
    np.testing.assert_allclose(found.numpy(), plain / np.sqrt(1 + plain**2), atol=1e-12)


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


@pytest.mark.parametrize("group", ["S_lattice", "P-1"])
def test_members_computed_together_give_their_mean(
    prototypes: dict[str, Atoms], group: Group
) -> None:
    names = ("formation_energy", "band_gap")
    plain = ECNConfig(names, ("site_moments",), width=24, layers=3, group=group)
    configs = [
        replace(plain, uncertainties=names, features="properties"),
        replace(plain, uncertainties=names[1:], angular_degree=3, angular_channels=5),
        replace(plain, crystal_targets=names[1:], features="group_period"),
    ]
    members = [perturbed(config, seed) for seed, config in enumerate(configs)]
    siteless = perturbed(replace(plain, site_targets=()), 3)
    even = ECNEnsemble(members)
    weighted = ECNEnsemble(members, {names[0]: (0.3, 0.7, 0.0), "site_moments": (0.2, 0.5, 0.3)})
    apart = ECNEnsemble(members, weighted.config.weights, {"band_gap": (0.4, 2.0)})
    for name in ("rocksalt", "hcp"):
        graph = bond_graph(as_crystal(prototypes[name]).primitive.crystal)
        for packed in (pack([graph], group), pack([graph, graph], group)):
            batch = packed.batch(np.arange(len(packed)), dtype=torch.float64)
            for model in (even, weighted, apart, siteless, *members):
                assert can_fuse(model)
                together = FusedECN(model)
                assert together.fits(batch)
                with torch.inference_mode():
                    found, expected = together(batch), model(batch)
                assert found.keys() == expected.keys()
                for key in expected:
                    torch.testing.assert_close(found[key], expected[key], rtol=0, atol=1e-12)


def test_other_networks_are_not_computed_together() -> None:
    config = ECNConfig(("formation_energy",), width=8, layers=2)
    for change in (
        {"messages": "coloured"},
        {"hubbard": True},
        {"readout": "contributions"},
        {"cell_encoding": True, "motif": "fixed"},
    ):
        assert not can_fuse(ECN(replace(config, **change)))
    assert not can_fuse(ECNEnsemble([ECN(config), ECN(replace(config, layers=3))]))


def perturbed(config: ECNConfig, seed: int) -> ECN:
    """A network none of whose parts is zero, in double precision."""
    torch.manual_seed(seed)
    member = ECN(config).double().eval()
    for parameter in member.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    member.shift += torch.randn_like(member.shift)
    member.scale += torch.rand_like(member.scale)
    return member


def test_members_that_disagree_are_less_certain(prototypes: dict[str, Atoms]) -> None:
    members = []
    for seed in range(3):
        torch.manual_seed(seed)
        config = ECNConfig(("band_gap",), uncertainties=() if seed else ("band_gap",), width=8)
        members.append(ECN(config).double().eval())
    crystals = [as_crystal(prototypes[n]).primitive.crystal for n in ("hcp", "perovskite")]
    batch = pack(bond_graphs(crystals, "voronoi")).batch(np.arange(2), dtype=torch.float64)
    weights = (0.0, 0.25, 0.75)
    with torch.inference_mode():
        values = torch.stack([member(batch)["band_gap"] for member in members])
        stated = members[0](batch)["band_gap_std"]
        found = ECNEnsemble(members, {"band_gap": weights}, {"band_gap": (0.4, 2.0)})(batch)
    # Of two values a and b with weights 1/4 and 3/4 the standard deviation is sqrt(3)/4 |a - b|.
    deviation = 3**0.5 / 4 * (values[2] - values[1]).abs()
    expected = ((0.4 * stated) ** 2 + (2 * deviation) ** 2).sqrt()
    torch.testing.assert_close(found["band_gap_std"], expected)
    torch.testing.assert_close(found["band_gap"], 0.25 * values[1] + 0.75 * values[2])
    for spreads, message in [
        ({"metal": (1.0, 1.0)}, "no member states"),
        ({"band_gap": (1.0,)}, "two numbers"),
        ({"band_gap": (0.0, 0.0)}, "not both 0"),
        ({"band_gap": (1.0, -1.0)}, "two numbers"),
        ({"band_gap": (float("nan"), 1.0)}, "two numbers"),
        ({"band_gap": (float("inf"), 1.0)}, "two numbers"),
    ]:
        with pytest.raises(OptionError, match=message):
            ECNEnsemble(members, None, spreads)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_and_means_are_those_of_torch_scatter(dtype: torch.dtype) -> None:
    torch_scatter = pytest.importorskip("torch_scatter", reason="torch-scatter is not installed")
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(500, 7, 3, generator=generator, dtype=dtype)
    index = torch.randint(0, 40, (500,), generator=generator)
    counts = torch.bincount(index, minlength=41)
    total = torch_scatter.scatter_sum(values, index, dim=0, dim_size=41)
    torch.testing.assert_close(scatter_sum(values, index, 41), total)
    mean = torch_scatter.scatter_mean(values, index, dim=0, dim_size=41)
    torch.testing.assert_close(scatter_mean(values, index, counts), mean)
