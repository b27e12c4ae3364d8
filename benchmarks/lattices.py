"""How good lattices become: crystals of MP-20 with noise, relaxed here and by CHGNet.

    python -m benchmarks.lattices --data FOLDER --crystals 200 --out lattices.jsonl

CHGNet moves the cell with FIRE, fractional positions fixed, as the relaxer here does, to the
criterion of its own ``StructOptimizer`` (``--peer usual``) or much further (``--peer strict``). Its
cells are kept in ``--out``, a line per crystal, so an interrupted run goes on, and another
checkpoint of ours needs no second run of the peer.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.constraints import FixAtoms
from ase.filters import FrechetCellFilter, StrainFilter
from ase.optimize import FIRE
from chgnet.model.dynamics import CHGNetCalculator

from ase_ecn import relax
from ase_ecn.checkpoint import DEFAULT_EMPNN
from ase_ecn.training.data.relaxed_lattices import load_crystals, spread
from ase_ecn.training.fits.noise import VALIDATION_SIGMA, gaussian_noise
from ase_ecn.training.fits.scores import denoising_scores

NOISE_SEED = 2022
STEPS = 200


def _usual(atoms: Atoms) -> tuple[FrechetCellFilter, float]:
    """As CHGNet's own relaxation: 0.1 eV/Å."""
    # Atoms that are fixed for a filter keep their fractional coordinates.
    atoms.set_constraint(FixAtoms(range(len(atoms))))
    return FrechetCellFilter(atoms), 0.1


def _strict(atoms: Atoms) -> tuple[StrainFilter, float]:
    """0.05 eV per unit of strain of the whole cell: about 0.05 GPa."""
    return StrainFilter(atoms), 0.05


CRITERIA = {"usual": _usual, "strict": _strict}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lattices", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("ASE_ECN_DATA"))
    parser.add_argument("--crystals", type=int, default=200)
    parser.add_argument("--checkpoint", default=DEFAULT_EMPNN)
    parser.add_argument("--peer", choices=CRITERIA, default="usual")
    parser.add_argument("--out", type=Path, required=True, help="where the peer's cells are kept")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("where the data lie: --data or ASE_ECN_DATA")
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    crystals = spread(load_crystals(Path(arguments.data), "mp_20", "test"), arguments.crystals)
    true = np.stack([crystal.cell for crystal in crystals])
    noisy = gaussian_noise(true, VALIDATION_SIGMA, np.random.default_rng(NOISE_SEED))
    starts = [
        Atoms(c.numbers, cell=cell, scaled_positions=c.scaled_positions, pbc=True)
        for c, cell in zip(crystals, noisy, strict=True)
    ]
    begin = time.process_time()
    ours = relax(starts, checkpoint=arguments.checkpoint, device="cpu")
    seconds = (time.process_time() - begin) / len(starts)
    results = {
        arguments.checkpoint: (np.stack([r.atoms.cell[:] for r in ours]), seconds, None),
    }
    peer = _peer(starts, arguments.peer, arguments.out)
    results[f"CHGNet, FIRE on the cell, {arguments.peer} criterion"] = (
        np.array([row["cell"] for row in peer]),
        float(np.mean([row["seconds"] for row in peer])),
        float(np.mean([row["steps"] for row in peer])),
    )
    print(
        f"{len(starts)} crystals of the test split, sigma {VALIDATION_SIGMA}, seed {NOISE_SEED}, "
        "processor time, one thread\n"
        "| | lengths (Å) | angles (°) | share of the noise | steps | seconds each |\n"
        "|---|---|---|---|---|---|"
    )
    for name, (cells, each, steps) in results.items():
        s = denoising_scores(noisy, cells, true)
        print(
            f"| {name} | {s['lengths_improvement']:.3f} | {s['angles_improvement']:.2f} "
            f"| {s['lengths_removed']:.0%} / {s['angles_removed']:.0%} "
            f"| {'' if steps is None else f'{steps:.0f}'} | {each:.4f} |"
        )
    return 0


def _peer(starts: list[Atoms], criterion: str, out: Path) -> list[dict[str, Any]]:
    """Cells (Å), processor seconds and steps of the peer, those in the file not done again."""
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    calculator = CHGNetCalculator(use_device="cpu", check_cuda_mem=False)
    with out.open("a") as file:
        for start in starts[len(done) :]:
            atoms = start.copy()
            atoms.calc = calculator
            begin = time.process_time()
            filtered, fmax = CRITERIA[criterion](atoms)
            optimizer = FIRE(filtered, logfile=None)
            optimizer.run(fmax=fmax, steps=STEPS)
            row = {
                "cell": atoms.cell.tolist(),
                "seconds": time.process_time() - begin,
                "steps": optimizer.nsteps,
            }
            file.write(json.dumps(row) + "\n")
            file.flush()
            done.append(row)
    return done[: len(starts)]


if __name__ == "__main__":
    raise SystemExit(main())
