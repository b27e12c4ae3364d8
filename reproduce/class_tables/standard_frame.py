"""Tensors in the crystal's standard frame, and what predicts their components there.

The frame is that of the IEEE (Std 176-1987), as pymatgen finds it. In it the components are numbers
that do not turn with the crystal, so that means and networks of numbers can give them.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymatgen.core.tensors import Tensor
from pymatgen.io.ase import AseAtomsAdaptor

from ase_ecn.crystal import Crystal
from ase_ecn.response import rotated
from ase_ecn.symmetry.site_symmetry import crystal_class
from ase_ecn.training.data.datasets import Dataset
from ase_ecn.training.fits.config import ECNConfiguration
from ase_ecn.training.fits.fit_ecn import fit_to_graphs, labelled_graphs_for
from ase_ecn.training.fits.scores import predict_graphs
from reproduce.class_tables.targets import tensors

WIDTH, LAYERS = 64, 3


def rotation_to_standard(crystal: Crystal) -> NDArray[np.float64]:
    """(3, 3) rotation of row vectors into the standard frame."""
    structure = AseAtomsAdaptor.get_structure(crystal.to_atoms())
    return np.asarray(Tensor.get_ieee_rotation(structure), dtype=np.float64).T


def turned(
    values: NDArray[np.float64], rotations: NDArray[np.float64], *, back: bool = False
) -> NDArray[np.float64]:
    """(G, ...) tensors in the standard frame, or from it."""
    pairs = zip(values, rotations, strict=True)
    return np.stack([rotated(value, r.T if back else r) for value, r in pairs])


def rotations_of(dataset: Dataset) -> NDArray[np.float64]:
    """(G, 3, 3) rotations of row vectors into the standard frames."""
    return np.stack([rotation_to_standard(crystal) for crystal in dataset.crystals])


def means_of_classes(
    train: Dataset, val: Dataset, target: str, frames: tuple[NDArray[np.float64], ...]
) -> NDArray[np.float64]:
    """(G, ...) tensors of the validation crystals: the mean of their crystal class.

    Parameters
    ----------
    train, val
        With labels of ``target``.
    target
        A tensor.
    frames
        Rotations into the standard frames of both.
    """
    known = turned(tensors(train, target), frames[0])
    of_train = np.array([crystal_class(crystal) for crystal in train.crystals])
    found = []
    for crystal in val.crystals:
        same = of_train == crystal_class(crystal)
        found.append(known[same].mean(axis=0) if same.any() else known.mean(axis=0))
    return turned(np.stack(found), frames[1], back=True)


def by_scalar_heads(
    train: Dataset,
    val: Dataset,
    target: str,
    frames: tuple[NDArray[np.float64], ...],
    fit: dict[str, Any],
) -> tuple[NDArray[np.float64], int]:
    """As :func:`means_of_classes`, by an ECN with a scalar head for each component.

    Parameters
    ----------
    train, val, target, frames
        As of :func:`means_of_classes`.
    fit
        The section of the configuration.

    Returns
    -------
    tensors, parameters
        Of the last averaged weights; and the number of these.
    """
    size = tensors(train, target).shape[1]
    first, second = np.triu_indices(size)
    names = [f"component_{i + 1}{j + 1}" for i, j in zip(first, second, strict=True)]
    parts = [
        Dataset(
            one.name,
            one.ids,
            one.crystals,
            dict(zip(names, turned(tensors(one, target), r)[:, first, second].T, strict=True)),
        )
        for one, r in zip((train, val), frames, strict=True)
    ]
    config = ECNConfiguration.from_dict(
        {
            "name": "components",
            "data": {"name": "user", "supercell_views": 0.0},
            "model": {"crystal_targets": names, "width": WIDTH, "layers": LAYERS},
            "units": dict.fromkeys(names, "1"),
            "fit": fit,
        }
    )
    graphs, held = (labelled_graphs_for(part, config.model) for part in parts)
    with TemporaryDirectory() as folder:
        model, _ = fit_to_graphs(config, graphs, None, Path(folder), "cpu")
    outputs = predict_graphs(model, held, "cpu")
    found = np.zeros((len(val), size, size))
    for name, i, j in zip(names, first, second, strict=True):
        found[:, i, j] = found[:, j, i] = outputs[name]
    count = sum(p.numel() for p in model.parameters())
    return turned(found, frames[1], back=True), count
