"""``predict`` of many crystals, from atoms to properties, and CHGNet's energies."""

from __future__ import annotations

from functools import partial

import torch
from ase import Atoms
from chgnet.model import CHGNet
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn import predict
from benchmarks.common import Options, Row, mp20_atoms, take_turns

BATCH_SIZES = (4, 8, 16, 32)


def measure(options: Options) -> list[Row]:
    """All properties, with forces and without, and what a second thread gives."""
    atoms = mp20_atoms(options, 128 if options.brief else 2000)
    return [*_against_peer(options, atoms), *_threads(options, atoms)]


def _against_peer(options: Options, atoms: list[Atoms]) -> list[Row]:
    """The peer with its best batch size; the checkpoint is loaded in the warm-up too."""
    few = 32 if options.brief else 64
    some = atoms[:: len(atoms) // few][:few]
    model = CHGNet.load(use_device="cpu", verbose=False)
    structures = [AseAtomsAdaptor.get_structure(a) for a in some]
    peers = [
        partial(model.predict_structure, structures, task="e", batch_size=size)
        for size in BATCH_SIZES
    ]
    whole, without, *theirs = take_turns(
        partial(predict, atoms, device="cpu"),
        partial(predict, atoms, device="cpu", forces=False),
        *peers,
        options=options,
    )
    best = min(theirs)
    details = {
        "crystals": len(atoms),
        "atoms of a crystal": sum(map(len, atoms)) / len(atoms),
        "crystals of the peer": len(some),
        "best batch size of the peer": BATCH_SIZES[theirs.index(best)],
    }
    work, peer = f"predict of {len(atoms)} crystals", best / len(some)
    return [
        Row(f"{work}, per crystal", whole / len(atoms), peer, "s", 12, 25, details),
        Row(f"{work} without forces, per crystal", without / len(atoms), peer, "s", 12, 25),
    ]


def _threads(options: Options, atoms: list[Atoms]) -> list[Row]:
    """Two threads against one; processor time says nothing of that, nor a machine with others."""
    if options.busy:
        return []
    before = torch.get_num_threads()

    def call(threads: int) -> None:
        torch.set_num_threads(threads)
        predict(atoms, device="cpu")

    try:
        two, one = take_turns(partial(call, 2), partial(call, 1), options=options)
    finally:
        torch.set_num_threads(before)
    return [Row("two threads against one, predict", two, one, "s", 1.8, 1.95)]
