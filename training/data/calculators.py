"""ASE calculators that label crystals: made once, and asked for one after the other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError
from numpy.typing import NDArray

from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import ASEECNError
from ase_ecn.prediction import Prediction
from ase_ecn.properties import ELASTIC_TENSOR, POTENTIAL_ENERGY
from ase_ecn.readers import Source
from ase_ecn.screening.compute import Outcome
from ase_ecn.screening.named_calculators import CalculatorJob, forget
from ase_ecn.training.data.elasticity import elastic_tensor

_TURN = threading.Lock()


class Labeller:
    """A calculator that is made once.

    Parameters
    ----------
    job
        What it is, and how it is made.
    elastic
        Whether crystals get elastic tensors too, which takes 12 + 6 N calculations more.

    Raises
    ------
    OptionError
        If there is no such calculator, or it cannot be made with the options.
    """

    def __init__(self, job: CalculatorJob, *, elastic: bool = False) -> None:
        self.elastic = elastic
        self.calculator = job.made()
        self.name = str(getattr(self.calculator, "name", None) or job.name)

    def compute(self, sources: Sequence[Source]) -> list[Outcome]:
        """Outcomes in the order of the sources; none of them can stop the others."""
        return [self._outcome(source) for source in sources]

    def _outcome(self, source: Source) -> Outcome:
        try:
            atoms = source.load().copy()
            as_crystal(atoms)  # says what is wrong with it
            atoms.set_constraint()
            labels = self._labels(atoms)
        except ASEECNError as error:
            return Outcome(source, error=str(error))
        except Exception as error:  # calculators raise anything
            forget(self.calculator)
            return Outcome(source, error=f"{type(error).__name__}: {error}")
        wrong = [name for name, value in labels.items() if not np.isfinite(value).all()]
        if wrong:
            forget(self.calculator)
            return Outcome(source, error=f"not finite: {', '.join(wrong)}")
        return Outcome(
            source,
            atoms=atoms,
            prediction=Prediction(labels),
            unrelaxed_cell=np.asarray(atoms.cell[:]),
            unrelaxed_positions=np.asarray(atoms.positions),
            calculator=self.name,
        )

    def _labels(self, atoms: Atoms) -> dict[str, Any]:
        atoms.calc = self.calculator
        try:
            labels = {
                POTENTIAL_ENERGY: float(atoms.get_potential_energy()) / len(atoms),
                "forces": np.array(atoms.get_forces(), dtype=np.float64),
            }
            with suppress(PropertyNotImplementedError):  # energies and forces are worth having
                labels["stress"] = np.array(atoms.get_stress(), dtype=np.float64)
            if self.elastic:
                labels[ELASTIC_TENSOR] = elastic_tensor(as_crystal(atoms), self._derivatives)
            return labels
        finally:
            atoms.calc = None

    def _derivatives(
        self, crystals: Sequence[Crystal]
    ) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
        forces, stresses = [], []
        for crystal in crystals:
            atoms = crystal.to_atoms()
            atoms.calc = self.calculator
            forces.append(np.array(atoms.get_forces(), dtype=np.float64))
            stresses.append(np.array(atoms.get_stress(), dtype=np.float64))
        return forces, np.array(stresses)


def label_in_worker(job: CalculatorJob, elastic: bool, sources: Sequence[Source]) -> list[Outcome]:
    """As :meth:`Labeller.compute`, with a calculator that the worker's process keeps.

    A worker may have several threads. Calculators keep their last results, so they take turns.
    """
    with _TURN:
        return _labeller(job, elastic).compute(sources)


@lru_cache(maxsize=1)
def _labeller(job: CalculatorJob, elastic: bool) -> Labeller:
    return Labeller(job, elastic=elastic)
