"""The C functions do what the reference in PyTorch does, and derivatives are derivatives."""

import pytest
import torch
from ase.build import bulk

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.spheres import sphere_batch
from ase_ecn.nn.so3 import library
from ase_ecn.nn.so3.activation import activate, activate_moving
from ase_ecn.nn.so3.bonds import Splines, describe, located, moving
from ase_ecn.nn.so3.convolution import convolve, convolve_moving
from ase_ecn.nn.so3.layout import Gates, Layout

SPLINES = Splines(0.6, 4.5, 12)
WIDTHS = {2: (32, 16, 16), 3: (16, 16, 32, 16)}
LAYOUTS = [Layout(k, d, WIDTHS[d]) for d in WIDTHS for k in ("first", "middle", "last")]
compiled = pytest.mark.skipif(not library.is_compiled(), reason="no compiler made the C functions")


@pytest.fixture
def in_python(monkeypatch):
    """Switches to the reference."""

    def switch():
        for module in ("bonds", "convolution", "activation"):
            monkeypatch.setattr(f"ase_ecn.nn.so3.{module}.in_c", lambda tensor: False)

    return switch


def crystals():
    found = []
    for k, atoms in enumerate((bulk("NaCl", "rocksalt", a=5.5) * (2, 1, 1), bulk("Si"))):
        atoms.rattle(0.2, seed=k)
        found.append(as_crystal(atoms))
    return [*found, as_crystal(bulk("Cs", a=15.0))]  # the last atom has no neighbours


def problem(layout, dtype):
    """Bonds, a direction in which they move, a table and features."""
    graph = sphere_batch(crystals(), SPLINES.cutoff, dtype=dtype)
    bonds = describe(graph.vector, graph.row, graph.neighbor, SPLINES, layout.degree)
    torch.manual_seed(0)
    moves, strain = torch.randn(len(graph.numbers), 3), torch.randn(3, 3)
    direction = (moves[graph.neighbor.long()] - moves[graph.atom_of_bond]).to(dtype)
    direction = direction + graph.vector @ strain.to(dtype)
    table = torch.randn(SPLINES.rows, layout.width).to(dtype).requires_grad_(True)
    atoms = len(graph.numbers)

    def features(channels):
        return [
            torch.randn(atoms, 2 * degree + 1, m).to(dtype).requires_grad_(True)
            for degree, m in channels.items()
        ]

    x, xd = features(layout.multiplicities), features(layout.multiplicities)
    weights = [features(layout.channels), features(layout.channels)]
    return graph, bonds, direction, table, x, xd, weights


def dot(a, b):
    return sum((p * q).sum() for p, q in zip(a, b, strict=True))


def everything(layout, dtype=torch.float64):
    """All results and derivatives of a layer."""
    graph, bonds, direction, table, x, xd, (g, gd) = problem(layout, dtype)
    sums = convolve(layout, bonds, bonds.y, bonds.h, table, x)
    by_weights = torch.autograd.grad(dot(sums, g), [table, *x], allow_unused=True)
    vector = graph.vector.clone().requires_grad_(True)
    again = convolve(layout, bonds, *located(vector, bonds), table.detach(), x)
    (pulls,) = torch.autograd.grad(dot(again, g), vector)
    # Of each bond and its reverse only the sum of the pulls is defined.
    rate = (pulls * direction).sum()
    a, ad = convolve_moving(layout, bonds, moving(bonds, direction), table, x, xd)
    both = torch.autograd.grad(dot(a, g) + dot(ad, gd), [table, *x, *xd])
    return [*sums, *by_weights, rate, *a, *ad, *both]


@compiled
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 3e-5)])
def test_c_agrees_with_the_reference(layout, dtype, bound, in_python):
    in_c = everything(layout, dtype)
    in_python()
    for mine, theirs in zip(in_c, everything(layout, dtype), strict=True):
        scale = float(theirs.detach().abs().max()) + 1.0
        assert float((mine - theirs).detach().abs().max()) < bound * scale


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_moving_sums_are_derivatives(layout):
    graph, bonds, direction, table, x, xd, _ = problem(layout, torch.float64)
    _, rates = convolve_moving(layout, bonds, moving(bonds, direction), table, x, xd)
    step = 1e-6

    def shifted(h):
        moved = describe(
            graph.vector + h * direction, graph.row, graph.neighbor, SPLINES, layout.degree
        )
        values = [a + h * b for a, b in zip(x, xd, strict=True)]
        return convolve(layout, moved, moved.y, moved.h, table, values)

    for up, down, rate in zip(shifted(step), shifted(-step), rates, strict=True):
        torch.testing.assert_close((up - down) / (2 * step), rate, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS[:3], ids=str)
def test_gradients_by_weights_are_derivatives(layout):
    _, bonds, direction, table, x, xd, (g, gd) = problem(layout, torch.float64)

    def value(table, x, xd):
        a, ad = convolve_moving(layout, bonds, moving(bonds, direction), table, x, xd)
        return dot(a, g) + dot(ad, gd)

    gradients = torch.autograd.grad(value(table, x, xd), [table, *x, *xd])
    inputs = [table, *x, *xd]
    steps = [torch.randn_like(part) * 1e-6 for part in inputs]

    def shifted(sign):
        t, *rest = [a + sign * b for a, b in zip(inputs, steps, strict=True)]
        return value(t, rest[: len(x)], rest[len(x) :])

    expected = (shifted(1) - shifted(-1)) / 2
    torch.testing.assert_close(dot(gradients, steps), expected, rtol=1e-6, atol=1e-12)


def test_activation_and_its_derivatives(in_python):
    torch.manual_seed(1)
    gates = Gates((32, 16, 16))
    sizes = (64, 16, 16)
    shapes = [(7, 2 * degree + 1, m) for degree, m in enumerate(sizes)]

    def draw():
        return [torch.randn(*s, dtype=torch.float64, requires_grad=True) for s in shapes]

    f, fd = draw(), draw()
    gamma = [torch.rand(m, dtype=torch.float64, requires_grad=True) for m in sizes]
    g, gd = ([torch.randn(7, s[1], m).double() for s, m in zip(shapes, gates.out)] for _ in "12")

    def results():
        o = activate(gates, gamma, f)
        first = torch.autograd.grad(dot(o, g), [*gamma, *f])
        o2, od = activate_moving(gates, gamma, f, fd)
        second = torch.autograd.grad(dot(o2, g) + dot(od, gd), [*gamma, *f, *fd])
        return [*o, *first, *o2, *od, *second]

    mine = results()
    in_python()
    for a, b in zip(mine, results(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)
    step = 1e-6
    moved = [
        activate(gates, gamma, [a + h * b for a, b in zip(f, fd, strict=True)])
        for h in (step, -step)
    ]
    _, od = activate_moving(gates, gamma, f, fd)
    for up, down, rate in zip(*moved, od, strict=True):
        torch.testing.assert_close((up - down) / (2 * step), rate, rtol=1e-6, atol=1e-7)


@compiled
def test_any_number_of_threads_gives_the_same_bits():
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            found.append(everything(LAYOUTS[1], torch.float32))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


@compiled
@pytest.mark.parametrize("index", range(len(library.INSTRUCTIONS)), ids=library.INSTRUCTIONS)
def test_every_set_of_instructions_that_is_here(index, monkeypatch, in_python):
    if library.library().so3_instructions(index) != index:
        pytest.skip("this processor does not have them")
    monkeypatch.setattr(library, "instructions", lambda: index)
    found = everything(LAYOUTS[1], torch.float32)
    in_python()
    for mine, theirs in zip(found, everything(LAYOUTS[1], torch.float32), strict=True):
        scale = float(theirs.detach().abs().max()) + 1.0
        assert float((mine - theirs).detach().abs().max()) < 3e-5 * scale


@pytest.mark.parametrize(("limit", "highest"), [("plain", 0), ("avx2", 1), ("nonsense", 2)])
def test_instructions_can_be_limited(limit, highest, monkeypatch):
    monkeypatch.setenv("ASE_ECN_INSTRUCTIONS", limit)
    assert library.instructions.__wrapped__() <= highest


@compiled
def test_c_functions_have_the_threads_that_pytorch_gives_up():
    def in_use():
        return torch.get_num_threads(), library.thread_count()

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with library.threads_for_c():
            assert in_use() == (1, 3)
            with library.threads_for_c():
                assert in_use() == (1, 3)
            assert in_use() == (1, 3)
        assert in_use() == (3, 3)
    finally:
        torch.set_num_threads(before)
