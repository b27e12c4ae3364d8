"""Relaxed cells of noisy crystals, and FIRE on the cell with CHGNet."""

from __future__ import annotations

from functools import partial

import numpy as np
from ase import Atoms
from ase.optimize import FIRE
from chgnet.model.dynamics import CHGNetCalculator

from ase_ecn import LatticeRelaxer, relax
from ase_ecn.training.fits.noise import VALIDATION_SIGMA, gaussian_noise
from ase_ecn.training.fits.scores import denoising_scores
from benchmarks.common import Options, Row, mp20_atoms, take_turns
from benchmarks.lattices import CRITERIA, STEPS

_SHOWN = ("lengths_improvement", "lengths_noise", "angles_improvement", "angles_noise")


def measure(options: Options) -> list[Row]:
    """All crystals here; the first few, one after the other, for the peer.

    The peer goes on until the criterion of its own relaxation; ``benchmarks.lattices`` has more
    crystals, and a stricter one.
    """
    atoms = mp20_atoms(options, 100 if options.brief else 200)
    order = np.random.default_rng(0).permutation(len(atoms))
    atoms = [atoms[k] for k in order]
    true = np.stack([a.cell[:] for a in atoms])
    cells = gaussian_noise(true, VALIDATION_SIGMA, np.random.default_rng(1))
    noisy = [_with_cell(a, cell) for a, cell in zip(atoms, cells, strict=True)]
    (many,) = take_turns(partial(relax, noisy, device="cpu"), options=options)
    relaxed = np.stack([r.atoms.cell[:] for r in relax(noisy, device="cpu")])

    some = noisy[: 4 if options.brief else 20]
    peer = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
    singles, theirs, peer_cells = [], [], []
    for crystal in some:
        singles += take_turns(partial(_relax_one, crystal), options=options, repeats=3)
        copy = crystal.copy()
        copy.calc = peer
        start = options.clock()
        filtered, fmax = CRITERIA["usual"](copy)
        FIRE(filtered, logfile=None).run(fmax=fmax, steps=STEPS)
        theirs.append(options.clock() - start)
        peer_cells.append(copy.cell[:])
    few = slice(0, len(some))
    scores = {
        "here": denoising_scores(cells[few], relaxed[few], true[few]),
        "peer": denoising_scores(cells[few], np.stack(peer_cells), true[few]),
    }
    details = {
        "crystals": len(noisy),
        "crystals of the peer": len(some),
        **{f"{name} of both": {k: v[name] for k, v in scores.items()} for name in _SHOWN},
    }
    each = many / len(noisy)
    work = f"relax of {len(noisy)} noisy crystals, per crystal"
    return [
        Row(work, each, float(np.mean(theirs)), "s", 300, 1000, details),
        Row(
            "LatticeRelaxer on one crystal",
            float(np.mean(singles)),
            float(np.mean(theirs)),
            "s",
            50,
            150,
            details,
        ),
    ]


def _with_cell(atoms: Atoms, cell: np.ndarray) -> Atoms:
    copy = atoms.copy()
    copy.set_cell(cell, scale_atoms=True)
    return copy


def _relax_one(crystal: Atoms) -> None:
    LatticeRelaxer(crystal.copy(), device="cpu", logfile=None).run()
