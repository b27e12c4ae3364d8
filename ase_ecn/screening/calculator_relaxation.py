"""Cell and atoms of one crystal after the other, relaxed with an ASE calculator.

The calculator is made once in each process: in this one, or in those of workers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from numpy.typing import NDArray

from ase_ecn.screening.named_calculators import CalculatorJob, forget

MAX_REFINE_STEPS = 300
"""Steps of one relaxation at most."""
_TURN = threading.Lock()


@dataclass(frozen=True)
class Handed:
    """A crystal of a screen that a calculator is to relax.

    Attributes
    ----------
    label
        Its label in the screen.
    row
        Number of its row.
    atoms
        Where it starts.
    """

    label: str
    row: int
    atoms: Atoms


@dataclass(frozen=True)
class Refined:
    """What a calculator has made of a crystal.

    Attributes
    ----------
    row
        Number of its row.
    reason
        Why the relaxation ended, or failed.
    values
        Numbers by their keys in the row; none if it failed.
    arrays
        Cell (3, 3) and positions (N, 3) in Å by their names in the row's data.
    """

    row: int
    reason: str
    values: Mapping[str, float]
    arrays: Mapping[str, NDArray[np.float64]]


class CalculatorRelaxer:
    """A calculator that is made once.

    Parameters
    ----------
    job
        The calculator.
    fmax
        Largest force at the end, eV/Å, as of ASE's optimizers with a ``FrechetCellFilter``.

    Raises
    ------
    OptionError
        If there is no such calculator, or it cannot be made with the options.
    """

    def __init__(self, job: CalculatorJob, fmax: float) -> None:
        self.calculator = job.made()
        self.fmax = fmax

    def relax(self, handed: Handed) -> Refined:
        """Relax a crystal; one that fails has a reason and nothing else."""
        atoms = handed.atoms.copy()
        atoms.calc = self.calculator
        begun = time.perf_counter()
        try:
            cell_and_atoms: Any = FrechetCellFilter(atoms)
            optimizer = BFGS(cell_and_atoms, logfile=None)
            converged = optimizer.run(fmax=self.fmax, steps=MAX_REFINE_STEPS)
            energy = float(atoms.get_potential_energy()) / len(atoms)
            force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
            if not np.isfinite([energy, force]).all():
                raise ArithmeticError("energy or forces are not finite")
        except Exception as error:  # calculators raise anything
            forget(self.calculator)
            return failed(handed, f"{type(error).__name__}: {error}")
        values = {
            "refined_energy": energy,
            "refined_force": force,
            "refined_steps": int(optimizer.nsteps),
            "refined_seconds": time.perf_counter() - begun,
        }
        arrays = {
            "refined_cell": np.array(atoms.cell[:]),
            "refined_positions": np.array(atoms.positions),
        }
        return Refined(handed.row, "converged" if converged else "steps", values, arrays)


def failed(handed: Handed, reason: str) -> Refined:
    """A crystal without a result."""
    return Refined(handed.row, reason, {}, {})


def relax_in_worker(job: CalculatorJob, fmax: float, crystals: Sequence[Handed]) -> list[Refined]:
    """Relax crystals with a calculator that the worker's process keeps.

    A worker may have several threads. Calculators keep their last results, so they take turns.
    """
    with _TURN:
        relaxer = _relaxer(job, fmax)
        return [relaxer.relax(crystal) for crystal in crystals]


@lru_cache(maxsize=1)
def _relaxer(job: CalculatorJob, fmax: float) -> CalculatorRelaxer:
    return CalculatorRelaxer(job, fmax)
