"""Predictions of DFT's labels by regressions that have not seen the label, to audit labels with.

The trunk of a network that has learned from a potential alone stays as it is. Its mean scalars of
each crystal are mapped to labels by ridge regressions on random features, one for each fold of
compositions, fitted to the other folds. They are solved in closed form, so all of it takes little
more than one pass of the trunk, and a wrong label among tens of thousands moves them little.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ase_ecn.checkpoint import load_checkpoint
from ase_ecn.nn.so3.so3_network import SO3Network
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.storage import replacing
from ase_ecn.training.data.datasets import SPLITS
from ase_ecn.training.data.held_out import composition_key
from ase_ecn.training.data.labels import PackedLabels
from ase_ecn.training.data.property_rows import PropertyData, load_property_rows
from ase_ecn.training.release.calibrate_so3 import Scored, pooled_and_predicted
from ase_ecn.training.release.spread_heads import factor

TRUNK = "ecn-universal"
"""Has learned from a potential's energies, forces and stresses, not from DFT's labels."""
FOLDS = 5
_MOST_ATOMS = 20
_RANDOM = 512
"""Random features."""
_RIDGE = 1e-3
"""Share of the mean square of the features that is added to each."""
_LEAST = 0.01
"""Errors below this share of their median count as that in the regression of spreads."""


@dataclass(frozen=True)
class Part:
    """G crystals with labels of one property.

    Attributes
    ----------
    scalars
        (G, D) of the crystals.
    labels
        (G,), NaN where unknown.
    groups
        (G,) numbers; labels of a group are predicted from those of the other groups.
    """

    scalars: Tensor
    labels: NDArray[np.float64]
    groups: NDArray[np.int64]


def out_of_fold(
    data: Path, energies: Mapping[str, float], trunk: str | Path = TRUNK
) -> dict[tuple[str, str], tuple[float, float]]:
    """Predict formation energies (eV/atom) and gaps (eV) of MP-20 and of the further sets.

    Labels of the training split are predicted from those of its other compositions, labels of the
    validation and test splits from the whole training split. So nothing of these two is known to
    what is predicted for the training split.

    Parameters
    ----------
    data
        The data folder.
    energies
        Formation energies by id, as the data sets have them. Predictions have the same corrections.
    trunk
        Checkpoint of a network that has not learned from these labels.

    Returns
    -------
    dict
        Prediction and standard error by id and property, for :func:`ase_ecn.training.data.audit`.
        Standard errors are such that nine in ten errors in the training split are within 1.645.
    """
    model = load_checkpoint(trunk, SO3Network).model.float().eval()
    section = PropertyData(entries_max_atoms=_MOST_ATOMS, site_moment_max_atoms=_MOST_ATOMS)
    splits = []
    for split in SPLITS:
        rows = load_property_rows(data, section, model.architecture.cutoff, split)
        scored = Scored(rows.packed, np.arange(len(rows)), rows.targets)
        splits.append((rows, *pooled_and_predicted(model, scored)))
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for name in (FORMATION_ENERGY, "band_gap"):
        # Of energies what the trunk knows is not learned again.
        known = [predicted.get(name, np.zeros(len(rows))) for rows, _, predicted in splits]
        parts = [
            Part(pooled, rows.targets[name] - base, composition_folds(rows.packed))
            for (rows, pooled, _), base in zip(splits, known, strict=True)
        ]
        predictions = predicted_parts(parts[0], parts[1:])
        for (rows, *_), base, (values, stds) in zip(splits, known, predictions, strict=True):
            if name == FORMATION_ENERGY:
                labels = np.array([energies.get(i, np.nan) for i in rows.ids])
                values = labels + (values + base - rows.targets[name])
            else:
                values = np.maximum(values + base, 0.0)
            for key, value, std in zip(rows.ids, values.tolist(), stds.tolist(), strict=True):
                if not np.isnan(value):
                    found.setdefault((key, name), (value, std))
    return found


def composition_folds(packed: PackedLabels) -> NDArray[np.int64]:
    """(G,) fold of each crystal; crystals of one composition are in one fold."""
    ends = packed.atoms
    return np.array(
        [
            zlib.crc32(composition_key(np.asarray(packed.numbers[start:end], dtype=np.int64)))
            % FOLDS
            for start, end in pairwise(ends.tolist())
        ]
    )


def predicted_parts(
    train: Part, others: Sequence[Part]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Predictions and standard errors, (G,) each, of a part from its other folds, and of others.

    Parameters
    ----------
    train
        What is fitted to.
    others
        Predicted from all of it.
    """
    features = _Features(train.scalars)
    mapped = features(train.scalars)
    rest = [features(part.scalars) for part in others]
    fit = _Ridge(mapped, train.groups, ~np.isnan(train.labels))
    values, *further = fit.predictions(train.labels, rest)
    errors = np.abs(values - train.labels)
    known = ~np.isnan(errors)
    least = _LEAST * float(np.median(errors[known]))
    logarithms = np.log(np.maximum(errors, least))
    spreads = [np.exp(found) for found in fit.predictions(logarithms, rest)]
    scale = factor(spreads[0][known], errors[known])
    return [(v, scale * s) for v, s in zip((values, *further), spreads, strict=True)]


class _Features:
    """A constant, the scalars, and random combinations of them that are bent."""

    def __init__(self, scalars: Tensor) -> None:
        self.mean, self.scale = scalars.mean(dim=0), scalars.std(dim=0).clamp(min=1e-6)
        generator = torch.Generator().manual_seed(0)
        width = scalars.shape[1]
        self.weight = torch.randn(width, _RANDOM, generator=generator) * (2 / width**0.5)
        self.bias = torch.randn(_RANDOM, generator=generator)

    def __call__(self, scalars: Tensor) -> Tensor:
        relative = (scalars - self.mean) / self.scale
        bent = nn.functional.silu(relative @ self.weight + self.bias)
        return torch.cat([torch.ones(len(relative), 1), relative, bent], dim=1)


class _Ridge:
    """Regressions on the same features, each without one fold; a label is a column or a fold."""

    def __init__(
        self, features: Tensor, groups: NDArray[np.int64], known: NDArray[np.bool_]
    ) -> None:
        self.features = features
        self.members = [
            torch.as_tensor(np.flatnonzero(known & (groups == g))) for g in range(FOLDS)
        ]
        self.asked = [torch.as_tensor(np.flatnonzero(groups == g)) for g in range(FOLDS)]
        self.products = [(features[k].T @ features[k]).double() for k in self.members]

    def predictions(
        self, labels: NDArray[np.float64], others: Sequence[Tensor]
    ) -> list[NDArray[np.float64]]:
        """(G,) predictions from the other folds, and those of other crystals from all folds."""
        target = torch.as_tensor(labels)
        moments = [self.features[k].double().T @ target[k] for k in self.members]
        found = torch.full_like(target, torch.nan)
        for fold, asked in enumerate(self.asked):
            rest = [k for k in range(FOLDS) if k != fold]
            weights = _solved([self.products[k] for k in rest], [moments[k] for k in rest])
            found[asked] = self.features[asked].double() @ weights
        weights = _solved(self.products, moments)
        return [found.numpy(), *((other.double() @ weights).numpy() for other in others)]


def _solved(products: Sequence[Tensor], moments: Sequence[Tensor]) -> Tensor:
    product = torch.stack(list(products)).sum(dim=0)
    ridge = _RIDGE * product.diagonal().mean()
    with_ridge = product + ridge * torch.eye(len(product), dtype=product.dtype)
    weights: Tensor = torch.linalg.solve(with_ridge, torch.stack(list(moments)).sum(dim=0))
    return weights


def write_predictions(
    path: Path, predictions: Mapping[tuple[str, str], tuple[float, float]]
) -> None:
    """Write a file that :func:`ase_ecn.training.data.audit.read_predictions` reads.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    with (
        replacing(path) as partial,
        partial.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "property", "prediction", "std"])
        for (name, kind), (value, std) in predictions.items():
            writer.writerow([name, kind, f"{value:.4f}", f"{std:.4f}"])
