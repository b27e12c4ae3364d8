"""``predict`` of many crystals, from atoms to properties, and CHGNet's energies."""

from __future__ import annotations

from functools import partial

from chgnet.model import CHGNet
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn import predict
from benchmarks.common import Options, Row, mp20_atoms, take_turns

BATCH_SIZES = (4, 8, 16, 32)


def measure(options: Options) -> list[Row]:
    """The peer with its best batch size; the checkpoint is loaded in the warm-up too."""
    atoms = mp20_atoms(options, 128 if options.brief else 2000)
    few = 32 if options.brief else 64
    some = atoms[:: len(atoms) // few][:few]
    model = CHGNet.load(use_device="cpu", verbose=False)
    structures = [AseAtomsAdaptor.get_structure(a) for a in some]
    peers = [
        partial(model.predict_structure, structures, task="e", batch_size=size)
        for size in BATCH_SIZES
    ]
    ours, *theirs = take_turns(partial(predict, atoms, device="cpu"), *peers, options=options)
    best = min(theirs)
    details = {
        "crystals": len(atoms),
        "crystals of the peer": len(some),
        "best batch size of the peer": BATCH_SIZES[theirs.index(best)],
    }
    work = f"predict of {len(atoms)} crystals, per crystal"
    return [Row(work, ours / len(atoms), best / len(some), "s", 3, 8, details)]
