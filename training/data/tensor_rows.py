"""Crystals with response tensors, and with numbers that follow from such tensors.

Compositions are in one part, whatever set a crystal is from, so nothing that is scored has been
learned from another set. Cells come in the frame of their tensors.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase.data import atomic_numbers
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal
from ase_ecn.errors import DatasetError, OptionError
from ase_ecn.graphs.spheres import SphereBatch
from ase_ecn.properties import (
    DIELECTRIC_TENSOR,
    DIELECTRIC_TENSOR_TOTAL,
    ELASTIC_TENSOR,
    PIEZOELECTRIC_TENSOR,
    POTENTIAL_ENERGY,
)
from ase_ecn.training.data.cache import cache_folder, cached_dataset, file_key
from ase_ecn.training.data.datasets import SPLITS, Dataset, join
from ase_ecn.training.data.held_out import composition_key
from ase_ecn.training.data.labels import LabelledCrystal, PackedLabels, packed_labels
from ase_ecn.training.data.property_rows import usable

SHAPES: Mapping[str, tuple[int, ...]] = {
    DIELECTRIC_TENSOR: (3, 3),
    DIELECTRIC_TENSOR_TOTAL: (3, 3),
    ELASTIC_TENSOR: (6, 6),
    PIEZOELECTRIC_TENSOR: (3, 6),
    "bulk_modulus": (),
    "shear_modulus": (),
    "mean_dielectric": (),
    "mean_dielectric_total": (),
}
"""Labels of a crystal: the dimensionless, in GPa, or in C/m²."""
_FURTHER: Mapping[str, tuple[str, ...]] = {
    DIELECTRIC_TENSOR: ("mean_dielectric",),
    DIELECTRIC_TENSOR_TOTAL: ("mean_dielectric_total",),
    ELASTIC_TENSOR: ("bulk_modulus", "shear_modulus"),
    PIEZOELECTRIC_TENSOR: (),
}
"""Labels that say something of a tensor too."""
_FILES: Mapping[str, Mapping[str, str]] = {
    "dielectric_tensors_petousis2017": {
        DIELECTRIC_TENSOR: "dielectric_electronic",
        DIELECTRIC_TENSOR_TOTAL: "dielectric_total",
    },
    "dielectric_tensors_anisonet2024": {DIELECTRIC_TENSOR: "dielectric_dft"},
    "elastic_tensors_mp": {ELASTIC_TENSOR: "elastic_GPa"},
    "piezo_tensors_dejong2015": {PIEZOELECTRIC_TENSOR: "piezo_e_C_per_m2_3x6"},
    "mp_binary_elasticity": {
        "bulk_modulus": "bulk_modulus_vrh_GPa",
        "shear_modulus": "shear_modulus_vrh_GPa",
    },
    "phonon_dielectric_mp": {
        "mean_dielectric": "dielectric_electronic_scalar",
        "mean_dielectric_total": "dielectric_total_scalar",
    },
}
_VERSION = 1
_MOST = {"mean_dielectric": 60.0, "mean_dielectric_total": 120.0}
"""Means above these are of metals, or of calculations that failed."""
_PARTS = 10
_SOFTEST = 2.0
"""GPa; the least eigenvalue of an elastic tensor that a potential may teach."""


@dataclass(frozen=True)
class TensorData:
    """Which tensors a network is fitted to.

    Attributes
    ----------
    name
        ``tensors``, the public sets.
    further
        Files of crystals with elastic tensors, as ``label --elastic`` writes them, to train on too.
    """

    name: str = "tensors"
    further: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.name != "tensors":
            raise OptionError(f"unknown data set {self.name!r}; known is tensors")


@dataclass(frozen=True)
class TensorBatch:
    """B crystals, and (B, ...) labels by name, NaN where there are none."""

    graph: SphereBatch
    labels: dict[str, torch.Tensor]


@dataclass(frozen=True)
class TensorRows:
    """G crystals with their neighbours, and (G, ...) labels by name, NaN where there are none."""

    packed: PackedLabels
    labels: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.packed)

    def batch(self, indices: NDArray[np.int64]) -> TensorBatch:
        """Tensors of some crystals."""
        labels = {k: torch.as_tensor(v[indices]).float() for k, v in self.labels.items()}
        return TensorBatch(self.packed.batch(indices).graph, labels)

    def atoms_of(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of the atoms of some crystals."""
        first = self.packed.atoms
        return np.concatenate([np.arange(first[k], first[k + 1]) for k in indices])


def load_tensor_rows(
    data: Path, cutoff: float, split: str, further: Sequence[str] = ()
) -> TensorRows:
    """Rows of one part, packed now if they never were.

    Parameters
    ----------
    data
        The data folder.
    cutoff
        Of the neighbours, Å.
    split
        ``"train"``, ``"val"`` or ``"test"``: eight, one and one tenth of the compositions.
    further
        Files with elastic tensors, whose crystals of these compositions are in too.

    Raises
    ------
    DatasetError
        If there is no such split, or no such data.
    """
    _check_split(split)
    key = f"tensors-v{_VERSION}-{split}"
    dataset = cached_dataset(f"{key}-{cutoff:g}", lambda: usable(tensor_part(data, split), cutoff))
    for path in map(Path, further):
        more = usable(_part(read_elastic(path), split), cutoff)
        dataset = join([dataset, more])
        key = f"{key}-{file_key(path)}"
    packed = packed_labels(key, _rows(dataset), cutoff, POTENTIAL_ENERGY, cache_folder())
    if len(packed) != len(dataset):
        raise DatasetError(f"{len(packed)} crystals were packed of {len(dataset)}")
    return TensorRows(packed, dataset.targets)


def labelled_elements(rows: TensorRows) -> dict[str, list[int]]:
    """Atomic numbers in the crystals that say something of each tensor."""
    sizes = np.diff(rows.packed.atoms)
    found = {}
    for name in _FURTHER:
        known = np.repeat(_says_something(rows, name), sizes)
        found[name] = np.unique(np.asarray(rows.packed.numbers)[known]).tolist()
    return found


def rows_with_labels(rows: TensorRows, names: Collection[str]) -> NDArray[np.int64]:
    """Indices of the crystals that say something of at least one of some tensors."""
    known = [_says_something(rows, name) for name in names]
    return np.flatnonzero(np.any(known, axis=0))


def _says_something(rows: TensorRows, name: str) -> NDArray[np.bool_]:
    """Whether each crystal has a label of a tensor, or of a number that follows from it."""
    known = np.zeros(len(rows), dtype=np.bool_)
    for label in (name, *_FURTHER[name]):
        values = rows.labels[label]
        known |= ~np.isnan(values.reshape(len(values), -1)).any(axis=1)
    return known


def read_tensors(data: Path) -> Dataset:
    """All crystals of ``data/tensors`` whose tensors have a known frame.

    Labels are those of :data:`SHAPES`.

    Raises
    ------
    DatasetError
        If a file is missing, or a line of it is not as expected.
    """
    ids: list[str] = []
    crystals: list[Crystal] = []
    labels: list[dict[str, NDArray[np.float64]]] = []
    for name, columns in _FILES.items():
        for row in _lines(data / "tensors" / f"{name}.jsonl.gz"):
            found = _labels(row, columns)
            if found and row.get("tensor_frame") != "unresolved":
                ids.append(f"{name}/{row.get('id', row.get('material_id'))}")
                crystals.append(_crystal(row))
                labels.append(found)
    targets = {
        name: np.stack([row.get(name, np.full(shape, np.nan)) for row in labels])
        for name, shape in SHAPES.items()
    }
    return Dataset("tensors", ids, crystals, targets)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise DatasetError(f"{path} does not exist")
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as lines:
        for k, line in enumerate(lines):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise DatasetError(f"line {k + 1} of {path}: {error}") from error


def _labels(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, NDArray[np.float64]]:
    found = {}
    for name, column in columns.items():
        value = np.array(row[column], dtype=np.float64)
        if name in (DIELECTRIC_TENSOR, DIELECTRIC_TENSOR_TOTAL, ELASTIC_TENSOR):
            value = (value + value.T) / 2
        if not value.shape and not 1 < value < _MOST.get(name, np.inf):
            continue
        found[name] = value
    return found


def _crystal(row: Mapping[str, Any]) -> Crystal:
    numbers = np.array([atomic_numbers[symbol] for symbol in row["species"]], dtype=np.int64)
    cell, scaled = (np.array(row[key], dtype=np.float64) for key in ("cell", "frac"))
    return Crystal(numbers, cell, scaled)


def read_elastic(path: Path) -> Dataset:
    """Crystals of a file that ``label --elastic`` wrote, without those that are not stable.

    Raises
    ------
    DatasetError
        If there is no such file, or a line has no elastic tensor.
    """
    ids, crystals, tensors = [], [], []
    for k, row in enumerate(_lines(path)):
        try:
            crystal, label = _crystal(row), _labels(row, {ELASTIC_TENSOR: "elastic_GPa"})
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"line {k + 1} of {path} is no crystal with elastic_GPa") from error
        tensor = label[ELASTIC_TENSOR]
        if tensor.shape != (6, 6):
            raise DatasetError(f"line {k + 1} of {path}: elastic_GPa is not 6 by 6")
        # One that gives way to some strain says more of the calculator than of the material.
        if np.linalg.eigvalsh(tensor)[0] > _SOFTEST:
            ids.append(f"{path.name}/{k + 1}")
            crystals.append(crystal)
            tensors.append(tensor)
    targets = {
        name: np.array(tensors).reshape(-1, 6, 6)
        if name == ELASTIC_TENSOR
        else np.full((len(ids), *shape), np.nan)
        for name, shape in SHAPES.items()
    }
    return Dataset("tensors", ids, crystals, targets)


def tensor_part(data: Path, split: str) -> Dataset:
    """Crystals and labels of one part, as :func:`load_tensor_rows` has them but not packed."""
    _check_split(split)
    whole = cached_dataset(f"tensors-v{_VERSION}", lambda: read_tensors(data))
    return _part(whole, split)


def _part(whole: Dataset, split: str) -> Dataset:
    part = np.array([zlib.crc32(composition_key(c.numbers)) % _PARTS for c in whole.crystals])
    chosen = {"test": part == 0, "val": part == 1, "train": part > 1}[split]
    return whole.subset(np.flatnonzero(chosen))


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise DatasetError(f"unknown split {split!r}; known are {', '.join(SPLITS)}")


def _rows(dataset: Dataset) -> Iterator[LabelledCrystal]:
    for name, crystal in zip(dataset.ids, dataset.crystals, strict=True):
        none = np.full((len(crystal), 3), np.nan), np.full(6, np.nan)
        cell, scaled = crystal.cell, crystal.scaled_positions
        yield LabelledCrystal(crystal.numbers, cell, scaled, np.nan, *none, name)
