"""Test tables of lattice networks that move atoms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ase_ecn.crystal import Crystal
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.training.data.relaxation_pairs import Pairs, relaxation_pairs
from ase_ecn.training.data.relaxed_lattices import load_crystals, spread
from ase_ecn.training.data.substitution import held_out_pairs
from ase_ecn.training.fits.metrics import relative_length_errors, site_distances

MOST = 300
"""Crystals of each kind that are relaxed, at most."""
SUBSTITUTED = 100
"""Substituted prototypes among them, whose making costs more than their relaxation."""


def evaluate_moving(
    checkpoint: str | Path, name: str, data: Path, split: str, device: str
) -> dict[str, float]:
    """Errors of relaxed cells and atoms, mean and median, and those at the start.

    Of hypothetical crystals against the teacher's relaxations, and of crystals that are relaxed and
    should stay; of MP-20 also those of substituted prototypes. Lengths are relative, distances of
    atoms are in Å, after the best rigid shift.

    Parameters
    ----------
    checkpoint
        Bundled name or path.
    name, data
        Of the data set with relaxed crystals, and the data folder.
    split
        ``"test"`` or ``"val"``, of both.
    device
        Where to compute.
    """
    network = StrainPredictor(checkpoint, device=device, positions=True)
    relaxed = spread(load_crystals(data, name, split), MOST)
    sets = {
        "hypothetical": relaxation_pairs(data, split).spread(MOST),
        "relaxed": Pairs(relaxed, relaxed),
    }
    if name == "mp_20":
        sets["substituted"] = held_out_pairs(data, name, split, SUBSTITUTED)
    scores = {}
    for of, pairs in sets.items():
        scores[f"{of}_crystals"] = float(len(pairs))
        if of != "relaxed":
            scores |= _errors(f"{of}_start", pairs.crystals, pairs.ends)
        scores |= _errors(of, _relaxed(network, pairs.crystals), pairs.ends)
    return scores


def _relaxed(network: StrainPredictor, crystals: list[Crystal]) -> list[Crystal]:
    found = network.relax(crystals, positions=True)
    return [one.crystal_of(crystal) for one, crystal in zip(found, crystals, strict=True)]


def _errors(of: str, crystals: list[Crystal], ends: list[Crystal]) -> dict[str, float]:
    cells, true = (np.stack([c.cell for c in one]) for one in (crystals, ends))
    lengths, atoms = relative_length_errors(cells, true), site_distances(crystals, ends)
    return {
        f"{of}_lengths_mean": float(lengths.mean()),
        f"{of}_lengths_median": float(np.median(lengths)),
        f"{of}_atoms_mean": float(atoms.mean()),
        f"{of}_atoms_median": float(np.median(atoms)),
    }
