"""The list of labels that :mod:`ase_ecn.training.data.audit` found, and rows without them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ase_ecn.errors import DatasetError
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.storage import replacing

AUDITED = Path(__file__).with_name("audited_labels.csv")
"""The list for the public data sets, by ``python -m ase_ecn.training audit``."""
WHOLE_CRYSTAL = "all"
"""In the place of a property: all labels of the crystal."""
_DROPPED = {"band_gap": ("band_gap", "metal"), FORMATION_ENERGY: (FORMATION_ENERGY,)}


@dataclass(frozen=True)
class AuditedLabel:
    """One label that something contradicts.

    Attributes
    ----------
    dataset, split, id, formula
        Of the crystal.
    property
        ``"band_gap"`` (eV; whether it is a metal, too), ``"formation_energy"`` (eV/atom), or
        ``"all"``, where the structure is not the one that the labels are of.
    label
        As the data set has it.
    contradicting
        What another source says; of structures, how far the cell is from the right one.
    reason
        Which source.
    """

    dataset: str
    split: str
    id: str
    formula: str
    property: str
    label: float
    contradicting: float
    reason: str


def write_audited(path: Path, labels: Iterable[AuditedLabel]) -> None:
    """Write a list as CSV.

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
        writer.writerow([field.name for field in fields(AuditedLabel)])
        for label in labels:
            writer.writerow([f"{v:.4f}" if isinstance(v, float) else v for v in astuple(label)])


def read_audited(path: Path = AUDITED) -> list[AuditedLabel]:
    """Read a list.

    Raises
    ------
    DatasetError
        If there is no such file, or it is no such list.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_of_row(row) for row in csv.DictReader(file)]
    except (OSError, UnicodeError, KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{path} is no list of audited labels: {error}") from error


def without_audited(
    targets: Mapping[str, NDArray[np.float64]], ids: Sequence[str], audited: Iterable[AuditedLabel]
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Labels without those of a list.

    Parameters
    ----------
    targets
        (G,) labels by name.
    ids
        Of the G crystals.
    audited
        The list.

    Returns
    -------
    targets, whole
        Copies in which the labels of the list are NaN, and (G,) whether all labels of the crystal
        are on it; columns that are no labels stay.
    """
    place = {name: k for k, name in enumerate(ids)}
    found = {name: np.array(values) for name, values in targets.items()}
    whole = np.zeros(len(ids), dtype=np.bool_)
    for label in audited:
        k = place.get(label.id)
        if k is None:
            continue
        if label.property == WHOLE_CRYSTAL:
            whole[k] = True
        for name in _DROPPED.get(label.property, ()):
            if name in found:
                found[name][k] = np.nan
    return found, whole


def _of_row(row: Mapping[str, str]) -> AuditedLabel:
    return AuditedLabel(
        row["dataset"],
        row["split"],
        row["id"],
        row["formula"],
        row["property"],
        float(row["label"]),
        float(row["contradicting"]),
        row["reason"],
    )
