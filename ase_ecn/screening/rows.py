"""Rows of a screen's ase.db: what is written into them, and how it is read back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import all_properties
from ase.db.core import now, reserved_keys
from ase.db.row import atoms2dict

from ase_ecn.errors import OptionError
from ase_ecn.properties import ase_results, find
from ase_ecn.screening.compute import Outcome
from ase_ecn.screening.input_keys import as_pairs, as_text, taken_by_screens

_OF_ASE = frozenset([*reserved_keys, "volume"])
"""What ase.db has columns of its own for."""


def unrelaxed(row: Any) -> Atoms:
    """The crystal as in the input, without a calculator, from a row of a screen's database."""
    atoms: Atoms = row.toatoms()
    atoms.calc = None
    atoms.set_cell(np.asarray(row.data["unrelaxed_cell"]))
    atoms.positions = np.asarray(row.data["unrelaxed_positions"])
    return atoms


def refined(row: Any) -> Atoms:
    """The crystal as the calculator has left it, from a row of a screen's database.

    Raises
    ------
    OptionError
        If it was not refined.
    """
    if "refined_cell" not in row.data:
        raise OptionError(f"row {row.id} was not refined")
    atoms: Atoms = row.toatoms()
    atoms.calc = None
    atoms.set_constraint()
    atoms.set_cell(np.asarray(row.data["refined_cell"]))
    atoms.positions = np.asarray(row.data["refined_positions"])
    return atoms


def row_and_data(
    outcome: Outcome, label: str, properties: Sequence[str], common: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Content of a row with its key-value pairs, as ``AtomsRow`` takes it, and its data.

    It is not made of atoms with a calculator, of which ase.db would ask for each possible property
    whether the atoms have changed. That takes longer than to write the row.

    Parameters
    ----------
    outcome
        Of a crystal that has a result.
    label
        Of the crystal in the output.
    properties
        Names of those that are kept.
    common
        Key-value pairs of every row.
    """
    assert outcome.atoms is not None
    assert outcome.prediction is not None
    kept = {k: v for k, v in outcome.prediction.items() if k in properties}
    content = atoms2dict(outcome.atoms)
    content |= {
        "calculator": outcome.calculator.lower(),
        "calculator_parameters": {},
        "key_value_pairs": _pairs(outcome, label, kept, common),
        "ctime": now(),
        "user": os.getenv("USER"),
        **{k: v for k, v in ase_results(kept, len(outcome.atoms)).items() if k in all_properties},
    }
    data: dict[str, Any] = {
        "unrelaxed_cell": outcome.unrelaxed_cell,
        "unrelaxed_positions": outcome.unrelaxed_positions,
        **{k: v for k, v in kept.items() if isinstance(v, np.ndarray)},
    }
    if outcome.prediction.unavailable:
        data["unavailable"] = outcome.prediction.unavailable
    if columns := outcome.source.columns:
        pairs = content["key_value_pairs"]
        given, keys = as_pairs(columns, taken_by_screens({*properties, *common, *pairs}))
        data |= {"input": columns, "input_keys": keys}
        pairs |= given
    return content, data


def _pairs(
    outcome: Outcome, label: str, kept: Mapping[str, Any], common: Mapping[str, str]
) -> dict[str, Any]:
    """Key-value pairs without those of the input; texts are such that ase.db takes them."""
    own: dict[str, Any] = {k: v for k, v in outcome.values.items() if k not in _OF_ASE}
    if outcome.reason:
        own["relaxation_reason"] = outcome.reason
    scalars = {
        key_name(k): find(k).stored(v) if isinstance(v, dict) else v
        for k, v in kept.items()
        if not isinstance(v, np.ndarray)
    }
    if outcome.unusual:
        own["out_of_domain_reasons"] = "; ".join(outcome.unusual)
    pairs = {**scalars, **own, **common, "source": label}
    return {k: as_text(v) if isinstance(v, str) else v for k, v in pairs.items()}


@lru_cache(maxsize=1024)
def key_name(name: str) -> str:
    """Name of a property as a key of ase.db, which reserves some names."""
    return f"ecn_{name}" if name in reserved_keys else name
