"""Many predictions and relaxations in one process: does its memory stay flat?

``python -m reproduce soak`` predicts 100,000 crystals and relaxes 10,000, each a prototype
that was strained and shaken at random, in batches, with the calculator and with the relaxer.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from ase_ecn.api import predict, relax
from ase_ecn.calculator import ECNCalculator
from ase_ecn.checkpoint import DEFAULT_ECN, DEFAULT_EMPNN, read_card
from ase_ecn.crystal import as_crystal
from ase_ecn.errors import CrystalError, OptionError, OutOfDomainWarning
from ase_ecn.relaxer import LatticeRelaxer
from reproduce.reports.invariance import prototype_library

logger = logging.getLogger(__name__)

PREDICTIONS = 100_000
RELAXATIONS = 10_000
ALLOWED_GROWTH = 16.0
"""Largest allowed growth of resident memory (MiB) from the second fifth of a run to the last."""

_BATCH = 64
_SINGLY = 4  # of each batch so many go through the calculator and the relaxer
_SAMPLES = 200
_STATM = Path("/proc/self/statm")
_PAGE = 4096 / 2**20


@dataclass(frozen=True)
class Sample:
    """Resident memory in MiB after so many predictions, relaxations and seconds."""

    predictions: int
    relaxations: int
    seconds: float
    resident: float


def soak(
    predictions: int,
    relaxations: int,
    seed: int = 0,
    ecn: str | Path = DEFAULT_ECN,
    empnn: str | Path = DEFAULT_EMPNN,
) -> list[Sample]:
    """Predict and relax many different crystals, and record the memory of this process.

    Parameters
    ----------
    predictions, relaxations
        Number of each, rounded up to whole batches.
    seed
        Of the crystals.
    ecn, empnn
        Checkpoints.

    Returns
    -------
    list of Sample
        About 200, evenly spaced.

    Raises
    ------
    OptionError
        If the system does not report the resident memory of a process.
    """
    if not _STATM.exists():
        raise OptionError("a soak needs /proc/self/statm, which Linux has")
    crystals = _crystals(read_card(ecn).elements & read_card(empnn).elements, seed)
    batches = -(-predictions // _BATCH)
    relaxed = 0
    samples: list[Sample] = []
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfDomainWarning)
        for k in range(batches):
            chosen = [next(crystals) for _ in range(_BATCH)]
            _predict(chosen, ecn)
            due = -(-relaxations * (k + 1) // batches) - relaxed
            _relax(chosen[: min(due, _BATCH)], empnn)
            relaxed += min(due, _BATCH)
            if (k + 1) * _SAMPLES // batches > k * _SAMPLES // batches:
                taken = round(time.perf_counter() - begin, 1)
                samples.append(Sample((k + 1) * _BATCH, relaxed, taken, resident_memory()))
                logger.info(
                    "%d predictions, %d relaxations, %.1f s, %.1f MiB", *astuple(samples[-1])
                )
    return samples


def _predict(atoms: list[Atoms], ecn: str | Path) -> None:
    for prediction in predict(atoms[_SINGLY:], checkpoint=ecn, device="cpu"):
        assert np.isfinite(prediction.formation_energy)
    for one in atoms[:_SINGLY]:
        copy = one.copy()
        copy.calc = ECNCalculator(ecn, device="cpu")
        assert np.isfinite(copy.get_potential_energy())


def _relax(atoms: list[Atoms], empnn: str | Path) -> None:
    for one in atoms[:1]:
        LatticeRelaxer(one.copy(), checkpoint=empnn, device="cpu", logfile=None).run()
    for relaxation in relax(atoms[1:], checkpoint=empnn, device="cpu"):
        assert np.isfinite(relaxation.atoms.cell.array).all()


def _crystals(elements: frozenset[int], seed: int) -> Iterator[Atoms]:
    library = list(prototype_library(elements).values())
    rng = np.random.default_rng(seed)
    while True:
        atoms = library[rng.integers(len(library))].copy()
        strain = rng.normal(scale=0.03, size=(3, 3))
        atoms.set_cell(atoms.cell[:] @ (np.eye(3) + strain + strain.T), scale_atoms=True)
        atoms.positions += rng.normal(scale=0.05, size=atoms.positions.shape)
        try:
            as_crystal(atoms, elements)
        except CrystalError:  # two atoms met
            continue
        yield atoms


def resident_memory() -> float:
    """Resident memory of this process in MiB."""
    return int(_STATM.read_text().split()[1]) * _PAGE


def growth(samples: list[Sample]) -> float:
    """Median memory in the last fifth of a run minus that in its second fifth, in MiB."""
    fifth = max(1, len(samples) // 5)
    resident = [sample.resident for sample in samples]
    return float(np.median(resident[-fifth:]) - np.median(resident[fifth : 2 * fifth]))
