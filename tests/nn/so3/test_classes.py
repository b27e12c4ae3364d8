"""Radial functions of their own for classes of bonds."""

import numpy as np
import pytest
import torch
from ase.build import bulk, make_supercell

from ase_ecn.crystal import as_crystal
from ase_ecn.errors import OptionError
from ase_ecn.nn.registry import build
from ase_ecn.nn.so3 import library
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN

KINDS = ["colours", "crystal_class", "site_symmetry", "wyckoff"]
kinds = pytest.mark.parametrize("kind", KINDS)


def network(kind, *, different=True):
    torch.manual_seed(0)
    made = SO3ECN(SO3ECNConfig(widths=(16, 16, 16), layers=2, cutoff=4.2, classes=kind)).double()
    if different and kind != "none":
        for layer in made.interactions:
            torch.nn.init.normal_(layer.differences)
    return made.eval()


def crystals():
    atoms = [
        bulk("NaCl", "rocksalt", a=5.6),
        bulk("Cu", a=3.6),
        bulk("Ti", "hcp", a=2.95, c=4.7),
        bulk("CsCl", "cesiumchloride", a=4.1),
    ]
    atoms[2].set_cell(atoms[2].cell.array @ (np.eye(3) + 0.03), scale_atoms=True)
    return atoms


def energies(made, *atoms):
    return made.predict(made.graphs([as_crystal(a) for a in atoms]))["formation_energy"]


@kinds
def test_nothing_depends_on_the_description(kind):
    made = network(kind)
    expected = energies(made, *crystals())
    changed = []
    for k, atoms in enumerate(crystals()):
        shape = [[1, 1, 0], [-1, 1, 0], [0, 0, 2]] if k % 2 else [[1, 2, 0], [0, 1, -1], [0, 0, 1]]
        other = make_supercell(atoms, shape)
        other = other[np.random.default_rng(k).permutation(len(other))]
        other.positions += [0.3, -7.1, 2.2]
        other.rotate(33, (1, 2, 3), rotate_cell=True)
        changed.append(other)
    torch.testing.assert_close(energies(made, *changed), expected, atol=1e-9, rtol=0)


@kinds
def test_classes_without_labels_have_the_shared_functions(kind):
    shared, new = network("none"), network(kind, different=False)
    new.load_state_dict(shared.state_dict(), strict=False)
    expected = energies(shared, *crystals())
    torch.testing.assert_close(energies(new, *crystals()), expected, atol=1e-12, rtol=0)
    other = network(kind)
    other.load_state_dict(shared.state_dict(), strict=False)
    assert (energies(other, *crystals()) - expected).abs().min() > 1e-4


@pytest.mark.skipif(not library.is_compiled(), reason="no compiler made the C functions")
@kinds
def test_c_agrees_with_the_reference(kind, monkeypatch):
    made = network(kind)
    graph = made.graphs([as_crystal(a) for a in crystals()]).batch
    weights = list(made.parameters())
    moves = torch.randn(len(graph.numbers), 3, dtype=torch.float64)
    direction = moves[graph.neighbor.long()] - moves[graph.atom_of_bond]

    def results():
        total = made.energies(graph)
        by_weights = torch.autograd.grad(total.sum(), weights, allow_unused=True)
        moving = made.energies_moving(graph, direction)
        again = torch.autograd.grad(sum(moving).sum(), weights, allow_unused=True)
        return [total, *by_weights, *moving, *again]

    in_c = results()
    for module in ("bonds", "convolution", "activation"):
        monkeypatch.setattr(f"ase_ecn.nn.so3.{module}.in_c", lambda tensor: False)
    for mine, theirs in zip(in_c, results(), strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)


@kinds
def test_a_fit_changes_the_classes_that_it_has_seen(kind):
    made = network(kind, different=False).train()
    graph = made.graphs([as_crystal(a) for a in crystals()]).batch
    # What the same network gives where its classes differ.
    targets = network(kind).energies(graph).detach()
    tables = [layer.differences for layer in made.interactions]
    optimizer = torch.optim.Adam(tables, lr=0.1)  # nothing but what the classes have

    def error():
        return (made.energies(graph) - targets).square().mean()

    before = float(error().detach())
    for _ in range(60):
        optimizer.zero_grad()
        loss = error()
        loss.backward()
        optimizer.step()
    assert float(error().detach()) < 0.1 * before
    seen = set(graph.classes.tolist())
    for table in tables:
        changed = {k + 1 for k, part in enumerate(table.detach()) if part.abs().max() > 0}
        assert changed == seen
    if kind == "crystal_class":
        assert len(seen) < len(tables[0])


@kinds
def test_forces_are_refused_in_words(kind):
    made = network(kind)
    assert not made.gives_forces
    graphs = made.graphs([as_crystal(a) for a in crystals()])
    assert set(made.predict(graphs)) == {"formation_energy"}
    with pytest.raises(OptionError, match="forces need the classes 'none'"):
        made.derivatives(graphs.batch)


def test_graphs_without_classes_are_refused():
    graphs = network("none").graphs([as_crystal(a) for a in crystals()])
    with pytest.raises(OptionError, match="have no colours"):
        network("colours").energies(graphs.batch)


def test_the_architecture_says_which_classes():
    config = SO3ECNConfig(classes="colours")
    assert build("so3", config.to_dict()).config == config
    old = SO3ECNConfig().to_dict()
    del old["classes"]
    assert build("so3", old).config.classes == "none"
    with pytest.raises(OptionError, match="colours, crystal_class, site_symmetry, wyckoff"):
        SO3ECNConfig(classes="wyckoffs")
