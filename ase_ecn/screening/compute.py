"""Relaxing and predicting one chunk of a screen, in this process or in a worker's."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.calculator import ECNCalculator
from ase_ecn.crystal import Crystal, as_crystal
from ase_ecn.errors import ASEECNError, CheckpointError, OptionError
from ase_ecn.hull import KnownPhases
from ase_ecn.prediction import Prediction, PropertyPredictor
from ase_ecn.readers import Source
from ase_ecn.relaxation.cell_and_atoms import relax_cell_and_atoms
from ase_ecn.relaxation.constraints import held_by
from ase_ecn.relaxation.held import Held
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.result import Relaxation
from ase_ecn.relaxation.surface import EnergySurface

logger = logging.getLogger(__name__)

RELAXATION_VALUES = ("relaxed", "relaxation_steps", "strain_spread", "volume_change")
"""Values that only relaxed crystals have."""
CRYSTAL_VALUES = ("natoms", "volume", "volume_per_atom", "out_of_domain")
"""Values that every crystal has, apart from predictions."""


@dataclass(frozen=True)
class Job:
    """What is done to each crystal of a screen.

    Attributes
    ----------
    checkpoint
        Of the ECN: bundled name or path.
    relaxer_checkpoint
        Of the EMPNN; ``None`` to keep the crystals unchanged.
    device
        As for :class:`~ase_ecn.prediction.PropertyPredictor`.
    provenance
        Names and hashes of the checkpoints; a worker must find the same ones.
    potential
        Of the network whose forces atoms follow; ``None`` to relax cells alone.
    phases
        What the crystals compete with.
    """

    checkpoint: str
    relaxer_checkpoint: str | None
    device: str | None
    provenance: dict[str, str] = field(hash=False)
    potential: str | None = None
    phases: KnownPhases = field(default_factory=KnownPhases)


@dataclass(frozen=True)
class Outcome:
    """The result for one crystal.

    Attributes
    ----------
    source
        Where it came from.
    error
        Why there is no result; empty if there is one.
    atoms, prediction
        The crystal that was predicted, and its properties.
    values
        Numbers by name that are not predicted: size, volume, details of the relaxation.
    reason
        Why the relaxation stopped.
    unusual
        In which ways the crystal is unlike those that the networks were trained on.
    unrelaxed_cell, unrelaxed_positions
        (3, 3) and (N, 3) in Å, of the input.
    calculator
        ASE's name of the calculator behind the prediction.
    """

    source: Source
    error: str = ""
    atoms: Atoms | None = None
    prediction: Prediction | None = None
    values: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    unusual: tuple[str, ...] = ()
    unrelaxed_cell: NDArray[np.float64] | None = None
    unrelaxed_positions: NDArray[np.float64] | None = None
    calculator: str = ECNCalculator.name

    def numbers(self) -> dict[str, float]:
        """All numbers by name, predicted ones included."""
        predicted = {} if self.prediction is None else dict(self.prediction)
        return self.values | {k: v for k, v in predicted.items() if isinstance(v, int | float)}

    def missing(self, names: Iterable[str]) -> str:
        """Why one of the values is not there; empty if all are."""
        unavailable = {} if self.prediction is None else self.prediction.unavailable
        return next((f"{n}: {unavailable[n]}" for n in names if n in unavailable), "")


@dataclass(frozen=True)
class _Valid:
    """A crystal at its position in the batch, and what its constraints hold."""

    position: int
    atoms: Atoms
    crystal: Crystal
    held: Held = field(default_factory=Held)


class Screener:
    """The networks of a job, loaded once.

    Raises
    ------
    CheckpointError
        If a checkpoint cannot be used, or is not the one with which the job began.
    """

    def __init__(self, job: Job) -> None:
        self.predictor = PropertyPredictor(job.checkpoint, device=job.device, phases=job.phases)
        self.network = (
            None
            if job.relaxer_checkpoint is None
            else StrainPredictor(job.relaxer_checkpoint, device=job.device)
        )
        self.surface = (
            None if job.potential is None else EnergySurface(job.potential, device=job.device)
        )
        found = provenance(self.predictor, self.network, self.surface)
        if job.provenance and found != job.provenance:
            raise CheckpointError(f"found the checkpoints {found} instead of {job.provenance}")
        self.elements = self.predictor.card.elements
        if self.network is not None:
            self.elements &= self.network.card.elements
        if self.surface is not None:
            self.elements &= self.surface.card.elements

    def compute(self, sources: Sequence[Source]) -> list[Outcome]:
        """Outcomes in the order of the sources; an invalid structure does not stop the others."""
        outcomes: list[Outcome | None] = [None] * len(sources)
        valid: list[_Valid] = []
        for k, source in enumerate(sources):
            try:
                valid.append(self._validated(k, source.load()))
            except ASEECNError as error:
                outcomes[k] = Outcome(source, error=str(error))
            except Exception as error:  # one bad file among many must not end the screen
                outcomes[k] = Outcome(source, error=f"{type(error).__name__}: {error}")
        for k, outcome in self._results(valid, sources):
            outcomes[k] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _validated(self, position: int, atoms: Atoms) -> _Valid:
        crystal = as_crystal(atoms, self.elements)
        self.predictor.card.check_system(crystal.numbers)
        if self.surface is None:
            return _Valid(position, atoms, crystal)
        self.surface.card.check_system(crystal.numbers)
        return _Valid(position, atoms, crystal, held_by(atoms))

    def _results(
        self, valid: Sequence[_Valid], sources: Sequence[Source]
    ) -> list[tuple[int, Outcome]]:
        try:
            return self._run(valid, sources)
        except Exception as error:  # one bad crystal among many must not end the screen
            if len(valid) > 1:
                logger.warning("a batch failed (%s); its crystals are computed one by one", error)
                return [result for one in valid for result in self._results([one], sources)]
            k = valid[0].position
            return [(k, Outcome(sources[k], error=f"{type(error).__name__}: {error}"))]

    def _run(self, valid: Sequence[_Valid], sources: Sequence[Source]) -> list[tuple[int, Outcome]]:
        crystals = [one.crystal for one in valid]
        courses = self._relaxed(valid)
        finals = [
            c if o is None else o.crystal_of(c) for c, o in zip(crystals, courses, strict=True)
        ]
        predictions = self.predictor.predict(finals)
        results = []
        for one, course, final, prediction in zip(valid, courses, finals, predictions, strict=True):
            unusual = _unusual(prediction, course)
            outcome = Outcome(
                source=sources[one.position],
                atoms=_relaxed_atoms(one.atoms, course),
                prediction=prediction,
                values={**_values(one.crystal, final, course), "out_of_domain": bool(unusual)},
                reason="" if course is None else course.reason,
                unusual=unusual,
                unrelaxed_cell=one.crystal.cell,
                unrelaxed_positions=np.asarray(one.atoms.positions),
            )
            results.append((one.position, outcome))
        return results

    def _relaxed(self, valid: Sequence[_Valid]) -> Sequence[Relaxation | None]:
        if self.network is None:
            return [None] * len(valid)
        crystals, inputs = [one.crystal for one in valid], [one.atoms for one in valid]
        if self.surface is None:
            return self.network.relax(crystals, inputs=inputs)
        held = [one.held for one in valid]
        found = relax_cell_and_atoms(crystals, self.network, self.surface, held)
        return [one.of(atoms) for one, atoms in zip(found, inputs, strict=True)]


def provenance(
    predictor: PropertyPredictor,
    network: StrainPredictor | None,
    surface: EnergySurface | None = None,
) -> dict[str, str]:
    """Names and hashes of the checkpoints, under their keys in a database row."""
    found = {"ecn_checkpoint": predictor.card.name, "ecn_sha256": predictor.card.sha256}
    if network is not None:
        found |= {"empnn_checkpoint": network.card.name, "empnn_sha256": network.card.sha256}
    if surface is not None:
        card = surface.card
        found |= {"potential_checkpoint": card.name, "potential_sha256": card.sha256}
    return found


def compute_in_worker(job: Job, sources: Sequence[Source]) -> list[Outcome]:
    """As :meth:`Screener.compute`, with networks that the worker process keeps in memory."""
    return _screener(_on_own_gpu(job)).compute(sources)


def _on_own_gpu(job: Job) -> Job:
    """On a machine with several GPUs, choose one by the number of the worker."""
    from distributed import get_worker

    count = torch.cuda.device_count()
    name = get_worker().name
    if job.device is None and count > 1 and isinstance(name, int):
        return replace(job, device=f"cuda:{name % count}")
    return job


@lru_cache(maxsize=2)
def _screener(job: Job) -> Screener:
    return Screener(job)


def _unusual(prediction: Prediction, course: Relaxation | None) -> tuple[str, ...]:
    before = () if course is None else course.out_of_domain
    return (*prediction.out_of_domain, *(f"before relaxation: {reason}" for reason in before))


def _values(start: Crystal, final: Crystal, course: Relaxation | None) -> dict[str, float]:
    values: dict[str, Any] = {
        "natoms": len(final),
        "volume": final.volume,
        "volume_per_atom": final.volume / len(final),
    }
    if course is not None:
        values |= {
            "relaxed": bool(course.converged),
            "relaxation_steps": course.steps,
            "strain_spread": course.strain_spread,
            "volume_change": final.volume / start.volume - 1,
        }
    return values


def _relaxed_atoms(atoms: Atoms, course: Relaxation | None) -> Atoms:
    return atoms.copy() if course is None else course.atoms


def check_names(names: Sequence[str], known: Sequence[str], what: str) -> None:
    """Raise an :class:`~ase_ecn.errors.OptionError` for names that are not known."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise OptionError(f"{what}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
