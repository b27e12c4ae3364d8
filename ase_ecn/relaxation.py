"""From validated crystals to relaxed cells, with a loaded EMPNN."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ase_ecn.checkpoint import (
    DEFAULT_EMPNN,
    Card,
    resolve_device,
    resolve_dtype,
    shared_checkpoint,
)
from ase_ecn.crystal import Crystal
from ase_ecn.domain import Domain, lattice_domain_features
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain, log_strain
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.memory import is_out_of_memory
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.stopping import (
    CONVERGED,
    OSCILLATING,
    OUT_OF_RANGE,
    STEPS,
    reliable_part,
    smallest,
    stop_reason,
    strain_spread,
)

logger = logging.getLogger(__name__)

STRAIN_TOLERANCE = 0.02
"""Default norm of the strain of one step below which the next step is the last."""
MAX_STEPS = 10
"""Default number of steps of one relaxation."""
OUT_OF_MEMORY = "out of memory"
"""Reason of a crystal that does not fit into memory; it leaves the cell as it was at the start."""

_BATCH_LOAD = 4096


@dataclass(frozen=True)
class CellRelaxation:
    """Outcome for one crystal.

    Attributes
    ----------
    deformation
        (3, 3) with ``relaxed cell = input cell @ deformation``; also takes Cartesian positions.
    converged
        Whether the last step was below the tolerance.
    steps
        Applications of the network that changed the cell.
    strain
        Norm of the last strain that the network asked for; if converged, that of the last step
        before it was reduced to its reliable part.
    reason
        ``"converged"``, ``"steps"``, ``"oscillating"``: strains no longer shrink, and the cell with
        the smallest is taken; ``"strain out of range"`` or ``"out of memory"``: then the
        deformation is the identity, for a cell that runs away is worse than one that is not
        relaxed.
    strain_spread
        How far the last steps disagree, see :func:`strain_spread`; NaN without any strain.
    out_of_domain
        What is unusual about the input for the network, a phrase for each thing.
    """

    deformation: NDArray[np.float64]
    converged: bool
    steps: int
    strain: float
    reason: str
    strain_spread: float = float("nan")
    out_of_domain: tuple[str, ...] = ()


class LatticeNetwork:
    """An EMPNN ready to deform lattices: loads the checkpoint once.

    Parameters
    ----------
    checkpoint
        Bundled name or path; ``None`` for ``"empnn-mp20"``.
    device
        ``None`` for CUDA where there is one, else the CPU.
    dtype
        ``"float32"`` or ``"float64"`` for the network; cells are float64 in any case.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    OptionError
        If there is no such device or dtype.
    """

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
    ) -> None:
        self.device = resolve_device(device)
        self.dtype = resolve_dtype(dtype)
        loaded = shared_checkpoint(checkpoint or DEFAULT_EMPNN, EMPNN, self.device, self.dtype)
        self.card: Card = loaded.card
        self.domain = Domain.from_card(self.card.content)
        self.model = loaded.model

    def log_strains(
        self, crystals: Sequence[Crystal], cells: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Logarithmic strains that the network wants to apply (eq. 10a, all layers together).

        Parameters
        ----------
        crystals
            B crystals; their fractional coordinates are used.
        cells
            (B, 3, 3) current lattices in Å, rows.

        Returns
        -------
        strains
            (B, 3, 3) symmetric ``S``; the deformed cell is ``cell @ exp(S)`` up to a rotation.
        """
        batch = lattice_batch(
            crystals,
            self.model.config.neighbors,
            cells=torch.as_tensor(cells),
            device=self.device,
            dtype=self.dtype,
        )
        with torch.inference_mode():
            final = self.model(batch)[-1].double().cpu().numpy()
        start = batch.cells.double().cpu().numpy()
        deformation = np.linalg.solve(start, final)
        # A product of symmetric strains may hold a rotation, which the logarithm drops.
        strains = np.full_like(deformation, np.nan)
        finite = np.isfinite(deformation).all(axis=(1, 2))
        strains[finite] = log_strain(deformation[finite])
        return strains

    def out_of_domain(self, crystals: Sequence[Crystal]) -> list[tuple[str, ...]]:
        """Say what is unusual about each crystal as an input, see :mod:`ase_ecn.domain`.

        The lattice vectors of the crystals should be reduced.
        """
        if not crystals or not self.domain.ranges:
            return [self.domain.outside(crystal.numbers, {}) for crystal in crystals]
        batch = lattice_batch(crystals, self.model.config.neighbors)
        found = lattice_domain_features(batch, crystals)
        return [
            self.domain.outside(crystal.numbers, {name: v[k] for name, v in found.items()})
            for k, crystal in enumerate(crystals)
        ]

    def relax(
        self,
        crystals: Sequence[Crystal],
        *,
        strain_tol: float = STRAIN_TOLERANCE,
        steps: int = MAX_STEPS,
        batch_size: int = 128,
        allowed: AllowedStrain = ANY_STRAIN,
        progress: bool = False,
    ) -> list[CellRelaxation]:
        """Apply the network to each crystal until its strain is below the tolerance.

        Parameters
        ----------
        crystals
            Any number. Crystals that have stopped leave the batch.
        strain_tol
            Frobenius norm of the logarithmic strain of one step.
        steps
            Largest number of steps.
        batch_size
            Largest number of crystals per pass of the network, fewer if they are large or if
            memory runs out; changes nothing but speed and memory.
        allowed
            Strains that may be applied.
        progress
            Show a progress bar.
        """
        # A deformation of the primitive cell is that of every cell of the same crystal.
        crystals = [crystal.primitive.crystal for crystal in crystals]
        courses = [_Course(crystal, allowed) for crystal in crystals]
        packing = _Packing(batch_size)
        active = courses
        with tqdm(total=len(courses), disable=not progress, unit=" crystals") as bar:
            for step in range(steps + 1):
                for batch in packing.batches(active):
                    self._step(batch, packing, strain_tol, step == steps)
                    bar.update(sum(course.reason is not None for course in batch))
                active = [course for course in active if course.reason is None]
        return [course.outcome() for course in courses]

    def _step(
        self, batch: Sequence[_Course], packing: _Packing, strain_tol: float, last: bool
    ) -> None:
        """Move each crystal by one step or stop it; in halves if memory runs out."""
        try:
            strains = self.log_strains(
                [course.crystal for course in batch],
                np.stack([course.crystal.cell @ course.deformation for course in batch]),
            )
            starting = [course for course in batch if not course.strains]
            unusual = self.out_of_domain([course.crystal for course in starting])
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            strains = None
        # Outside of the handler, which holds the failed pass's tensors by its traceback.
        if strains is not None:
            for course, phrases in zip(starting, unusual, strict=True):
                course.out_of_domain = phrases
            for course, strain in zip(batch, strains, strict=True):
                course.follow(strain, strain_tol, last)
            return
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(batch) == 1:
            logger.warning("a crystal of %d atoms does not fit into memory", len(batch[0].crystal))
            batch[0].reason = OUT_OF_MEMORY
            return
        packing.shrink(batch)
        half = len(batch) // 2
        self._step(batch[:half], packing, strain_tol, last)
        self._step(batch[half:], packing, strain_tol, last)


@dataclass(eq=False)
class _Course:
    """One crystal on its way: where it is, where it was, and why it stopped."""

    crystal: Crystal
    allowed: AllowedStrain
    deformations: list[NDArray[np.float64]] = field(default_factory=lambda: [np.eye(3)])
    strains: list[NDArray[np.float64]] = field(default_factory=list)
    reason: str | None = None
    out_of_domain: tuple[str, ...] = ()

    @property
    def deformation(self) -> NDArray[np.float64]:
        """(3, 3) deformation since the start."""
        return self.deformations[-1]

    def follow(self, strain: NDArray[np.float64], tolerance: float, last: bool) -> None:
        """Apply the (3, 3) strain or, in the end, its reliable part or none of it."""
        self.strains.append(self.allowed.project(strain))
        self.reason = stop_reason(self.strains, self.deformation, tolerance)
        if self.reason is None and last:
            self.reason = STEPS
        if self.reason == CONVERGED:
            strain = reliable_part(self.strains[-1])
        if self.reason in (None, CONVERGED) and not last:
            self.deformations.append(self.allowed.advance(self.deformation, strain))

    def outcome(self) -> CellRelaxation:
        """Result of a course that has stopped."""
        assert self.reason is not None
        taken = smallest(self.strains) if self.reason == OSCILLATING else -1
        given_up = self.reason in (OUT_OF_RANGE, OUT_OF_MEMORY)
        return CellRelaxation(
            deformation=np.eye(3) if given_up else self.deformations[taken],
            converged=self.reason == CONVERGED,
            steps=len(self.deformations) - 1,
            strain=float(np.linalg.norm(self.strains[taken])) if self.strains else float("nan"),
            reason=self.reason,
            strain_spread=strain_spread(self.strains),
            out_of_domain=self.out_of_domain,
        )


class _Packing:
    """Sorts crystals into batches of similar memory, which grows with the number of atoms."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self.limit = float(_BATCH_LOAD)

    def shrink(self, batch: Sequence[_Course]) -> None:
        """Half of this batch is the most to try from now on."""
        self.limit = min(self.limit, sum(map(_load, batch)) / 2)

    def batches(self, courses: Sequence[_Course]) -> Iterator[list[_Course]]:
        """Small crystals first, so that a large one meets only its like."""
        batch: list[_Course] = []
        load = 0.0
        for course in sorted(courses, key=_load):
            if batch and (len(batch) == self.batch_size or load + _load(course) > self.limit):
                yield batch
                batch, load = [], 0.0
            batch.append(course)
            load += _load(course)
        if batch:
            yield batch


def _load(course: _Course) -> int:
    return len(course.crystal)
