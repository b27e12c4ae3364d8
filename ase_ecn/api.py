"""Predictions and relaxations of many crystals in one call."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, overload

import torch
from ase import Atoms

from ase_ecn.crystal import Crystal, CrystalLike, as_crystal
from ase_ecn.errors import ASEECNError, OptionError
from ase_ecn.geometry.strain import StrainMask, allowed_strain
from ase_ecn.own_phases import PhasesLike, known_phases
from ase_ecn.prediction import Prediction, PropertyPredictor
from ase_ecn.relaxation.course import MAX_STEPS, STRAIN_TOLERANCE, check_stopping
from ase_ecn.relaxation.predictor import StrainPredictor
from ase_ecn.relaxation.result import Relaxation

OnError = Literal["raise", "return"]


def predict(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    forces: bool = True,
    phases: PhasesLike = None,
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
        Crystals per pass of the network; affects only speed and memory.
    forces
        Whether to predict forces and stress too if the checkpoint has them, which takes a few
        times as long as the energy alone.
    phases
        Phases of your own that crystals compete with, beside those of the package; see
        :func:`ase_ecn.own_phases.known_phases`.

    Returns
    -------
    list of Prediction
        With the bundled checkpoint each has ``formation_energy`` (eV/atom), ``band_gap`` (eV),
        ``metal_probability``, ``magnetization`` (µB/cell) and ``site_moments`` ((N,) µB). With a
        formation energy there are ``energy_above_hull`` (eV/atom) and ``decomposition``, and with
        its uncertainty ``stability`` and ``stability_50meV``; see
        :class:`ase_ecn.hull.HullDistance`.

    Raises
    ------
    CrystalError
        For the first invalid structure; the message gives its position.
    """
    _check_batch_size(batch_size)
    predictor = PropertyPredictor(
        checkpoint, device=device, dtype=dtype, phases=known_phases(phases)
    )
    crystals = [
        _validated(k, s, predictor.card.elements) for k, s in enumerate(_as_list(structures))
    ]
    return predictor.predict(crystals, batch_size, forces=forces)


@overload
def relax(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    strain_tol: float = STRAIN_TOLERANCE,
    steps: int = MAX_STEPS,
    mask: StrainMask | None = None,
    hydrostatic: bool = False,
    constant_volume: bool = False,
    scalar_pressure: float = 0.0,
    on_error: Literal["raise"] = "raise",
    progress: bool = False,
) -> list[Relaxation]: ...


@overload
def relax(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    strain_tol: float = STRAIN_TOLERANCE,
    steps: int = MAX_STEPS,
    mask: StrainMask | None = None,
    hydrostatic: bool = False,
    constant_volume: bool = False,
    scalar_pressure: float = 0.0,
    on_error: Literal["return"],
    progress: bool = False,
) -> list[Relaxation | ASEECNError]: ...


def relax(
    structures: CrystalLike | Iterable[CrystalLike],
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    dtype: str = "float32",
    batch_size: int | None = None,
    strain_tol: float = STRAIN_TOLERANCE,
    steps: int = MAX_STEPS,
    mask: StrainMask | None = None,
    hydrostatic: bool = False,
    constant_volume: bool = False,
    scalar_pressure: float = 0.0,
    on_error: OnError = "raise",
    progress: bool = False,
) -> list[Relaxation] | list[Relaxation | ASEECNError]:
    """Relax the cells of many crystals at once; the inputs are not changed.

    Crystals are batched by size. A batch that does not fit into memory is halved.

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
    mask, hydrostatic, constant_volume, scalar_pressure
        As for :class:`~ase_ecn.LatticeRelaxer`; the axes are those of each input.
    on_error
        ``"raise"`` the error of the first invalid structure, before anything is computed, or
        ``"return"`` each error in place of the result.
    progress
        Show a progress bar.

    Returns
    -------
    list of Relaxation
        In the order of the input.

    Raises
    ------
    CrystalError
        For the first invalid structure; the message gives its position.
    OptionError
        If an option has an invalid value.
    """
    _check_batch_size(batch_size)
    if on_error not in ("raise", "return"):
        raise OptionError(f"on_error must be 'raise' or 'return', got {on_error!r}")
    check_stopping(strain_tol, steps)
    allowed = allowed_strain(
        mask,
        hydrostatic=hydrostatic,
        constant_volume=constant_volume,
        scalar_pressure=scalar_pressure,
    )
    network = StrainPredictor(checkpoint, device=device, dtype=dtype)
    inputs = _as_list(structures)
    crystals: list[Crystal | ASEECNError] = []
    for k, structure in enumerate(inputs):
        try:
            crystals.append(_validated(k, structure, network.card.elements))
        except ASEECNError as error:
            if on_error == "raise":
                raise
            crystals.append(error)
    options: dict[str, Any] = {} if batch_size is None else {"batch_size": batch_size}
    results = iter(
        network.relax(
            [crystal for crystal in crystals if isinstance(crystal, Crystal)],
            strain_tol=strain_tol,
            steps=steps,
            allowed=allowed,
            progress=progress,
            **options,
        )
    )
    return [
        _of_input(next(results), structure) if isinstance(crystal, Crystal) else crystal
        for structure, crystal in zip(inputs, crystals, strict=True)
    ]


def _of_input(result: Relaxation, structure: CrystalLike) -> Relaxation:
    return result.of(structure) if isinstance(structure, Atoms) else result


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
