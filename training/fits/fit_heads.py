"""Fresh readouts of some properties, on a trunk that stays as it is.

The scalars of the atoms are computed once, so that many epochs take a minute: enough to find what a
readout can make of them, where a fit of all properties at once left one of them behind.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.errors import OptionError
from ase_ecn.nn.so3.heads import ADDED_TO, CrystalReadout, SiteReadout
from ase_ecn.nn.so3.so3_ecn import SO3ECN
from ase_ecn.properties import of_output
from ase_ecn.training.data.property_rows import PropertyRows
from ase_ecn.training.fits.loop import batch_count, shuffled_batches

_PASS = 64
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 0.01
_WARM_UP = 0.1


@dataclass(frozen=True)
class AtomScalars:
    """Last scalars of the atoms of G crystals, and labels of one property.

    Attributes
    ----------
    scalars
        (N, width).
    first
        (G + 1,) place of each crystal's first atom.
    labels
        (G,) or, of a property of sites, (N,); NaN where missing.
    of_sites
        Whether they are of sites.
    """

    scalars: Tensor
    first: NDArray[np.int64]
    labels: Tensor
    of_sites: bool

    def __len__(self) -> int:
        return len(self.first) - 1

    def batch(self, chosen: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Scalars, crystal of each atom, numbers of atoms and labels of some crystals."""
        atoms = np.concatenate([np.arange(self.first[k], self.first[k + 1]) for k in chosen])
        counts = torch.as_tensor(self.first[chosen + 1] - self.first[chosen])
        crystal = torch.repeat_interleave(torch.arange(len(chosen)), counts)
        labels = self.labels[torch.as_tensor(atoms if self.of_sites else chosen)]
        return self.scalars[torch.as_tensor(atoms)], crystal, counts, labels


def scalars_of(model: SO3ECN, rows: PropertyRows, name: str) -> AtomScalars:
    """Of those rows that have a label of a property."""
    of_sites = name in rows.site_targets
    labels = (rows.site_targets if of_sites else rows.targets)[name]
    known = ~np.isnan(labels)
    if of_sites:
        known = np.logical_or.reduceat(known, rows.packed.atoms[:-1])
    known = np.flatnonzero(known)
    parts = []
    with torch.no_grad():
        for start in range(0, len(known), _PASS):
            graph = rows.packed.batch(known[start : start + _PASS]).graph
            parts.append(model.scalars(graph))
    sizes = np.diff(rows.packed.atoms)[known]
    first = np.concatenate([[0], np.cumsum(sizes)])
    chosen = labels[rows.atoms_of(known) if of_sites else known]
    return AtomScalars(torch.cat(parts), first, torch.as_tensor(chosen).float(), of_sites)


def refit_heads(
    model: SO3ECN, rows: PropertyRows, held: PropertyRows, names: Sequence[str], epochs: int
) -> tuple[SO3ECN, dict[str, tuple[float, float]]]:
    """Give some properties a fresh readout, fitted without dropout.

    Means over the atoms of a crystal have learned weights in it.

    Parameters
    ----------
    model
        Fitted; not changed.
    rows, held
        To fit to, and to score.
    names
        Properties that are numbers, and are not a difference to another.
    epochs
        Passes through the crystals with a label.

    Returns
    -------
    model, errors
        The network, and mean absolute errors of the held-out labels before and after. A readout
        that did not become better stays as it was.

    Raises
    ------
    OptionError
        If a property is not such a one, or there are no epochs.
    """
    if epochs < 1:
        raise OptionError(f"epochs is {epochs}; it must be at least 1")
    possible = [
        name
        for name in (*model.config.crystal_targets, *model.config.site_targets)
        if of_output(name).kind == "number" and name not in ADDED_TO
    ]
    if not set(names) <= set(possible):
        raise OptionError(f"no readouts of {', '.join(names)}; possible: {', '.join(possible)}")
    errors: dict[str, tuple[float, float]] = {}
    found: dict[str, nn.Module] = {}
    assert model.heads is not None
    for name in names:
        train, test = scalars_of(model, rows, name), scalars_of(model, held, name)
        k = model.heads.targets.index(name)
        unit = (float(model.heads.shift[k]), float(model.heads.scale[k]))
        torch.manual_seed(0)
        width = train.scalars.shape[1]
        fresh = (
            SiteReadout(width, 0.0)
            if train.of_sites
            else CrystalReadout(width, 0.0, attentive=True)
        )
        _fit(fresh, train, unit, epochs)
        old = model.heads.readouts[name]
        errors[name] = (_error(name, old, test, unit), _error(name, fresh, test, unit))
        if errors[name][1] < errors[name][0]:
            found[name] = fresh
    of_crystals = [name for name in found if name in model.config.crystal_targets]
    attentive = tuple(dict.fromkeys((*model.config.attentive, *of_crystals)))
    changed = SO3ECN(replace(model.config, attentive=attentive))
    parts = changed.state_dict() | model.state_dict()
    for name, readout in found.items():
        parts |= {f"heads.readouts.{name}.{k}": v for k, v in readout.state_dict().items()}
    changed.load_state_dict(parts)
    return changed.eval().requires_grad_(False), errors


def _fit(readout: nn.Module, data: AtomScalars, unit: tuple[float, float], epochs: int) -> None:
    """L1 in units of the labels' spread; AdamW with a one-cycle rate."""
    size = 128
    rng = np.random.default_rng(0)
    steps = epochs * batch_count(len(data), size)
    optimizer = torch.optim.AdamW(
        readout.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _LEARNING_RATE, total_steps=steps + 1, pct_start=_WARM_UP
    )
    shift, scale = unit
    readout.train()
    for _ in range(epochs):
        for chosen in shuffled_batches(len(data), size, rng):
            scalars, crystal, counts, labels = data.batch(chosen)
            off = readout(scalars, crystal, counts) - (labels - shift) / scale
            loss = off[~torch.isnan(labels)].abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    readout.eval()


def _error(name: str, readout: nn.Module, data: AtomScalars, unit: tuple[float, float]) -> float:
    """Mean absolute error of a property in its unit."""
    readout = copy.deepcopy(readout).eval()
    off = []
    with torch.no_grad():
        for start in range(0, len(data), _PASS):
            chosen = np.arange(start, min(start + _PASS, len(data)))
            scalars, crystal, counts, labels = data.batch(chosen)
            values = (readout(scalars, crystal, counts) * unit[1] + unit[0]).numpy()
            off.append(np.abs(of_output(name).physical(values) - labels.numpy()))
    return float(np.nanmean(np.concatenate(off)))
