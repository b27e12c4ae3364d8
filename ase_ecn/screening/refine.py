"""The best crystals of a screen, relaxed once more with another ASE calculator.

Results are written beside those of the screen, into the same rows of its database, crystal by
crystal: whoever is interrupted goes on with the next. A row that the calculator has done is not
computed again.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from tqdm import tqdm

from ase_ecn.errors import OptionError
from ase_ecn.properties import FORMATION_ENERGY
from ase_ecn.screening.input_keys import as_text
from ase_ecn.screening.named_calculators import forget, made_calculator
from ase_ecn.screening.rows import key_name
from ase_ecn.screening.store import Store

REFINE_TOP = 100
"""Default number of crystals that are handed on."""
REFINED_VALUES = ("refined_energy", "refined_force", "refined_steps", "refined_seconds")
"""Numbers that a refinement adds to a row: eV/atom, eV/Å, steps and seconds."""
MAX_REFINE_STEPS = 300
"""Steps of one refinement at most."""
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
    """A calculator that is made once.

    Raises
    ------
    OptionError
        If there is no such calculator, or it cannot be made with the options.
    """

    def __init__(self, refinement: Refinement) -> None:
        self.refinement = refinement
        self.calculator = made_calculator(refinement.calculator, refinement.options)

    def refine(self, store: Store, *, retry_failed: bool = False, progress: bool = False) -> int:
        """Relax the best crystals that are not done yet; return how many were computed.

        Parameters
        ----------
        store
            Of a screen.
        retry_failed
            Try those again that failed before.
        progress
            Show a progress bar.
        """
        best = self._best(store)
        left = [row for row in best if not self._done(row, retry_failed)]
        for row in tqdm(left, disable=not progress, unit=" crystals"):
            pairs, data = self._results(row.toatoms())
            store.add_to_row(row.id, {**pairs, "refined_by": as_text(self.refinement.label)}, data)
        return len(left)

    def _best(self, store: Store) -> list[Any]:
        wanted = self.refinement
        key = key_name(wanted.ranked_by)
        ranked = (row for row in store.rows() if np.isfinite(row.get(key, np.nan)))
        sign = -1.0 if wanted.largest else 1.0
        return heapq.nsmallest(wanted.top, ranked, key=lambda row: (sign * row.get(key), row.id))

    def _done(self, row: Any, retry_failed: bool) -> bool:
        if row.get("refined_by") != as_text(self.refinement.label):
            return False
        return not (retry_failed and "refined_energy" not in row)

    def _results(self, atoms: Atoms) -> tuple[dict[str, Any], dict[str, Any]]:
        """Key-value pairs and data of a row; of one that fails, the reason alone."""
        begun = time.perf_counter()
        atoms.calc = self.calculator
        try:
            cell_and_atoms: Any = FrechetCellFilter(atoms)
            optimizer = BFGS(cell_and_atoms, logfile=None)
            converged = optimizer.run(fmax=self.refinement.fmax, steps=MAX_REFINE_STEPS)
            energy = float(atoms.get_potential_energy()) / len(atoms)
            force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
            if not np.isfinite([energy, force]).all():
                raise ArithmeticError("energy or forces are not finite")
        except Exception as error:  # calculators raise anything
            forget(self.calculator)
            return {"refined_reason": as_text(f"{type(error).__name__}: {error}")}, {}
        pairs = {
            "refined_reason": "converged" if converged else "steps",
            "refined_energy": energy,
            "refined_force": force,
            "refined_steps": int(optimizer.nsteps),
            "refined_seconds": time.perf_counter() - begun,
        }
        return pairs, {
            "refined_cell": np.array(atoms.cell[:]),
            "refined_positions": np.array(atoms.positions),
        }
