"""A pass on a device that is not the processor: no transfer, nothing to wait for, one graph.

The device ``meta`` stands in for a GPU. It keeps shapes and types alone, so whatever depends on
values (``item()``, ``nonzero``, masks) is an error there.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch
from ase.build import bulk
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ase_ecn.crystal import as_crystal
from ase_ecn.graphs.spheres import sphere_batch
from ase_ecn.nn.so3 import reference
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.bonds import Bonds, Splines, describe
from ase_ecn.nn.so3.layout import Layout
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_ensemble import SO3Ensemble

SPLINES = Splines(0.6, 4.5, 12)
LAYOUT = Layout("middle", 2, (32, 16, 16))


def ensemble() -> SO3Ensemble:
    config = SO3ECNConfig(
        widths=(32, 16, 16),
        layers=3,
        cutoff=4.5,
        repulsion=0.6,
        crystal_targets=("band_gap", "metal"),
        site_targets=("site_moments",),
    )
    members = [SO3ECN(config), SO3ECN(replace(config, site_targets=(), crystal_targets=()))]
    return SO3Ensemble(members, uncertainties=("band_gap",)).eval()


class Alone(TorchDispatchMode):
    """Refuses operations that bring tensors of the processor and of the device together."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        tensors = [t for t in tree_leaves((args, kwargs, out)) if isinstance(t, torch.Tensor)]
        devices = {t.device.type for t in tensors if t.dim() or t.device.type != "cpu"}
        assert len(devices) < 2, f"{func} waits for a transfer"
        return out


@pytest.mark.parametrize("forces", [True, False])
def test_a_pass_waits_for_nothing(forces: bool) -> None:
    network = ensemble()
    crystals = [as_crystal(bulk("NaCl", "rocksalt", a=5.5)), as_crystal(bulk("Si"))]
    graphs = network.graphs(crystals)
    expected = network.predict(graphs) if forces else network.predict_without_forces(graphs)
    network.to("meta")
    there = network.ready(graphs)
    run = network.predict if forces else network.predict_without_forces
    run(there)  # constants are sent there once
    with Alone():
        found = run(there)
    assert {k: (v.shape, v.dtype) for k, v in found.items()} == {
        k: (v.shape, v.dtype) for k, v in expected.items()
    }
    assert all(value.is_meta for value in found.values())


@pytest.mark.parametrize("share", [0.9, 0.6])
def test_all_bonds_give_the_repulsion_of_the_short_ones(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a device all bonds are looked at; those that are not short add nothing at all."""
    from ase_ecn.nn.so3 import repulsion

    graph = sphere_batch([as_crystal(bulk("Cu", a=2.6))], 4.5, dtype=torch.float64)
    few = repulsion.repulsion(graph, share)
    monkeypatch.setattr(
        repulsion, "_short_bonds", lambda graph, squared, share: torch.arange(len(squared))
    )
    many = repulsion.repulsion(graph, share)
    assert many is not None
    assert len(many.bonds) == len(graph.vector)
    pulls = torch.zeros_like(graph.vector)
    if few is None:
        few = repulsion.Repulsion(many.bonds[:0], many.energies[:0], many.pulls[:0])
    assert len(few.bonds) < len(many.bonds)
    torch.testing.assert_close(
        many.pulls, pulls.index_copy(0, few.bonds, few.pulls), rtol=0, atol=0
    )
    assert many.energies.sum().item() == pytest.approx(few.energies.sum().item(), rel=1e-12)


def problem(layout: Layout) -> tuple[Bonds, torch.Tensor, list[torch.Tensor]]:
    graph = sphere_batch([as_crystal(bulk("NaCl", "rocksalt", a=5.5))], SPLINES.cutoff)
    bonds = describe(graph.vector, graph.row, graph.neighbor, SPLINES, layout.degree)
    table = torch.randn(SPLINES.rows, layout.width)
    x = [torch.randn(2, 2 * degree + 1, m) for degree, m in layout.multiplicities.items()]
    return bonds, table, x


def layer(
    layout: Layout,
    row: torch.Tensor,
    bonds: tuple[torch.Tensor, ...],
    table: torch.Tensor,
    x: list[torch.Tensor],
) -> list[torch.Tensor]:
    neighbor, y, bins, h, slope, vector = bonds
    described = Bonds(row, neighbor, SPLINES, 2, y, bins, bins, h, slope, vector)
    return reference.convolve(layout, described, y, h, table, x)


@pytest.mark.parametrize(
    ("backend", "kind"),
    [
        ("eager", "last"),
        pytest.param("aot_eager", "middle", marks=pytest.mark.slow),
        pytest.param(
            "inductor",
            "middle",
            marks=[
                pytest.mark.slow,
                pytest.mark.skipif(not shutil.which("g++"), reason="there is no C++ compiler"),
            ],
        ),
    ],
)
def test_the_convolution_compiles_as_one_graph(backend: str, kind: str) -> None:
    layout = Layout(kind, LAYOUT.degree, LAYOUT.widths)
    bonds, table, x = problem(layout)
    parts = (bonds.neighbor, bonds.y, bonds.bin, bonds.h, bonds.h_slope, bonds.vector)
    inputs = [table.requires_grad_(), *(part.requires_grad_() for part in x)]
    compiled = torch.compile(layer, fullgraph=True, backend=backend)

    def results(function) -> list[torch.Tensor]:
        sums = function(layout, bonds.row, parts, inputs[0], inputs[1:])
        return [*sums, *torch.autograd.grad(sum((s * s).sum() for s in sums), inputs)]

    expected = results(layer)  # this also makes the constants
    for mine, theirs in zip(results(compiled), expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-3)


def test_no_array_of_all_couplings_is_made() -> None:
    """The largest array of a pass has bonds times channels of one coupling, or of the table."""
    bonds, table, x = problem(LAYOUT)
    largest = 0

    class Sizes(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal largest
            out = func(*args, **(kwargs or {}))
            sizes = [t.numel() for t in tree_leaves(out) if isinstance(t, torch.Tensor)]
            largest = max(largest, *sizes, 0)
            return out

    with torch.no_grad(), Sizes():
        reference.convolve(LAYOUT, bonds, bonds.y, bonds.h, table, x)
    components = max(
        max(2 * l1 + 1, 2 * l3 + 1) * LAYOUT.multiplicities[l1] for l1, _, l3 in LAYOUT.paths
    )
    assert largest <= len(bonds.y) * max(components, LAYOUT.width)
