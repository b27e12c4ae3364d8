"""From validated crystals to relaxed cells, with a loaded EMPNN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ase_ecn.checkpoint import (
    DEFAULT_EMPNN,
    Card,
    load_checkpoint,
    resolve_device,
    resolve_dtype,
)
from ase_ecn.crystal import Crystal
from ase_ecn.graphs.lattice import lattice_batch
from ase_ecn.nn.empnn import EMPNN
from ase_ecn.symmetry.primitive import to_primitive

STRAIN_TOLERANCE = 0.005
"""Default norm of the strain of one step below which a cell counts as relaxed."""
MAX_STEPS = 10
"""Default number of steps of one relaxation."""
MAX_TOTAL_STRAIN = 1.0
"""Norm of the logarithmic strain from the start beyond which a relaxation is given up."""
OUT_OF_RANGE = "strain out of range"
"""Reason of a relaxation that was given up; it leaves the cell as it was at the start."""


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
        Norm of the strain of the last step that was computed.
    reason
        ``"converged"``, ``"steps"``, or ``"strain out of range"``: then the deformation is the
        identity, for a cell that runs away is worse than one that is not relaxed.
    """

    deformation: NDArray[np.float64]
    converged: bool
    steps: int
    strain: float
    reason: str


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
        loaded = load_checkpoint(checkpoint or DEFAULT_EMPNN, network="empnn")
        self.card: Card = loaded.card
        assert isinstance(loaded.model, EMPNN)
        self.model = loaded.model.to(device=self.device, dtype=self.dtype)

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
        # A product of symmetric strains may hold a rotation: D D^T = exp(2 S) drops it.
        values, vectors = np.linalg.eigh(deformation @ deformation.transpose(0, 2, 1))
        logarithms = 0.5 * np.log(values)
        return np.asarray((vectors * logarithms[:, None, :]) @ vectors.transpose(0, 2, 1))

    def relax(
        self,
        crystals: Sequence[Crystal],
        *,
        strain_tol: float = STRAIN_TOLERANCE,
        steps: int = MAX_STEPS,
        batch_size: int = 128,
    ) -> list[CellRelaxation]:
        """Apply the network to each crystal until its strain is below the tolerance.

        Parameters
        ----------
        crystals
            Any number. Crystals that have converged leave the batch.
        strain_tol
            Frobenius norm of the logarithmic strain of one step.
        steps
            Largest number of steps.
        batch_size
            Crystals per pass of the network; changes nothing but speed and memory.
        """
        # A deformation of the primitive cell is that of every cell of the same crystal.
        crystals = [to_primitive(crystal).crystal for crystal in crystals]
        results: list[CellRelaxation | None] = [None] * len(crystals)
        total = np.tile(np.eye(3), (len(crystals), 1, 1))
        active = list(range(len(crystals)))
        for step in range(steps + 1):
            if not active:
                break
            strains = self._batched_strains(crystals, total, active, batch_size)
            norms = np.linalg.norm(strains, axis=(1, 2))
            remaining = []
            for k, strain, norm in zip(active, strains, norms, strict=True):
                reason = _stop_reason(total[k], norm, strain_tol, step == steps)
                if reason is None:
                    total[k] = total[k] @ exp_symmetric(strain)
                    remaining.append(k)
                else:
                    results[k] = _outcome(total[k], step, float(norm), reason)
            active = remaining
        return [result for result in results if result is not None]

    def _batched_strains(
        self,
        crystals: Sequence[Crystal],
        deformations: NDArray[np.float64],
        active: Sequence[int],
        batch_size: int,
    ) -> NDArray[np.float64]:
        parts = []
        for start in range(0, len(active), batch_size):
            members = active[start : start + batch_size]
            cells = np.stack([crystals[k].cell @ deformations[k] for k in members])
            parts.append(self.log_strains([crystals[k] for k in members], cells))
        return np.concatenate(parts)


def exp_symmetric(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix exponential of a symmetric (3, 3) matrix."""
    values, vectors = np.linalg.eigh(strain)
    return np.asarray((vectors * np.exp(values)) @ vectors.T)


def total_log_strain(deformation: NDArray[np.float64]) -> float:
    """Frobenius norm of the logarithmic strain of a (3, 3) deformation."""
    values = np.linalg.eigvalsh(deformation @ deformation.T)
    return float(np.linalg.norm(0.5 * np.log(values)))


def _outcome(
    deformation: NDArray[np.float64], steps: int, norm: float, reason: str
) -> CellRelaxation:
    if reason == OUT_OF_RANGE:
        deformation = np.eye(3)
    return CellRelaxation(deformation, reason == "converged", steps, norm, reason)


def _stop_reason(
    deformation: NDArray[np.float64], norm: float, tolerance: float, last: bool
) -> str | None:
    if norm < tolerance:
        return "converged"
    if total_log_strain(deformation) > MAX_TOTAL_STRAIN:
        return OUT_OF_RANGE
    return "steps" if last else None
