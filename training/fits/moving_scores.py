"""How well a lattice network that moves atoms does, while it is fitted."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.training.data.relaxation_pairs import Pairs
from ase_ecn.training.fits.metrics import relative_length_errors, site_distances
from ase_ecn.training.fits.scores import neighbors_of

_NOTHING = 1e-3
_LEAST_VOLUME, _MOST_VOLUME = 3.0, 300.0  # Å³ per atom; a cell beyond has run away


def moved_once(
    model: nn.Module, crystals: list[Crystal], device: str, batch_size: int = 128
) -> list[Crystal]:
    """Apply the network to crystals; those that have run away stay as they are."""
    found: list[Crystal] = []
    with torch.inference_mode():
        for start in range(0, len(crystals), batch_size):
            part = crystals[start : start + batch_size]
            batch = lattice_batch(part, neighbors_of(model), device=device)
            cells, shift = model.steps(batch)[-1]  # type: ignore[operator]
            ends = np.cumsum([len(crystal) for crystal in part])[:-1]
            shifts = np.split(shift.double().cpu().numpy(), ends)
            for old, cell, moved in zip(part, cells.double().cpu().numpy(), shifts, strict=True):
                new = Crystal(old.numbers, cell, old.scaled_positions + moved)
                found.append(new if _is_usable(new) else old)
    return found


def _is_usable(crystal: Crystal) -> bool:
    return bool(_LEAST_VOLUME < crystal.volume / len(crystal) < _MOST_VOLUME)


def moving_scores(
    model: nn.Module, *, still: list[Crystal], pairs: Pairs, applications: int, device: str
) -> dict[str, float]:
    """Scores after some applications.

    Parameters
    ----------
    model
        A network with ``config.neighbors`` and ``steps``.
    still
        Relaxed crystals, which should stay.
    pairs
        Where crystals start, and where they should end.
    applications
        How often the network is applied.
    device
        Where to compute.

    Returns
    -------
    dict
        Mean relative errors of lattice lengths and mean distances of atoms in Å, of the pairs and
        of what should stay, and a ``score`` of both.
    """
    before = _errors(pairs.crystals, pairs.ends)
    relaxed, stayed = pairs.crystals, still
    for _ in range(applications):
        relaxed = moved_once(model, relaxed, device)
        stayed = moved_once(model, stayed, device)
    after, moved = _errors(relaxed, pairs.ends), _errors(stayed, still)
    # One per cent of movement of a relaxed cell weighs as much as a tenth of what the pairs have
    # to go, and so does one of 0.05 Å of its atoms.
    left = sum(end / max(start, _NOTHING) for end, start in zip(after, before, strict=True))
    score = left + 10 * moved[0] + 2 * moved[1]
    return {
        "lengths": after[0],
        "atoms": after[1],
        "lengths_moved": moved[0],
        "atoms_moved": moved[1],
        "score": score,
    }


def _errors(crystals: list[Crystal], ends: list[Crystal]) -> tuple[float, float]:
    cells, true = (np.stack([c.cell for c in one]) for one in (crystals, ends))
    lengths = relative_length_errors(cells, true)
    return float(lengths.mean()), float(site_distances(crystals, ends).mean())
