"""Predictions and relaxations of many crystals in one call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms

from ase_ecn.crystal import CrystalLike, as_crystal
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.prediction import Prediction, PropertyPredictor
from ase_ecn.relaxation import MAX_STEPS, STRAIN_TOLERANCE, LatticeNetwork


@dataclass(frozen=True)
class Relaxation:
    """A relaxed crystal.

    Attributes
    ----------
    atoms
        A copy of the input with the relaxed cell; fractional coordinates are those of the input.
    converged
        Whether the last strain was below the tolerance.
    steps
        Applications of the network.
    reason
        ``"converged"``, ``"steps"``, or ``"strain out of range"``, which leaves the input's cell.
    strain
        Norm of the strain that the network would apply next.
    """

    atoms: Atoms
    converged: bool
    steps: int
    reason: str
    strain: float


def predict(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
) -> list[Prediction]:
    """Predict the properties of many crystals.

    Parameters
    ----------
    structures
        Atoms or pymatgen structures, one or many.
    checkpoint
        Bundled name or path; ``None`` for ``"ecn-mp20"``.
    device, dtype
        As for :class:`~ase_ecn.ECNCalculator`.
    batch_size
        Crystals per pass of the network; changes speed and memory only.

    Returns
    -------
    list of Prediction
        With the bundled checkpoint each has ``formation_energy`` (eV/atom), ``band_gap`` (eV),
        ``metal_probability``, ``magnetization`` (µB/cell) and ``site_moments`` ((N,) µB).

    Raises
    ------
    CrystalError
        Naming the first structure that is not valid, by its position.
    """
    _check_batch_size(batch_size)
    predictor = PropertyPredictor(checkpoint, device=device, dtype=dtype)
    crystals = [
        _validated(k, s, predictor.card.elements) for k, s in enumerate(_as_list(structures))
    ]
    return predictor.predict(crystals, batch_size)


def relax(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    strain_tol: float = STRAIN_TOLERANCE,
    steps: int = MAX_STEPS,
) -> list[Relaxation]:
    """Relax the cells of many crystals at once; the inputs are left as they are.

    Parameters
    ----------
    structures
        Atoms or pymatgen structures, one or many.
    checkpoint
        Bundled name or path; ``None`` for ``"empnn-mp20"``.
    device, dtype, batch_size
        As for :func:`predict`.
    strain_tol, steps
        As for :meth:`LatticeRelaxer.run <ase_ecn.LatticeRelaxer.run>`.

    Returns
    -------
    list of Relaxation

    Raises
    ------
    CrystalError
        Naming the first structure that is not valid, by its position.
    """
    _check_batch_size(batch_size)
    network = LatticeNetwork(checkpoint, device=device, dtype=dtype)
    inputs = _as_list(structures)
    crystals = [_validated(k, s, network.card.elements) for k, s in enumerate(inputs)]
    options: dict[str, Any] = {} if batch_size is None else {"batch_size": batch_size}
    outcomes = network.relax(crystals, strain_tol=strain_tol, steps=steps, **options)
    results = []
    for structure, crystal, outcome in zip(inputs, crystals, outcomes, strict=True):
        atoms = structure.copy() if isinstance(structure, Atoms) else crystal.to_atoms()
        atoms.set_cell(np.asarray(atoms.cell[:]) @ outcome.deformation, scale_atoms=True)
        results.append(
            Relaxation(atoms, outcome.converged, outcome.steps, outcome.reason, outcome.strain)
        )
    return results


def _as_list(structures: CrystalLike | Iterable[CrystalLike]) -> list[Any]:
    # Atoms and Structure are iterable over their atoms, so ask for what a crystal has.
    if isinstance(structures, Atoms) or hasattr(structures, "lattice"):
        return [structures]
    return list(structures)  # type: ignore[arg-type]


def _validated(position: int, structure: CrystalLike, elements: frozenset[int]) -> Any:
    try:
        return as_crystal(structure, elements)
    except ASEECNError as error:
        raise type(error)(f"structure {position}: {error}") from None


def _check_batch_size(batch_size: int | None) -> None:
    if batch_size is not None and batch_size < 1:
        raise OptionError(f"batch_size must be at least 1, got {batch_size}")
