"""Crystals with labels of one's own, and how to fit a network to them.

The networks average over atoms and see primitive cells, so a label must not depend on the size
of the cell: give an energy per atom, a gap, a modulus. Of what a calculator returned, the totals
of the cell (energy, magnetic moment) are divided by the number of atoms here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, CrystalLike, as_crystal
from ase_ecn.errors import CrystalError, DatasetError, OptionError
from ase_ecn.properties import find
from ase_ecn.readers import Source, is_url, read_structures
from ase_ecn.training.data.datasets import SPLITS, Dataset, reduced_formula
from ase_ecn.training.data.splits import grouped_split

logger = logging.getLogger(__name__)

MIN_CRYSTALS = 10
"""With fewer labelled crystals a split into three parts says nothing."""
PER_CELL_RESULTS = frozenset({"energy", "free_energy", "magmom"})
"""Results of ASE calculators that grow with the cell; they are divided by the number of atoms."""
_SHOWN = 5


def read_user_data(path: str | Path | Iterable[CrystalLike], target: str) -> Dataset:
    """Read crystals with one property, from anything that a screen can read.

    Rows without a label or with an invalid crystal are skipped with a warning.

    Parameters
    ----------
    path
        ``.db`` or the URL of a PostgreSQL database (ase.db): the label is a key-value pair, an
        entry of ``data`` or a result. ``.csv`` or ``.parquet``: a column; the crystal is in the
        column ``cif`` (text of a CIF) or ``file`` (name of a file of any format that ASE reads,
        relative to the table). ``.extxyz`` and other files that ASE reads: an entry of the comment
        line, a column of the atoms, or a result. Or a folder of these, such as VASP runs. In a
        table a JSON list holds one number for each atom. Or crystals themselves: of ``Atoms``,
        the label is in ``info``, in ``arrays`` or a result.
    target
        Name of the property.

    Returns
    -------
    Dataset
        One number per crystal makes a target, one per atom a site target (NaN where unknown), in
        the unit of the file. ``energy``, ``free_energy`` and ``magmom`` that a calculator
        returned are per atom.

    Raises
    ------
    DatasetError
        If the file cannot be read, has no such property, a label is not numeric, has another
        shape, or fewer than 10 crystals are left.
    """
    name = _name(path)
    rows = _rows(path, name)
    if all(_label(row, target) is None for row in rows):
        there = dict.fromkeys(k for row in rows for k in (*row.labels, *row.results))
        raise DatasetError(f"no row of {name} has {target!r}; there are {', '.join(there) or '-'}")
    if any(target in row.results and target not in row.labels for row in rows):
        _note_division(name, target)
    crystals, labels, names, skipped = [], [], [], []
    for row in rows:
        where = _where(row, name)
        try:
            crystal = as_crystal(row.load())
        except CrystalError as error:
            skipped.append(f"{where}: {error}")
            continue
        label = _numeric(row, target, len(crystal), name)
        if np.isnan(label).all():
            skipped.append(f"{where}: no {target}")
            continue
        crystals.append(crystal)
        labels.append(label)
        names.append(_identifier(row, name))
    if len(crystals) < MIN_CRYSTALS:
        raise DatasetError(
            f"{name} has {len(crystals)} valid crystals with {target!r}; "
            f"at least {MIN_CRYSTALS} are needed" + _examples(skipped)
        )
    _report_skipped(name, skipped, len(rows))
    return _dataset(name, target, names, crystals, labels)


def _name(path: str | Path | Iterable[CrystalLike]) -> str:
    """Of the input in messages, without what may be a password."""
    if not isinstance(path, str | Path):
        return "crystals"
    return urlsplit(str(path)).path.strip("/") if is_url(path) else str(path)


def _rows(path: str | Path | Iterable[CrystalLike], name: str) -> Sequence[Source]:
    try:
        rows = list(read_structures(path, labelled=True))
    except OptionError as error:
        raise DatasetError(str(error)) from error
    if not rows:
        raise DatasetError(f"{name} holds no crystals")
    if all(row.problem for row in rows):
        raise DatasetError(f"{name} cannot be read: {rows[0].problem}")
    return rows


def _label(row: Source, target: str) -> Any:
    """Raw label, ``None`` where missing; what the user wrote goes before results."""
    return row.labels.get(target, row.results.get(target))


def _where(row: Source, name: str) -> str:
    file = row.label.split("#")[0]
    return f"row {row.number}" if file == Path(name).name else row.label


def _identifier(row: Source, name: str) -> str:
    file = row.label.split("#")[0]
    return f"{Path(name).stem}-{row.number}" if file == Path(name).name else row.label


def _dataset(
    name: str,
    target: str,
    names: list[str],
    crystals: list[Crystal],
    labels: list[NDArray[np.float64]],
) -> Dataset:
    kinds = {label.ndim for label in labels}
    if len(kinds) > 1:
        raise DatasetError(
            f"{target!r} in {name} is one number for some crystals and one per atom for others"
        )
    if find(target).kind == "class" and not set(np.hstack(labels)) <= {0.0, 1.0}:
        raise DatasetError(f"{target!r} in {name} is a class: labels must be 0 or 1")
    if kinds == {0}:
        return Dataset(Path(name).name, names, crystals, {target: np.array(labels)})
    return Dataset(Path(name).name, names, crystals, {}, {target: np.concatenate(labels)})


def _numeric(row: Source, target: str, atoms: int, name: str) -> NDArray[np.float64]:
    """Label as () or (N,) numbers; NaN where missing."""
    value = _label(row, target)
    where = f"{target!r} in {_where(row, name)} of {name}"
    try:
        if isinstance(value, str):
            value = json.loads(value) if value.lstrip().startswith("[") else float(value)
        label = np.array(np.nan if value is None else value, dtype=np.float64)
    except (TypeError, ValueError):
        raise DatasetError(f"{where} is not numeric: {value!r}") from None
    if label.shape not in ((), (atoms,)):
        raise DatasetError(
            f"{where} has shape {label.shape}; allowed are one number, or one for each of the "
            f"{atoms} atoms"
        )
    if np.isinf(label).any():
        raise DatasetError(f"{where} is infinite")
    if target in PER_CELL_RESULTS and target not in row.labels:
        label = label / atoms
    return np.asarray(label, dtype=np.float64)


def _note_division(name: str, target: str) -> None:
    if target in PER_CELL_RESULTS:
        logger.warning("%s in %s is a total of the cell: divided by atoms", target, name)


def _report_skipped(name: str, skipped: list[str], rows: int) -> None:
    if skipped:
        logger.warning("%s: skipped %d of %d rows%s", name, len(skipped), rows, _examples(skipped))


def _examples(skipped: list[str]) -> str:
    if not skipped:
        return ""
    more = "; ..." if len(skipped) > _SHOWN else ""
    return f" ({'; '.join(skipped[:_SHOWN])}{more})"


def split_user_data(dataset: Dataset, seed: int = 0) -> dict[str, Dataset]:
    """Split 80/10/10 so that all crystals of one reduced formula fall into the same part.

    Crystals of only one or two formulas cannot be split like that. They are split one by one,
    with a warning, for similar crystals in training and test flatter the test scores.

    Returns
    -------
    dict
        ``"train"``, ``"val"`` and ``"test"``.
    """
    groups = [reduced_formula(c.numbers) for c in dataset.crystals]
    if len(set(groups)) < len(SPLITS):
        logger.warning(
            "%s has the compositions %s only: crystals of one composition are in different parts, "
            "so test scores will flatter",
            dataset.name,
            ", ".join(sorted(set(groups))),
        )
        groups = list(dataset.ids)
    return {name: dataset.subset(part) for name, part in grouped_split(groups, seed).items()}
