"""What an EMPNN asks for, and crystals that follow it until it is small."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from ase import Atoms
from numpy.typing import NDArray

from ase_ecn.checkpoint import DEFAULT_EMPNN, DEFAULT_MOVING_EMPNN
from ase_ecn.crystal import Crystal
from ase_ecn.domain import lattice_domain_features
from ase_ecn.errors import CheckpointError
from ase_ecn.execution import own_modes
from ase_ecn.geometry.strain import ANY_STRAIN, AllowedStrain, log_strain
from ase_ecn.graphs.lattice import LatticeBatch, lattice_batch
from ase_ecn.loaded import LoadedNetwork
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.nn.fused_empnn import FusedEMPNN, can_fuse
from ase_ecn.nn.lattice_pass.compiled_empnn import CompiledEMPNN, can_compile
from ase_ecn.relaxation.cells_on_device import Limits, strains_until_stopped
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE, CellCourse
from ase_ecn.relaxation.follow import follow, lead
from ase_ecn.relaxation.held import NOTHING_HELD, Held
from ase_ecn.relaxation.moves_course import Move, MovesCourse
from ase_ecn.relaxation.result import Relaxation, deformed


class StrainPredictor(LoadedNetwork[EMPNN]):
    """An EMPNN ready to predict strains: loads the checkpoint once.

    Parameters
    ----------
    checkpoint
        Bundled name or path; ``None`` for ``"empnn-mp20"``, or ``"empnn-mp20-atoms"`` to move
        atoms.
    device
        ``None`` for CUDA if available, otherwise the CPU.
    dtype
        ``"float32"`` or ``"float64"`` for the network; cells are float64 in any case.
    positions
        Whether it is wanted to move atoms, too.

    Raises
    ------
    CheckpointError
        If the checkpoint cannot be used, or does not move atoms as is wanted.
    OptionError
        If the device or dtype does not exist.
    """

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        positions: bool = False,
    ) -> None:
        default = DEFAULT_MOVING_EMPNN if positions else DEFAULT_EMPNN
        super().__init__(checkpoint or default, EMPNN, device, dtype)
        if positions:
            self.check_moves()

    def check_moves(self) -> None:
        """Refuse a network that does not move atoms.

        Raises
        ------
        CheckpointError
            If it does not.
        """
        if not self.model.config.positions:
            raise CheckpointError(
                f"{self.card.name} relaxes cells only, it moves no atoms: with positions=True, use "
                f"a checkpoint that does, such as {DEFAULT_MOVING_EMPNN}"
            )

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
            final = self._run(graphs)
        return self._strains(graphs, final)

    def moves(self, crystals: Sequence[Crystal], graphs: LatticeBatch | None = None) -> list[Move]:
        """Predicted strains and displacements of atoms, all layers together (eq. 2).

        Parameters
        ----------
        crystals
            B crystals as they are.
        graphs
            Graphs of these crystals, if already available.

        Raises
        ------
        CheckpointError
            If the network does not move atoms.
        """
        self.check_moves()
        graphs = self.graphs(crystals) if graphs is None else graphs
        with own_modes(self.device), torch.inference_mode():
            final, shift = self.model.steps(graphs)[-1]
        assert shift is not None
        ends = np.cumsum([len(crystal) for crystal in crystals])[:-1]
        shifts = np.split(shift.double().cpu().numpy(), ends)
        return [Move(*move) for move in zip(self._strains(graphs, final), shifts, strict=True)]

    def _strains(self, graphs: LatticeBatch, cells: torch.Tensor) -> NDArray[np.float64]:
        """(B, 3, 3) logarithms of what leads from the cells of the graphs to others."""
        start, final = (one.double().cpu().numpy() for one in (graphs.cells, cells))
        deformation = np.linalg.solve(start, final)
        # A product of symmetric strains may hold a rotation, which the logarithm drops.
        strains = np.full_like(deformation, np.nan)
        finite = np.isfinite(deformation).all(axis=(1, 2))
        strains[finite] = log_strain(deformation[finite])
        return strains

    def _run(self, graphs: LatticeBatch) -> torch.Tensor:
        """Final cells (B, 3, 3) by the quickest way."""
        if self._compiled is not None:
            return self._compiled(graphs)
        if self._fused is not None and self._fused.fits(graphs):
            return self._fused(graphs)
        cells: torch.Tensor = self.model(graphs)[-1]
        return cells

    @cached_property
    def _compiled(self) -> CompiledEMPNN | None:
        return CompiledEMPNN(self.model) if can_compile(self.model) else None

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
        positions: bool = False,
        held: Sequence[Held] | None = None,
        inputs: Sequence[Atoms | None] | None = None,
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
        positions
            Move atoms, too.
        held
            With ``positions``, what has to stay as it is, of each crystal.
        inputs
            The atoms that crystals were made of; results are copies of these.

        Raises
        ------
        CheckpointError
            If atoms are to be moved, and the network moves none.
        """
        follow_all = partial(
            follow, batch_size=batch_size, progress=progress, threaded=self.device.type == "cpu"
        )
        if positions:
            self.check_moves()
            moving = [
                MovesCourse(c, one, strain_tol=strain_tol, steps=steps, allowed=allowed)
                for c, one in zip(crystals, held or [NOTHING_HELD] * len(crystals), strict=True)
            ]
            follow_all(moving, self.answer_moves)
            return _relaxations(moving, crystals, inputs)
        courses = [
            CellCourse(c.primitive.crystal, strain_tol=strain_tol, steps=steps, allowed=allowed)
            for c in crystals
        ]
        rest = courses
        if self.relaxes_on_device:
            ask = partial(self._all_strains, Limits(strain_tol, steps, allowed))
            rest = lead(courses, ask, batch_size=batch_size, progress=progress)
        follow_all(rest, self._answer_strains)
        return _relaxations(courses, crystals, inputs)

    @property
    def relaxes_on_device(self) -> bool:
        """Whether cells take all of their steps on the device before anything comes back.

        On a processor, where neighbours are found in C, that gains nothing.
        """
        return self.device.type != "cpu"

    def _all_strains(
        self, limits: Limits, courses: Sequence[CellCourse]
    ) -> list[list[NDArray[np.float64]]]:
        crystals = [course.crystal for course in courses]
        self._note_domain(courses, crystals, self.graphs(crystals))
        neighbors = self.model.config.neighbors
        with own_modes(self.device), torch.inference_mode():
            return strains_until_stopped(
                crystals, self._run, neighbors, limits, self.device, self.dtype
            )

    def answer_moves(self, courses: Sequence[MovesCourse]) -> list[Move]:
        """Moves for courses; of those that begin, also what is unusual about their crystals."""
        crystals = [course.crystal for course in courses]
        graphs = self.graphs(crystals)
        self._note_domain(courses, crystals, graphs)
        return self.moves(crystals, graphs)

    def _answer_strains(self, courses: Sequence[CellCourse]) -> list[NDArray[np.float64]]:
        crystals = [course.crystal for course in courses]
        graphs = self.graphs(crystals)
        self._note_domain(courses, crystals, graphs)
        return list(self.log_strains(crystals, graphs))

    def _note_domain(
        self,
        courses: Sequence[CellCourse | MovesCourse],
        crystals: Sequence[Crystal],
        graphs: LatticeBatch,
    ) -> None:
        if all(course.strains for course in courses):
            return
        for course, unusual in zip(courses, self.out_of_domain(crystals, graphs), strict=True):
            if not course.strains:
                course.out_of_domain = unusual


def _relaxations(
    courses: Sequence[CellCourse | MovesCourse],
    crystals: Sequence[Crystal],
    inputs: Sequence[Atoms | None] | None,
) -> list[Relaxation]:
    of = zip(courses, crystals, inputs or [None] * len(crystals), strict=True)
    return [relaxation_of(*one) for one in of]


def relaxation_of(
    course: CellCourse | MovesCourse, crystal: Crystal, atoms: Atoms | None = None
) -> Relaxation:
    """Result of a course that has stopped, for the crystal that was to be relaxed.

    ``atoms`` are what it was made of, and the result is a copy of them.
    """
    assert course.reason is not None
    deformation = course.deformation
    displacements = course.displacements if isinstance(course, MovesCourse) else None
    return Relaxation(
        atoms=deformed(crystal.to_atoms() if atoms is None else atoms, deformation, displacements),
        converged=course.converged,
        steps=course.steps,
        reason=course.reason,
        strain=course.strain,
        strain_spread=course.strain_spread,
        out_of_domain=course.out_of_domain,
        deformation=deformation,
        displacements=displacements,
    )
