"""The SO(3)-equivariant network: crystals in batches, steps of a fit, a large cell, threads.

The weights are random ones: they make no difference to the time.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from ase import Atoms
from ase.build import bulk

from ase_ecn import predict
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.nn.so3.so3_ecn import SO3ECN, SO3ECNConfig, forces_and_stress
from benchmarks.common import Options, Row, mp20_atoms, take_turns

SMALL, WIDE = (64, 32, 16), (128, 64, 32)
_SIDE = 4  # conventional cells of MgO: 512 atoms; CHGNet needs over 20 GB for 1,000


def measure(options: Options) -> list[Row]:
    """Rows on one thread, then two threads against one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [*_batches(options), *_steps(options), *_large(options), *_threads(options)]
    finally:
        torch.set_num_threads(before)


def _network(widths: tuple[int, ...]) -> SO3ECN:
    torch.manual_seed(0)
    return SO3ECN(SO3ECNConfig(widths=widths)).eval()


def _crystals(options: Options, count: int) -> list[Atoms]:
    """Of about eight atoms each."""
    found = [a for a in mp20_atoms(options, 8 * count) if 6 <= len(a) <= 10]
    return found[:count]


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


def _magnesia() -> Atoms:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True) * (_SIDE, _SIDE, _SIDE)
    atoms.rattle(0.02, seed=0)
    return atoms


def _large(options: Options) -> list[Row]:
    atoms = _magnesia()
    peer = _chgnet(atoms)
    crystal = as_crystal(atoms)
    rows = []
    for widths in (SMALL, WIDE):
        network = _network(widths)

        def ours(network: SO3ECN = network) -> None:
            network.predict(network.graphs([crystal]))

        taken = take_turns(ours, peer, options=options, repeats=1 if options.brief else 3)
        name = "/".join(map(str, widths))
        work = f"energy, forces, stress of {len(atoms)} atoms of MgO, {name}; CHGNet's"
        rows.append(Row(work, *taken, must=120, aim=300))
    return rows


def _chgnet(atoms: Atoms) -> Callable[[], None]:
    from chgnet.model.dynamics import CHGNetCalculator

    calculator = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
    return lambda: calculator.calculate(atoms.copy(), ["energy"], task="efs")


def _threads(options: Options) -> list[Row]:
    network, crystal = _network(WIDE), as_crystal(_magnesia())
    many = [as_crystal(a) for a in _crystals(options, 128)]

    def large(threads: int) -> Callable[[], None]:
        def call() -> None:
            torch.set_num_threads(threads)
            network.predict(network.graphs([crystal]))

        return call

    def batch(threads: int) -> Callable[[], None]:
        def call() -> None:
            torch.set_num_threads(threads)
            network.predict(network.graphs(many))

        return call

    rows = []
    for work, call, must, aim in (
        ("two threads against one, 512 atoms", large, 1.7, 1.9),
        ("two threads against one, a batch of 128 small crystals", batch, 1.9, 1.95),
    ):
        two, one = take_turns(call(2), call(1), options=options)
        rows.append(Row(work, two, one, must=must, aim=aim))
    return rows
