"""The best crystals of a screen, relaxed once more with another ASE calculator.

Results are written beside those of the screen, into the same rows of its database, crystal by
crystal, as they are completed here or by workers: whoever is interrupted goes on with the next. A
row that the calculator has done is not computed again.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from tqdm import tqdm

from ase_ecn.errors import OptionError
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.screening.batches import Execution
from ase_ecn.screening.calculator_relaxation import (
    CalculatorRelaxer,
    Handed,
    Refined,
    failed,
    relax_in_worker,
)
from ase_ecn.screening.cluster import Cluster
from ase_ecn.screening.input_keys import as_text
from ase_ecn.screening.named_calculators import CalculatorJob
from ase_ecn.screening.rows import key_name
from ase_ecn.screening.store import Store

REFINE_TOP = 100
"""Default number of crystals that are handed on."""
REFINED_VALUES = ("refined_energy", "refined_force", "refined_steps", "refined_seconds")
"""Numbers that a refinement adds to a row: eV/atom, eV/Å, steps and seconds."""
_FMAX = 0.05


@dataclass(frozen=True)
class Refinement:
    """How the best crystals of a screen are relaxed once more.

    Attributes
    ----------
    calculator
        One of ASE's names, such as ``"emt"``, or ``"package.module:Class"``.
    options
        Arguments to make it with.
    top
        Number of crystals.
    by, largest
        Property by which they are the best, and whether large values are; ``None`` for the
        formation energy.
    fmax
        Largest force at the end, eV/Å, as of ASE's optimizers with a ``FrechetCellFilter``.
    """

    calculator: str
    options: Mapping[str, Any] = field(default_factory=dict)
    top: int = REFINE_TOP
    by: str | None = None
    largest: bool = False
    fmax: float = _FMAX

    def __post_init__(self) -> None:
        if self.top < 1:
            raise OptionError(f"refine_top must be at least 1, got {self.top}")

    @property
    def ranked_by(self) -> str:
        """Name of the property."""
        return self.by or FORMATION_ENERGY

    @property
    def label(self) -> str:
        """Calculator and options in a line, by which a row says what has refined it."""
        given = ", ".join(f"{k}={v!r}" for k, v in sorted(self.options.items()))
        return f"{self.calculator}({given})"


class Refiner:
    """A calculator, and where it computes.

    Parameters
    ----------
    refinement
        What is done.
    execution
        Where and how. Workers take one crystal at a time.

    Raises
    ------
    OptionError
        If there is no such calculator, or it cannot be made with the options.
    """

    def __init__(self, refinement: Refinement, execution: Execution) -> None:
        self.refinement = refinement
        self.execution = execution
        options = tuple(sorted(refinement.options.items()))
        self._job = CalculatorJob(refinement.calculator, options, own_folder=execution.remote)
        # Made for workers too, to refuse what cannot be made before the screen, not after it.
        relaxer = CalculatorRelaxer(self._job, refinement.fmax)
        self._relaxer = None if execution.remote else relaxer

    def refine(self, store: Store) -> int:
        """Relax the best crystals of a screen that are not done yet; return how many were computed.

        Parameters
        ----------
        store
            Of the screen.
        """
        left = [
            Handed(str(row.key_value_pairs["source"]), row.id, row.toatoms())
            for row in self._best(store)
            if not self._done(row)
        ]
        by = as_text(self.refinement.label)
        with tqdm(
            total=len(left), disable=not self.execution.progress, unit=" crystals", smoothing=0
        ) as bar:
            for found in self._relaxed(left):
                pairs = {**found.values, "refined_reason": as_text(found.reason)}
                store.add_to_row(found.row, {**pairs, "refined_by": by}, found.arrays)
                bar.update()
        return len(left)

    def _best(self, store: Store) -> list[Any]:
        wanted = self.refinement
        key = key_name(wanted.ranked_by)
        ranked = (row for row in store.rows() if np.isfinite(row.get(key, np.nan)))
        sign = -1.0 if wanted.largest else 1.0
        return heapq.nsmallest(wanted.top, ranked, key=lambda row: (sign * row.get(key), row.id))

    def _done(self, row: Any) -> bool:
        if row.get("refined_by") != as_text(self.refinement.label):
            return False
        return not (self.execution.retry_failed and "refined_energy" not in row)

    def _relaxed(self, left: Sequence[Handed]) -> Iterator[Refined]:
        """In the order in which they are completed."""
        if self._relaxer is not None:
            yield from map(self._relaxer.relax, left)
        elif left:
            compute = partial(relax_in_worker, self._job, self.refinement.fmax)
            execution = self.execution
            with Cluster(
                compute, failed, workers=execution.workers, address=execution.cluster
            ) as remote:
                for (found,) in remote.map([one] for one in left):
                    yield found
