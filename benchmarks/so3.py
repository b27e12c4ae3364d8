"""The SO(3)-equivariant network: crystals in batches, steps of a fit, a large cell, threads.

The weights are random ones: they make no difference to the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from ase import Atoms
from ase.build import bulk
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ase_ecn import predict
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.geometry.pairs import neighbor_lists
from ase_ecn.graphs import spheres
from ase_ecn.nn.so3 import activation, bonds, convolution, trunk
from ase_ecn.nn.so3.architecture import SO3ECNConfig
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.nn.so3.so3_network import forces_and_stress
from benchmarks.common import Options, Row, mp20_atoms, take_turns

SMALL, WIDE = (64, 32, 16), (128, 64, 32)
_ATEN = torch.ops.aten
_PRODUCTS = (_ATEN.mm, _ATEN.addmm, _ATEN.matmul, _ATEN.linear)
_ELEMENTWISE = (_ATEN.mul, _ATEN.add, _ATEN.silu)
_DIVIDED_NUMBERS = 32_768  # PyTorch's at::internal::GRAIN_SIZE
CUTOFF = SO3ECNConfig().cutoff
_SIDE = 4  # conventional cells of MgO: 512 atoms; CHGNet needs over 20 GB for 1,000,
_LONGER_SIDE = 5  # which are for threads


def measure(options: Options) -> list[Row]:
    """Rows on one thread, then two threads against one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [
            *_neighbors(options),
            *_batches(options),
            *_steps(options),
            *_large(options),
            *_threads(options),
        ]
    finally:
        torch.set_num_threads(before)


def _network(widths: tuple[int, ...]) -> SO3ECN:
    torch.manual_seed(0)
    return SO3ECN(SO3ECNConfig(widths=widths)).eval()


def _crystals(options: Options, count: int) -> list[Atoms]:
    """Of about eight atoms each."""
    found = [a for a in mp20_atoms(options, 8 * count) if 6 <= len(a) <= 10]
    return found[:count]


def _neighbors(options: Options) -> list[Row]:
    from pymatgen.optimization.neighbors import find_points_in_spheres

    periodic = np.ones(3, dtype=np.int64)
    many = [as_crystal(a) for a in _crystals(options, 64)]
    rows = []
    large = [as_crystal(_magnesia(_LONGER_SIDE))]
    for name, crystals in (("8 atoms, in batches", many), ("1,000 atoms", large)):

        def ours(crystals: list[Crystal] = crystals) -> None:
            spheres.sphere_batch(crystals, CUTOFF)

        def pymatgen(crystals: list[Crystal] = crystals) -> None:
            for c in crystals:
                points = c.positions
                find_points_in_spheres(points, points, CUTOFF, periodic, c.cell, 1e-8)

        found, theirs = take_turns(ours, pymatgen, options=options)
        count = len(crystals)
        work = f"neighbours of a crystal of {name}; pymatgen's search"
        rows.append(Row(work, found / count, theirs / count))
    return rows


def _batches(options: Options) -> list[Row]:
    atoms = _crystals(options, 64 if options.brief else 256)
    crystals = [as_crystal(a) for a in atoms]
    rows = []
    for widths in (SMALL, WIDE):
        network = _network(widths)

        def energies(network: SO3ECN = network) -> None:
            for k in range(0, len(crystals), 64):
                network.predict_without_forces(network.graphs(crystals[k : k + 64]))

        def forces(network: SO3ECN = network) -> None:
            for k in range(0, len(crystals), 64):
                network.predict(network.graphs(crystals[k : k + 64]))

        def ecn() -> None:
            predict(atoms, device="cpu")

        ours, theirs = take_turns(energies, ecn, options=options)
        (both,) = take_turns(forces, options=options)
        count, name = len(atoms), "/".join(map(str, widths))
        work = f"energy of a crystal of 8 atoms, neighbours too, {name}; ecn-mp20's properties"
        rows.append(Row(work, ours / count, theirs / count))
        rows.append(Row(f"energy, forces and stress of it, {name}", both / count, None))
    return rows


def _steps(options: Options) -> list[Row]:
    crystals = [as_crystal(a) for a in _crystals(options, 48)]
    rows = []
    for widths in (SMALL, WIDE):
        name = "/".join(map(str, widths))
        for work, call in _gradients(_network(widths), crystals).items():
            (taken,) = take_turns(call, options=options)
            label = f"gradient of a fit, {work}, per crystal of 8 atoms, {name}"
            rows.append(Row(label, taken / len(crystals), None))
    return rows


def _gradients(network: SO3ECN, crystals: list[Crystal]) -> dict[str, Callable[[], None]]:
    graph = network.graphs(crystals).batch.to("cpu", torch.float32)
    weights = list(network.parameters())
    moves = torch.randn(len(graph.numbers), 3, generator=torch.Generator().manual_seed(0))
    direction = moves[graph.neighbor.long()] - moves[graph.atom_of_bond]

    def energies() -> None:
        torch.autograd.grad(network.energies(graph).sum(), weights, allow_unused=True)

    def forces() -> None:
        forces_and_stress(graph, network.derivatives(graph).pulls)
        total, rate = network.energies_moving(graph, direction)
        torch.autograd.grad((total + rate).sum(), weights, allow_unused=True)

    return {"energies": energies, "forces and stresses": forces}


def _magnesia(side: int) -> Atoms:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True) * (side, side, side)
    atoms.rattle(0.02, seed=0)
    return atoms


def _large(options: Options) -> list[Row]:
    atoms = _magnesia(_SIDE)
    peer = _chgnet(atoms)
    crystal = as_crystal(atoms)
    cells, positions = crystal.cell[None], crystal.positions
    rows = []
    for widths in (SMALL, WIDE):
        network = _network(widths)

        def ours(network: SO3ECN = network) -> None:
            network.predict(network.graphs([crystal]))

        taken = take_turns(ours, peer, options=options, repeats=1 if options.brief else 3)
        name = "/".join(map(str, widths))
        work = f"energy, forces, stress of {len(atoms)} atoms of MgO, {name}; CHGNet's"
        rows.append(Row(work, *taken, must=120, aim=300))
        search = partial(neighbor_lists, cells, positions, np.array([len(atoms)]), CUTOFF)
        found, all_of_it = take_turns(search, ours, options=options)
        rows.append(Row(f"neighbours of them; all of it, {name}", found, all_of_it))
    return rows


def _chgnet(atoms: Atoms) -> Callable[[], None]:
    from chgnet.model.dynamics import CHGNetCalculator

    calculator = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
    return lambda: calculator.calculate(atoms.copy(), ["energy"], task="efs")


def _threads(options: Options) -> list[Row]:
    """Two threads against one; where other work makes wall time useless, what Amdahl's law gives.

    The law takes the share of the time in what threads divide: the C functions, the search for
    neighbours, products of matrices, and other operations on tensors that PyTorch divides.
    """
    network = _network(WIDE)
    many = [as_crystal(a) for a in _crystals(options, 128)]
    large = [as_crystal(_magnesia(_LONGER_SIDE))]
    rows = []
    for name, crystals, must, aim in (
        (f"{len(large[0])} atoms", large, 1.7, 1.9),
        ("a batch of 128 small crystals", many, 1.9, 1.95),
    ):
        for work, run in (
            ("forces", network.predict),
            ("energies", network.predict_without_forces),
        ):

            def call(threads: int, crystals: list[Crystal] = crystals, run: Any = run) -> None:
                torch.set_num_threads(threads)
                run(network.graphs(crystals))

            label = f"two threads against one, {work} of {name}"
            if options.busy:
                one, shared = _divided(partial(call, 1), options)
                rows.append(Row(f"{label}, by Amdahl's law", one - shared / 2, one, "s", must, aim))
            else:
                # A thread that is alone may run at changing speeds, so more often than others.
                sides, repeats = (partial(call, 2), partial(call, 1)), 3 * options.repeats
                two, one = take_turns(*sides, options=options, repeats=repeats)
                rows.append(Row(label, two, one, must=must, aim=aim))
    return rows


def _divided(call: Callable[[], None], options: Options) -> tuple[float, float]:
    """Least processor time of a call on one thread, and the part of it that threads divide."""
    whole, parts = [], []
    call()
    for _ in range(options.repeats):
        start = time.thread_time()
        call()
        whole.append(time.thread_time() - start)
        with _Divided() as divided:
            call()
        parts.append(divided.seconds)
    return min(whole), min(parts)


class _Divided(TorchDispatchMode):
    """Adds up the processor time of the thread in what several threads would divide."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self._patches = [
            patch.object(module, name, self._timed(getattr(module, name)))
            for module, name in (
                (bonds, "run"),
                (convolution, "run"),
                (activation, "run"),
                (trunk, "run_products"),
                (spheres, "neighbor_lists"),
            )
        ]

    def __enter__(self) -> Any:
        for each in self._patches:
            each.start()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for each in self._patches:
            each.stop()

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.thread_time()
            found = function(*args, **kwargs)
            self.seconds += time.thread_time() - start
            return found

        return timed

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        start = time.thread_time()
        found = func(*args, **(kwargs or {}))
        taken = time.thread_time() - start
        packet = func.overloadpacket
        long = isinstance(found, Tensor) and found.numel() > _DIVIDED_NUMBERS
        if packet in _PRODUCTS or (packet in _ELEMENTWISE and long):
            self.seconds += taken
        return found
