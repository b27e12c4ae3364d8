"""Rows of a screen's ase.db: what is written into them, and how it is read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db.core import reserved_keys

from ase_ecn.errors import OptionError
from ase_ecn.prediction import Prediction
from ase_ecn.properties import ase_results, find
from ase_ecn.screening.compute import Outcome
from ase_ecn.screening.input_keys import as_pairs, as_text, taken_by_screens


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


class _ResultsOf(SinglePointCalculator):
    """Results of atoms that do not change before they are written.

    For each possible property of a row ASE compares the atoms with those that the results are of,
    which takes longer than to write the row.
    """

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Nothing has changed."""
        del atoms, tol
        return []


def row_arguments(
    outcome: Outcome, properties: Sequence[str], common: dict[str, str]
) -> dict[str, Any]:
    """Arguments of ``database.write``."""
    assert outcome.atoms is not None
    assert outcome.prediction is not None
    kept = Prediction({k: v for k, v in outcome.prediction.items() if k in properties})
    atoms = outcome.atoms
    atoms.calc = _ResultsOf(atoms, **ase_results(kept, len(atoms)))  # type: ignore[no-untyped-call]
    atoms.calc.name = outcome.calculator
    own: dict[str, Any] = {
        k: v for k, v in outcome.values.items() if k not in reserved_keys and k != "volume"
    }
    if outcome.reason:
        own["relaxation_reason"] = outcome.reason
    scalars = {
        key_name(k): find(k).stored(v) for k, v in kept.items() if not isinstance(v, np.ndarray)
    }
    if outcome.unusual:
        own["out_of_domain_reasons"] = "; ".join(outcome.unusual)
    pairs = {**scalars, **own, **common, "source": outcome.source.label}
    pairs = {k: as_text(v) if isinstance(v, str) else v for k, v in pairs.items()}
    data: dict[str, Any] = {
        "unrelaxed_cell": outcome.unrelaxed_cell,
        "unrelaxed_positions": outcome.unrelaxed_positions,
        **{k: v for k, v in kept.items() if isinstance(v, np.ndarray)},
    }
    if outcome.prediction.unavailable:
        data["unavailable"] = outcome.prediction.unavailable
    if columns := outcome.source.columns:
        given, keys = as_pairs(columns, taken_by_screens({*properties, *common, *pairs}))
        data |= {"input": columns, "input_keys": keys}
        pairs |= given
    return {"atoms": atoms, "key_value_pairs": pairs, "data": data}


def key_name(name: str) -> str:
    """Name of a property as a key of ase.db, which reserves some names."""
    return f"ecn_{name}" if name in reserved_keys else name
