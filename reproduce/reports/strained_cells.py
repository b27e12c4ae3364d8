"""Elastic tensors from a potential's stresses on strained cells, beside those of tensor heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import ASEECNError, DatasetError
from ase_ecn.prediction import PropertyPredictor
from ase_ecn.properties import ELASTIC_TENSOR
from ase_ecn.training.data.elasticity import Derivatives, elastic_tensor
from ase_ecn.training.data.tensor_rows import tensor_part
from ase_ecn.training.fits.tensor_losses import tensor_scores

_MODULI = ("bulk_modulus", "shear_modulus")


def of_predictor(predictor: PropertyPredictor) -> Derivatives:
    """Forces and stresses of a checkpoint."""

    def derivatives(
        crystals: Sequence[Crystal],
    ) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
        found = predictor.predict(crystals)
        return [one["forces"] for one in found], np.array([one["stress"] for one in found])

    return derivatives


def compared_tensors(
    checkpoint: str,
    potential: str,
    data: Path,
    split: str,
    *,
    most: int = 0,
    atoms: int = 20,
    device: str | None = None,
) -> Iterator[str]:
    """Lines of a Markdown table: heads, strained cells, and the means of both.

    Crystals come as DFT relaxed them, and are not relaxed again.

    Parameters
    ----------
    checkpoint, potential
        What has heads for the elastic tensor, and what gives forces and stresses.
    data, split
        The data folder, and a part of its elastic tensors.
    most
        Crystals, evenly chosen; 0 for all.
    atoms
        Of a primitive cell, at most.
    device
        Where to compute.

    Raises
    ------
    DatasetError
        If there are no such crystals.
    """
    heads = PropertyPredictor(checkpoint, device=device, dtype="float64")
    engine = PropertyPredictor(potential, device=device, dtype="float64")
    elements = heads.card.elements & engine.card.elements
    crystals, labels = _labelled(data, split, atoms, most)
    found: dict[str, list[NDArray[np.float64]]] = {"heads": [], "strained cells": []}
    kept, failed = [], 0
    for k, crystal in enumerate(crystals):
        try:
            one = as_crystal(crystal, elements)
            both = heads.predict([one], forces=False)[0], elastic_tensor(one, of_predictor(engine))
        except ASEECNError:  # as for an element that one of them does not know
            failed += 1
            continue
        kept.append(k)
        found["heads"].append(both[0][ELASTIC_TENSOR])
        found["strained cells"].append(both[1])
    if not kept:
        raise DatasetError(f"none of {len(crystals)} crystals has both elastic tensors")
    heads_alone, strained = (np.array(part) for part in found.values())
    tensors = {"heads": heads_alone, "strained cells": strained}
    tensors["mean of both"] = (heads_alone + strained) / 2
    yield f"{len(kept)} crystals, {failed} without a prediction"
    yield from _table(tensors, {name: values[kept] for name, values in labels.items()})


def _labelled(
    data: Path, split: str, atoms: int, most: int
) -> tuple[list[Crystal], dict[str, NDArray[np.float64]]]:
    part = tensor_part(data, split)
    known = np.isfinite(part.targets[ELASTIC_TENSOR]).all(axis=(1, 2))
    cells = {k: part.crystals[k].primitive.crystal for k in np.flatnonzero(known).tolist()}
    chosen = [k for k, cell in cells.items() if len(cell) <= atoms]
    if most and len(chosen) > most:
        chosen = [chosen[k] for k in np.linspace(0, len(chosen) - 1, most).round().astype(int)]
    labels = {name: values[chosen] for name, values in part.targets.items()}
    return [cells[k] for k in chosen], labels


def _table(
    tensors: Mapping[str, NDArray[np.float64]], labels: Mapping[str, NDArray[np.float64]]
) -> Iterator[str]:
    yield "| | error / GPa | skill | log K | log G | not positive |"
    yield "|---|---|---|---|---|---|"
    for name, values in tensors.items():
        scores = tensor_scores({ELASTIC_TENSOR: values}, labels)
        unstable = int((np.linalg.eigvalsh(values)[:, 0] <= 0).sum())
        logarithms = [f"{scores[f'log10_{modulus}_mae']:.3f}" for modulus in _MODULI]
        error = f"{scores[f'{ELASTIC_TENSOR}_mae']:.2f}"
        skill = f"{100 * scores[f'{ELASTIC_TENSOR}_skill']:.1f} %"
        yield "| " + " | ".join([name, error, skill, *logarithms, str(unstable)]) + " |"
