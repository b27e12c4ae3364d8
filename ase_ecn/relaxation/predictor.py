"""What an EMPNN asks for, the strain of a cell, and crystals that follow it until it is small."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.checkpoint import DEFAULT_EMPNN
from ase_ecn.crystal import Crystal
from ase_ecn.domain import lattice_domain_features
from ase_ecn.execution import own_modes
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain, log_strain
from ase_ecn.graphs.lattice import LatticeBatch, lattice_batch
from ase_ecn.loaded import LoadedNetwork
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.nn.fused_empnn import FusedEMPNN, can_fuse
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE, CellCourse
from ase_ecn.relaxation.follow import follow
from ase_ecn.relaxation.result import Relaxation


class StrainPredictor(LoadedNetwork[EMPNN]):
    """An EMPNN ready to predict strains: loads the checkpoint once.

    Parameters
    ----------
    checkpoint
        Bundled name or path; ``None`` for ``"empnn-mp20"``.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    dtype
        ``"float32"`` or ``"float64"`` for the network; cells are float64 in any case.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used.
    OptionError
        If the device or dtype does not exist.
    """

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
    ) -> None:
        super().__init__(checkpoint or DEFAULT_EMPNN, EMPNN, device, dtype)

    def log_strains(
        self, crystals: Sequence[Crystal], graphs: LatticeBatch | None = None
    ) -> NDArray[np.float64]:
        """Predicted logarithmic strains (eq. 10a, all layers together).

        Parameters
        ----------
        crystals
            B crystals in their current cells.
        graphs
            Graphs of these crystals, if already available.

        Returns
        -------
        strains
            (B, 3, 3) symmetric ``S``; the deformed cell is ``cell @ exp(S)`` up to a rotation.
        """
        graphs = self.graphs(crystals) if graphs is None else graphs
        with own_modes(self.device), torch.inference_mode():
            final = self._run(graphs).double().cpu().numpy()
        start = graphs.cells.double().cpu().numpy()
        deformation = np.linalg.solve(start, final)
        # A product of symmetric strains may hold a rotation, which the logarithm drops.
        strains = np.full_like(deformation, np.nan)
        finite = np.isfinite(deformation).all(axis=(1, 2))
        strains[finite] = log_strain(deformation[finite])
        return strains

    def _run(self, graphs: LatticeBatch) -> torch.Tensor:
        """Final cells (B, 3, 3) by the quickest way."""
        if self._fused is not None and self._fused.fits(graphs):
            return self._fused(graphs)
        cells: torch.Tensor = self.model(graphs)[-1]
        return cells

    @cached_property
    def _fused(self) -> FusedEMPNN | None:
        return FusedEMPNN(self.model) if can_fuse(self.model) else None

    def graphs(self, crystals: Sequence[Crystal]) -> LatticeBatch:
        """What the network sees of crystals: their neighbours, as tensors on its device."""
        neighbors = self.model.config.neighbors
        with own_modes(self.device):
            return lattice_batch(crystals, neighbors, device=self.device, dtype=self.dtype)

    def out_of_domain(
        self, crystals: Sequence[Crystal], graphs: LatticeBatch | None = None
    ) -> list[tuple[str, ...]]:
        """Say what is unusual about each crystal as an input, see :mod:`ase_ecn.domain`.

        The lattice vectors of the crystals should be reduced. ``graphs`` are those of the crystals,
        if they are there already.
        """
        if not crystals or not self.domain.ranges:
            return [self.domain.outside(crystal.numbers, {}) for crystal in crystals]
        found = lattice_domain_features(
            self.graphs(crystals) if graphs is None else graphs, crystals
        )
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
    ) -> list[Relaxation]:
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
        courses = [
            CellCourse(c.primitive.crystal, strain_tol=strain_tol, steps=steps, allowed=allowed)
            for c in crystals
        ]
        follow(courses, self._answers, batch_size=batch_size, progress=progress)
        return [
            relaxation_of(course, crystal)
            for course, crystal in zip(courses, crystals, strict=True)
        ]

    def _answers(self, courses: Sequence[CellCourse]) -> list[NDArray[np.float64]]:
        """Strains for courses; of those that begin, also what is unusual about their crystals."""
        crystals = [course.crystal for course in courses]
        graphs = self.graphs(crystals)
        strains = self.log_strains(crystals, graphs)
        if any(not course.strains for course in courses):
            for course, unusual in zip(courses, self.out_of_domain(crystals, graphs), strict=True):
                if not course.strains:
                    course.out_of_domain = unusual
        return list(strains)


def relaxation_of(course: CellCourse, crystal: Crystal) -> Relaxation:
    """Result of a course that has stopped, for the crystal that was to be relaxed."""
    assert course.reason is not None
    return Relaxation(
        atoms=crystal.with_cell(crystal.cell @ course.deformation).to_atoms(),
        converged=course.converged,
        steps=course.steps,
        reason=course.reason,
        strain=course.strain,
        strain_spread=course.strain_spread,
        out_of_domain=course.out_of_domain,
        deformation=course.deformation,
    )
